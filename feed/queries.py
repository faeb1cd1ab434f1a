"""Everything that reads the feed and its webhooks."""

import datetime
import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from events.stats import DELETIONS
from feed.entries import MAX_BYTES, SOURCES, Entries, Page, read_entries
from feed.models import Attempt, Delivery, Webhook, Worker
from feed.positions import Filter, Position
from feed.segments import Segments
from traitly.db.citus import is_distributed
from traitly.db.clock import settle, settled
from traitly.db.prepared import Prepared
from traitly.db.retries import retried

_STREAMED_ROWS = 1000  # in a part
# Written out for each account: Citus takes no subquery that depends on a row.
_HAS_NEW = " OR ".join(
    f"EXISTS (SELECT FROM {source.table} WHERE account_id = %s::bigint AND {source.time} > %s AND {source.time} <= %s)"
    for source in SOURCES.values()
)
_SHOWN = 50  # attempts, and what was set aside
_PROBED = 50  # accounts in a statement


_PRESENT = Prepared(f"SELECT settled, {DELETIONS} FROM traitly_settled")
# What readers of this process share. The keys of the feeds name the last deletion: after it all is
# read anew.
_segments = Segments()


def read_page(
    *, account_id: int, only: Filter, after: Position, limit: int, fresh: bool = True
) -> Page:
    """The first ``limit`` entries after a position, fewer if they are large or hard to find.

    Up to the present where that is ``fresh``, at the cost of settling; else up to what is settled
    already. Others who read the same within two seconds share it; what was deleted before the call
    is not in it.
    """
    until, deletions = _present(account_id)
    page = _read_shared(account_id, only, after, limit, until, deletions)
    if (
        not fresh
        or page.more
        or len(page.entries) == limit
        or not has_new_entries({account_id: page.end})
    ):
        return page
    rest = _read_shared(account_id, only, page.end, limit - len(page.entries), settle(), deletions)
    return Page(page.entries.then(rest.entries), rest.end, rest.more)


@retried
def _present(account_id: int) -> tuple[datetime.datetime, object]:
    """What is settled, and what is another value after each deletion of events. On Citus nothing is: nobody shares."""
    if is_distributed():
        return settled(), object()
    with connection.cursor() as cursor:
        _PRESENT.execute(cursor, {"account_id": account_id})
        row: tuple[datetime.datetime, object] = cursor.fetchone()
    return row


def _read_shared(
    account_id: int,
    only: Filter,
    after: Position,
    limit: int,
    until: datetime.datetime,
    deletions: object,
) -> Page:
    """Entries up to a settled time: those that others have read, and then those of one look into the tables."""
    key, end = (account_id, only, deletions), Position.after(until)
    page = Page(Entries(), after, more=after < end)
    while page.more and len(page.entries) < limit and page.entries.size < MAX_BYTES:
        missing = limit - len(page.entries)
        part = _segments.find(key, page.end, missing)
        if last := part is None:
            # As many as were asked for, not as are missing here, so that all go on from the same
            # places.
            read = partial(
                read_entries,
                account_id=account_id,
                only=only,
                after=page.end,
                limit=limit,
                until=until,
            )
            if (part := _segments.read(key, page.end, read)) is None:
                continue
            part = part.first(missing)
        page = Page(page.entries.then(part.entries), part.end, part.end < end)
        if last:
            break
    return page


def read_all(
    *, account_id: int, only: Filter, after: Position, until: datetime.datetime
) -> Iterator[list[bytes]]:
    """Everything after a position up to a settled time, in parts. Nothing is held between them."""
    while True:
        page = read_entries(
            account_id=account_id, only=only, after=after, limit=_STREAMED_ROWS, until=until
        )
        if page.entries:
            yield [entry.text for entry in page.entries]
        if not page.more:
            return
        after = page.end


def has_new_entries(
    after: Mapping[int, Position], until: datetime.datetime | None = None
) -> set[int]:
    """The accounts that have something beyond a position, up to a settled time or settled or not."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        waiting = list(after)
        for accounts in (waiting[at : at + _PROBED] for at in range(0, len(waiting), _PROBED)):
            statement = " UNION ALL ".join([f"SELECT %s::bigint WHERE {_HAS_NEW}"] * len(accounts))
            ends = until or "infinity"
            parameters: list[Any] = []
            for account in accounts:
                parameters += [account, *[account, after[account].at, ends] * len(SOURCES)]
            cursor.execute(statement, parameters)
            found.update(account_id for (account_id,) in cursor.fetchall())
    return found


class WebhookState(NamedTuple):
    """A webhook, how far it is, and for how long what it has not sent yet has waited: 0 where there is nothing."""

    row: Webhook
    position: datetime.datetime
    lag: datetime.timedelta
    pending: Delivery | None


def webhook_state(row: Webhook) -> WebhookState:
    """Where a webhook stands."""
    position = Position.of(row.position)
    behind = bool(has_new_entries({row.account_id: position}))
    pending = row.deliveries.filter(set_aside_at=None).first()
    lag = (
        max(timezone.now() - position.at, datetime.timedelta())
        if behind or pending
        else datetime.timedelta()
    )
    return WebhookState(row, position.at, lag, pending)


def account_webhooks(*, account_id: int) -> list[WebhookState]:
    """Every webhook of an account, the oldest first."""
    return [webhook_state(row) for row in Webhook.objects.filter(account=account_id).order_by("id")]


def find_webhook(*, account_id: int, webhook_id: uuid.UUID) -> Webhook | None:
    """One of the account's webhooks."""
    return Webhook.objects.filter(account=account_id, id=webhook_id).first()


def recent_attempts(row: Webhook) -> list[Attempt]:
    """The last requests to a webhook, the newest first."""
    return list(row.attempts.order_by("-id")[:_SHOWN])


def set_aside(row: Webhook) -> list[Delivery]:
    """What has failed through all retries, the newest first."""
    return list(row.deliveries.exclude(set_aside_at=None).order_by("-created_at")[:_SHOWN])


_LIVES_SECONDS = 15  # after it was last heard of; it says so every second
_HEALTH = """
SELECT (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)), 0) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_xid IS NOT NULL),
    (SELECT count(*) FROM feed_worker WHERE seen_at > now() - interval '5 seconds'),
    (SELECT extract(epoch FROM now() - max(seen_at)) FROM feed_worker),
    (SELECT count(*) FROM feed_webhook WHERE enabled),
    (SELECT count(*) FROM feed_webhook WHERE enabled AND failing_since IS NOT NULL),
    (SELECT count(*) FROM feed_webhook WHERE stopped <> ''),
    (SELECT count(*) FROM feed_delivery WHERE set_aside_at IS NOT NULL)
"""


_METERED = 1000  # webhooks


def _webhook_lag() -> float:
    """For how many seconds the oldest entry that a webhook has still to be sent has waited.

    Of the first thousand webhooks: what is asked each time somebody scrapes must stay small.
    """
    oldest: dict[int, Position] = {}
    webhooks = Webhook.objects.filter(enabled=True).order_by("id")[:_METERED]
    for account_id, cursor in webhooks.values_list("account_id", "position"):
        oldest[account_id] = min(
            Position.of(cursor), oldest.get(account_id, Position.after(timezone.now()))
        )
    waiting = [
        _oldest_after(account_id, oldest[account_id].at) for account_id in has_new_entries(oldest)
    ]
    return max(((timezone.now() - at).total_seconds() for at in waiting if at), default=0.0)


def _oldest_after(account_id: int, at: datetime.datetime) -> datetime.datetime | None:
    with connection.cursor() as cursor:
        found = []
        for source in SOURCES.values():
            cursor.execute(
                f"SELECT min({source.time}) FROM {source.table} WHERE account_id = %s AND {source.time} > %s",
                [account_id, at],
            )
            found += [row[0] for row in cursor.fetchall() if row[0]]
    return min(found, default=None)


def metrics() -> list[Metric]:
    """For /metrics: what holds the feed back, workers, webhooks."""
    with connection.cursor() as cursor:
        cursor.execute(_HEALTH)
        held, workers, seen, enabled, failing, stopped, aside = cursor.fetchone()
    states = GaugeMetricFamily("traitly_webhooks", "Webhooks by state.", labels=["state"])
    states.add_metric(["delivering"], enabled - failing)
    states.add_metric(["failing"], failing)
    states.add_metric(["stopped"], stopped)
    held_text = (
        "Age of the oldest writing transaction: the feed shows nothing that arrived after it began."
    )
    found: list[Metric] = [
        GaugeMetricFamily("traitly_feed_held_back_seconds", held_text, value=float(held)),
        GaugeMetricFamily(
            "traitly_webhook_lag_seconds",
            "Age of the oldest entry to be sent.",
            value=_webhook_lag(),
        ),
        GaugeMetricFamily(
            "traitly_background_workers", "Live run_worker processes.", value=workers
        ),
        GaugeMetricFamily(
            "traitly_webhook_deliveries_set_aside", "Entries that failed every retry.", value=aside
        ),
        states,
    ]
    if seen is not None:
        text = "Seconds since the last heartbeat of a run_worker process."
        found.append(
            GaugeMetricFamily("traitly_background_worker_seen_seconds", text, value=float(seen))
        )
    return found


def worker_state() -> str:
    """For readiness: "ok" while a process of run_worker lives, else since when there is none."""
    seen = Worker.objects.aggregate(last=Max("seen_at"))["last"]
    if seen is None:
        return "none has run yet: manage.py run_worker"
    silent = (timezone.now() - seen).total_seconds()
    return "ok" if silent < _LIVES_SECONDS else f"not heard of for {silent:.0f} s"
