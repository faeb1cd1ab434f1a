"""A webhook's state in the worker that serves it: what it has read, and what to send next."""

import asyncio
import datetime
import time
from collections import deque
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import orjson
from django.utils import timezone

from accounts import keys
from feed.attempts import AttemptLog
from feed.entries import Entry
from feed.models import Delivery, Webhook
from feed.pages import Pages
from feed.positions import Filter, Position
from feed.signing import message_id, signed_headers
from traitly.input.values import unix_seconds

# How long entries read ahead are kept; then they are read again, without those deleted meanwhile
_KEPT_SECONDS = 10.0


_decrypted = lru_cache(1000)(keys.decrypt)  # each request is signed


class Message(NamedTuple):
    """A request to send, and the webhook's position afterwards."""

    id: str
    body: bytes
    entries: int
    end: Position
    rewinds: int


class Hook:
    """Everything except the sending."""

    def __init__(self, row: Webhook, due: list[Delivery]) -> None:
        self.stopped = False
        self.wakeup = asyncio.Event()
        self.log = AttemptLog()
        self._read(row, due)

    def _read(self, row: Webhook, due: list[Delivery]) -> None:
        self.row = row
        self._only = Filter(frozenset(row.types), frozenset(row.names))
        self._entries: deque[Entry] = deque()
        self._read_at = 0.0
        self.read_to = self._position = Position.of(row.position)
        self._take(due)

    def _take(self, due: list[Delivery]) -> None:
        self.pending = next((each for each in due if each.set_aside_at is None), None)
        self._resend = [each for each in due if each.set_aside_at]
        if self.pending:
            self._skip_pending(self.pending)

    def _skip_pending(self, pending: Delivery) -> None:
        """Continue reading after the pending delivery."""
        end = Position.of(pending.end)
        if end > self._position:
            self._entries.clear()
            self.read_to = self._position = end

    def _signing_keys(self) -> list[str]:
        found = [_decrypted(bytes(self.row.secret))]
        ends_at = self.row.earlier_secret_ends_at
        if self.row.earlier_secret and ends_at and ends_at > timezone.now():
            found.append(_decrypted(bytes(self.row.earlier_secret)))
        return found

    def refresh(self, row: Webhook, due: list[Delivery]) -> None:
        """Apply changes: settings, a rewind, a requested test, or deliveries set aside to send again."""
        if (row.rewinds, row.types, row.names, row.enabled) != (
            self.row.rewinds,
            self.row.types,
            self.row.names,
            self.row.enabled,
        ):
            # With other filters, entries read ahead are the wrong ones, so they are read again.
            position, same = self._position, row.rewinds == self.row.rewinds
            self._read(row, due)
            if same and position > self._position:
                self.read_to = self._position = position
            self.wakeup.set()
            return
        test_requested = (
            row.test_requested_at and row.test_requested_at != self.row.test_requested_at
        )
        self.row = row
        self._resend = [each for each in due if each.set_aside_at]
        if test_requested or self._resend:
            self.wakeup.set()

    def stop(self) -> None:
        """Stop serving it: another worker does, or nobody should."""
        self.stopped = True
        self.wakeup.set()

    async def wait(self, seconds: float) -> None:
        """Wait until there may be something to do."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wakeup.wait(), seconds)

    def due(self, now: datetime.datetime) -> Delivery | None:
        """The delivery to retry now."""
        for each in (*self._resend, *([self.pending] if self.pending else [])):
            if each.next_attempt_at and each.next_attempt_at <= now:
                return each
        return None

    async def next_message(self, pages: Pages) -> Message | None:
        """The next entries, as many as fit into a request; None if there are none."""
        rewinds = self.row.rewinds
        if self._entries and time.monotonic() > self._read_at + _KEPT_SECONDS:
            self._entries.clear()
            self.read_to = self._position
        while len(self._entries) < self.row.batch:
            page = await pages.read(self.row.account_id, self._only, self.read_to)
            if rewinds != self.row.rewinds:
                return None  # rewound meanwhile: what was read is not next any more
            if not self._entries:
                self._read_at = time.monotonic()
            self._entries.extend(page.entries)
            self.read_to = page.end
            if not page.more:
                break
        if not self._entries:
            return None
        entries = [self._entries.popleft() for _ in range(min(self.row.batch, len(self._entries)))]
        first, last = entries[0].position, entries[-1].position
        return Message(
            message_id(self.row.pk, rewinds, first.cursor, last.cursor),
            self._body(entries),
            len(entries),
            last,
            rewinds,
        )

    def _body(self, entries: list[Entry]) -> bytes:
        if self.row.batch == 1:
            return entries[0].text
        timestamp = unix_seconds(entries[-1].position.at).encode()
        data = b",".join(entry.text for entry in entries)
        return b'{"type":"batch","timestamp":"%b","data":[%b]}' % (timestamp, data)

    def test_message(self) -> tuple[bytes, str]:
        """The body of a test message, in the shape of the others, and its id."""
        now = unix_seconds(timezone.now())
        entry = {"type": "test", "timestamp": now, "data": {}}
        body = (
            entry if self.row.batch == 1 else {"type": "batch", "timestamp": now, "data": [entry]}
        )
        return orjson.dumps(body), message_id(self.row.pk, "test", self.row.test_requested_at)

    def headers(self, identifier: str, body: bytes) -> dict[str, str]:
        """The headers of a request that is sent now."""
        return signed_headers(
            identifier=identifier, timestamp=int(time.time()), body=body, keys=self._signing_keys()
        )

    def moved_away(self, message: Message) -> bool:
        """Whether the webhook was rewound since the message was made."""
        return message.rewinds != self.row.rewinds

    def delivered(self, message: Message) -> None:
        """The message was accepted, or has become a delivery."""
        self._position = message.end
        if self.read_to < message.end:  # other filters were set while it was sent
            self.read_to = message.end
            self._entries.clear()

    def left(self, delivery: Delivery) -> bool:
        """Whether a rewind has discarded it while it was sent."""
        return delivery is not self.pending and delivery not in self._resend

    def failed(self, delivery: Delivery, row: Webhook) -> None:
        """The delivery will be retried, or was set aside."""
        self.row.enabled, self.row.failing_since = row.enabled, row.failing_since
        if delivery.set_aside_at:
            self.forget(delivery)
        else:
            self.pending = delivery

    def forget(self, delivery: Delivery) -> None:
        """The delivery is finished."""
        if self.pending is not None and self.pending.pk == delivery.pk:
            self.pending = None
        self._resend = [each for each in self._resend if each.pk != delivery.pk]
