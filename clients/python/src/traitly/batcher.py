"""Sending in the background: a bounded queue and one thread."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, NamedTuple

from traitly import _forks
from traitly._backoff import wait_before
from traitly._batches import read_result
from traitly._protocol import Request, Settings, post_many
from traitly._sync.transport import Transport
from traitly._values import UNSET, Amount, Time, Unset, fields, to_json
from traitly.errors import (
    PayloadTooLargeError,
    QueueFullError,
    RejectedError,
    TraitlyError,
    UndeliveredError,
)
from traitly.ids import new_id
from traitly.results import BatchResult

logger = logging.getLogger("traitly")

MEBIBYTE = 1024 * 1024
REQUEST_BYTES = 4 * MEBIBYTE
FORK_TIMEOUT = 5.0
FOREVER = float("inf")

OnError = Callable[[Sequence[Mapping[str, Any]], TraitlyError], None]


class Stats(NamedTuple):
    """How a batcher is doing."""

    #: Waiting, or being sent.
    pending: int
    delivered: int
    #: Refused by the server, or given up at the end; ``on_error`` was told.
    failed: int


class _Lane:
    """The items for one endpoint, in order. ``items`` are there until they are done with: a crash of a request loses none."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.items: deque[bytes] = deque()
        self.oldest = FOREVER  # when the first of the items was put in
        self.put = 0  # how many ever
        self.done = 0  # how many of them are dealt with


class Batcher:
    """Made by ``Traitly.batcher``, where its arguments are described. Safe to use from any thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        max_items: int,
        max_bytes: int,
        batch_size: int,
        interval: float,
        max_block: float,
        exit_timeout: float,
        on_error: OnError | None,
    ) -> None:
        self._transport = Transport(settings)
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._batch_size = batch_size
        self._interval = interval
        self._max_block = max_block
        self._on_error = on_error or _log
        self._closed = False
        self.exit_timeout = exit_timeout
        self._reset()
        _forks.watch(self)
        _open.add(self)

    def _reset(self) -> None:
        """An empty queue and no thread: how it begins, and again in a forked child."""
        self._changed = threading.Condition()
        self._lanes = {"event": _Lane("/event"), "customer": _Lane("/customer")}
        self._bytes = 0
        self._delivered = self._failed = 0
        self._flushing = 0  # how many wait for the queue to be sent at once
        self._deadline = FOREVER  # of attempts, once it is closing
        self._thread: threading.Thread | None = None

    # What callers use

    def send(
        self,
        *,
        customer_id: str | int,
        name: str,
        created_at: Time | Unset = UNSET,
        id: str | None = None,
        custom_attributes: Mapping[str, Any] | Unset = UNSET,
    ) -> None:
        """Queue an event; the arguments are those of ``events.send``. ``created_at`` is now, not when it is sent.

        Raises QueueFullError if there was no room for ``max_block`` seconds, ValueError or
        TypeError for what JSON cannot say.
        """
        self.put(
            "event",
            event_item(customer_id, name, created_at, id, custom_attributes),
            self._max_block,
        )

    def upsert(
        self,
        *,
        customer_id: str | int,
        name: str,
        email: str,
        plan: str,
        created_at: Time | Unset = UNSET,
        monthly_payment_amount: Amount | Unset = UNSET,
        location: str | Unset | None = UNSET,
        phone_number: str | Unset | None = UNSET,
        organisation_id: str | Unset | None = UNSET,
        custom_attributes: Mapping[str, Any] | Unset = UNSET,
    ) -> None:
        """Queue a customer; the arguments are those of ``customers.upsert``.

        Raises QueueFullError if there was no room for ``max_block`` seconds, ValueError or
        TypeError for what JSON cannot say.
        """
        item = fields(
            customer_id=customer_id,
            name=name,
            email=email,
            plan=plan,
            created_at=created_at,
            monthly_payment_amount=monthly_payment_amount,
            location=location,
            phone_number=phone_number,
            organisation_id=organisation_id,
            custom_attributes=custom_attributes,
        )
        self.put("customer", to_json(item), self._max_block)

    def flush(self, timeout: float = 30.0) -> None:
        """Send what is queued now, and return when it is delivered or refused.

        Raises UndeliveredError after ``timeout`` seconds; the rest is still queued.
        """
        with self._changed:
            until = {lane.path: lane.put for lane in self._lanes.values()}
            self._flushing += 1
            self._changed.notify_all()
            done = self._changed.wait_for(
                lambda: all(lane.done >= until[lane.path] for lane in self._lanes.values()), timeout
            )
            self._flushing -= 1
            pending = self._pending()
        if not done:
            raise UndeliveredError(pending)

    def close(self, timeout: float = 30.0) -> None:
        """Send what is queued and end the thread. More items are refused from now on; closing twice is fine.

        Raises UndeliveredError after ``timeout`` seconds; ``on_error`` has been given the rest.
        """
        left = self._stop(timeout)
        self._transport.close()
        if left:
            raise UndeliveredError(left)

    @property
    def stats(self) -> Stats:
        """How many items are pending, delivered and failed."""
        with self._changed:
            return Stats(self._pending(), self._delivered, self._failed)

    def __enter__(self) -> Batcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def put(self, kind: str, item: bytes, max_block: float) -> None:
        """Queue an item that is JSON already."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(item), max_block)
            if self._closed:
                raise QueueFullError("The batcher is closed.")
            if not self._has_room(item):
                raise QueueFullError(
                    f"The queue is full ({self._pending()} items, {self._bytes} bytes): the server is away or too slow."
                )
            lane = self._lanes[kind]
            if not lane.items:
                lane.oldest = time.monotonic()
            lane.items.append(item)
            lane.put += 1
            self._bytes += len(item)
            if self._thread is None:
                self._start()
            self._changed.notify_all()

    # The thread

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="traitly-batcher", daemon=True)
        self._thread.start()
        # A child of multiprocessing ends without atexit.
        if util := sys.modules.get("multiprocessing.util"):
            util.Finalize(None, close_all, exitpriority=10)

    def _run(self) -> None:
        while (run := self._next_run()) is not None:
            lane, items = run
            self._deliver(lane, items)

    def _next_run(self) -> tuple[_Lane, list[bytes]] | None:
        """What is to be sent next, as soon as it is; None when the batcher is closed and empty, or out of time."""
        with self._changed:
            while True:
                now = time.monotonic()
                if now >= self._deadline or self._thread is not threading.current_thread():
                    return None
                lane = min(self._lanes.values(), key=lambda one: one.oldest)
                if lane.items and (self._closed or self._flushing or self._is_due(lane, now)):
                    return lane, self._first(lane)
                full = next(
                    (one for one in self._lanes.values() if len(one.items) >= self._batch_size),
                    None,
                )
                if full:
                    return full, self._first(full)
                if self._closed:
                    return None
                self._changed.wait(lane.oldest + self._interval - now if lane.items else None)

    def _is_due(self, lane: _Lane, now: float) -> bool:
        return now >= lane.oldest + self._interval or self._bytes >= self._max_bytes / 2

    def _first(self, lane: _Lane) -> list[bytes]:
        items: list[bytes] = []
        size = 0
        for item in lane.items:
            size += len(item)
            if items and (len(items) == self._batch_size or size > REQUEST_BYTES):
                break
            items.append(item)
        return items

    def _deliver(self, lane: _Lane, items: list[bytes]) -> bool:
        """Send the first items of the lane; False if they stay in it, because the time of ``close`` is up."""
        try:
            body = self._attempt(post_many(lane.path, items))
        except PayloadTooLargeError as error:
            if len(items) == 1:
                self._finish(lane, items, failed=items, error=error)
                return True
            middle = len(items) // 2
            return self._deliver(lane, items[:middle]) and self._deliver(lane, items[middle:])
        except TraitlyError as error:
            if error.retryable:
                return False
            self._finish(lane, items, failed=items, error=error)
        except Exception as error:  # noqa: BLE001 - the thread must live, and the items must be accounted for
            self._finish(lane, items, failed=items, error=TraitlyError(repr(error)))
        else:
            result = BatchResult()
            read_result(
                body, list(enumerate(items)), lambda index: json.loads(items[index]), result
            )
            refused = [items[rejection.index] for rejection in result.rejected]
            self._finish(
                lane, items, failed=refused, error=RejectedError(result) if refused else None
            )
        return True

    def _attempt(self, request: Request) -> dict[str, Any]:
        """The envelope: tries for as long as it may help, until the deadline."""
        attempt = 1
        while True:
            try:
                return self._transport.attempt(request)
            except TraitlyError as error:
                error.attempts = attempt
                attempt += 1
                seconds = wait_before(attempt, error.retry_after)
                if not error.retryable or not self._pause(seconds, hurry=error.retry_after is None):
                    raise
                logger.info("%s; trying again", error)

    def _pause(self, seconds: float, *, hurry: bool) -> bool:
        """Wait before the next attempt; False if the time is up before it. Closing cuts the wait short if ``hurry``."""
        until = time.monotonic() + seconds
        with self._changed:
            closed_before = self._closed
            while (now := time.monotonic()) < until:
                if until > self._deadline and not hurry:
                    return False
                if hurry and self._closed and not closed_before:
                    break
                self._changed.wait(min(until, self._deadline) - now)
                if time.monotonic() >= self._deadline:
                    return False
        return True

    def _finish(
        self, lane: _Lane, items: list[bytes], *, failed: list[bytes], error: TraitlyError | None
    ) -> None:
        """Take the items out of the queue, and tell of those that failed."""
        with self._changed:
            for _ in items:
                self._bytes -= len(lane.items.popleft())
            lane.oldest = time.monotonic() if lane.items else FOREVER
            lane.done += len(items)
            self._delivered += len(items) - len(failed)
            self._failed += len(failed)
            self._changed.notify_all()
        if error:
            self._tell(failed, error)

    def _tell(self, failed: list[bytes], error: TraitlyError) -> None:
        try:
            self._on_error([json.loads(item) for item in failed], error)
        except Exception:
            logger.exception("on_error failed")

    # Endings

    def _stop(self, timeout: float) -> int:
        """Deliver for up to ``timeout`` seconds, then give up; gives how many items were given up."""
        with self._changed:
            self._closed = True
            self._deadline = min(self._deadline, time.monotonic() + timeout)
            self._changed.notify_all()
            thread = self._thread
        if thread and thread is not threading.current_thread():
            thread.join(timeout + 0.1)
        with self._changed:
            left = [item for lane in self._lanes.values() for item in lane.items]
            for lane in self._lanes.values():
                lane.done += len(lane.items)
                lane.items = deque()
            self._bytes = 0
            self._failed += len(left)
            self._changed.notify_all()
        if left:
            self._tell(left, UndeliveredError(len(left)))
        return len(left)

    def close_at_exit(self) -> None:
        """Like close, for as long as exiting may take; does not raise."""
        self._stop(self.exit_timeout)

    def before_fork(self) -> None:
        """Send what is queued, since the parent may go away (daemons do); the child begins with an empty queue."""
        if threading.current_thread() is not self._thread:
            if self._pending():
                try:
                    self.flush(FORK_TIMEOUT)
                except UndeliveredError as error:
                    logger.warning("Before a fork: %s They stay with the parent.", error)
            self._rest()
        # No thread may be in the middle of something when the memory is copied
        self._changed.acquire()

    def _rest(self) -> None:
        """End the thread if it has nothing to do; the next item starts another. A fork is safest with one thread."""
        with self._changed:
            thread = None if self._pending() else self._thread
            if thread:
                self._thread = None
                self._changed.notify_all()
        if thread:
            thread.join(1)

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: what is queued is the parent's to send, and threads do not survive a fork."""
        self._reset()

    def _has_room(self, item: bytes) -> bool:
        return self._pending() < self._max_items and self._bytes + len(item) <= max(
            self._max_bytes, len(item)
        )

    def _pending(self) -> int:
        return sum(len(lane.items) for lane in self._lanes.values())


class AsyncBatcher:
    """Made by ``AsyncTraitly.batcher``, where its arguments are described: a ``Batcher`` that does not block the loop."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        self._max_block: float = options["max_block"]
        self._batcher = Batcher(settings, **options)

    async def send(
        self,
        *,
        customer_id: str | int,
        name: str,
        created_at: Time | Unset = UNSET,
        id: str | None = None,
        custom_attributes: Mapping[str, Any] | Unset = UNSET,
    ) -> None:
        """Queue an event, as ``Batcher.send`` does."""
        await self._put("event", event_item(customer_id, name, created_at, id, custom_attributes))

    async def upsert(
        self, *, customer_id: str | int, name: str, email: str, plan: str, **other: Any
    ) -> None:
        """Queue a customer, as ``Batcher.upsert`` does, which lists the ``other`` fields."""
        await self._put(
            "customer",
            to_json(
                {
                    "customer_id": customer_id,
                    "name": name,
                    "email": email,
                    "plan": plan,
                    **fields(**other),
                }
            ),
        )

    async def flush(self, timeout: float = 30.0) -> None:
        """As ``Batcher.flush``."""
        await asyncio.to_thread(self._batcher.flush, timeout)

    async def aclose(self, timeout: float = 30.0) -> None:
        """As ``Batcher.close``."""
        await asyncio.to_thread(self._batcher.close, timeout)

    @property
    def stats(self) -> Stats:
        """How many items are pending, delivered and failed."""
        return self._batcher.stats

    async def __aenter__(self) -> AsyncBatcher:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _put(self, kind: str, item: bytes) -> None:
        try:
            self._batcher.put(kind, item, 0)
        except QueueFullError:
            await asyncio.to_thread(self._batcher.put, kind, item, self._max_block)


def event_item(
    customer_id: str | int,
    name: str,
    created_at: Time | Unset,
    id: str | None,
    custom_attributes: Mapping[str, Any] | Unset,
) -> bytes:
    """The event as JSON, with an id and a time of its own: it is sent later, and perhaps twice."""
    if created_at is UNSET:
        created_at = datetime.now(timezone.utc)
    event = fields(
        customer_id=customer_id,
        name=name,
        created_at=created_at,
        id=id or new_id(),
        custom_attributes=custom_attributes,
    )
    return to_json(event)


def _log(items: Sequence[Mapping[str, Any]], error: TraitlyError) -> None:
    logger.error("%d items were not stored: %s", len(items), error)


_open: weakref.WeakSet[Batcher] = weakref.WeakSet()


def close_all() -> None:
    """What is left at the end of the process is sent."""
    for batcher in list(_open):
        batcher.close_at_exit()


atexit.register(close_all)
