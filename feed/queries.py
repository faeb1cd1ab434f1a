"""Everything that reads the feed."""

import datetime
import heapq
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from customers.queries import LIST as CUSTOMERS
from events.queries import RESOLVED as EVENTS
from feed.models import Attempt, Delivery, EntryType, Webhook, Worker
from feed.positions import RANKS, Filter, Position
from traitly.db.clock import settle, settled
from traitly.db.retries import retried
from traitly.input.values import unix_seconds

_FIRST_ROWS = 100  # are read before it is known how large rows are
_PART_ROWS = 1000
_MAX_BYTES = 16 * 2**20  # of a page, about
_BEYOND = "\U0010ffff" * 255  # every id
_SCANNED = 10_000  # events that are looked through for those of some names


class Entry(NamedTuple):
    """An entry, as JSON text, and the position after it."""

    position: Position
    text: bytes


class Page(NamedTuple):
    """Entries in order, the position after them, and whether there is certainly more beyond it."""

    entries: list[Entry]
    end: Position
    more: bool


class _Source(NamedTuple):
    """Where entries of a type are: a table, the time that orders them, what breaks ties, and the SQL of their data."""

    table: str
    time: str
    key: str
    data: str


# Walk events_by_received_at, customers_by_changed_at and erasures_by_erased_at.
_SOURCES = {
    EntryType.EVENT_CREATED: _Source("events_event", "received_at", "id", EVENTS.json_sql),
    EntryType.CUSTOMER_UPDATED: _Source(
        "customers_change",
        "changed_at",
        "customer_id",
        f"(SELECT {CUSTOMERS.json_sql} FROM customers_customer"
        " WHERE account_id = %(account_id)s::bigint AND customer_id = seen.customer_id)",
    ),
    EntryType.CUSTOMER_ERASED: _Source(
        "feed_erasure", "erased_at", "customer_id", "json_build_object('customer_id', customer_id)::text"
    ),
}

# The time by itself as well: it is what the index has. The data is written for those rows only that are wanted.
_ROWS = """
SELECT {time}, {key}, CASE WHEN {wanted} THEN {data} END FROM (
    SELECT * FROM {table} WHERE account_id = %(account_id)s::bigint
        AND {time} >= %(at)s AND ({time}, {key}) > (%(at)s, %(id)s) AND {time} <= %(until)s
    ORDER BY {time}, {key} LIMIT %(limit)s
) AS seen ORDER BY {time}, {key}
"""
_NAMED = "name = ANY(%(names)s)"
# Written out for each account: Citus takes no subquery that depends on a row.
_HAS_NEW = " OR ".join(
    f"EXISTS (SELECT FROM {source.table} WHERE account_id = %s::bigint AND {source.time} > %s AND {source.time} <= %s)"
    for source in _SOURCES.values()
)
_SHOWN = 50  # attempts, and what was set aside
_PROBED = 50  # accounts in a statement


def read_page(*, account_id: int, only: Filter, after: Position, limit: int, fresh: bool = True) -> Page:
    """The first ``limit`` entries after a position, fewer if they are large or hard to find.

    Up to the present where that is ``fresh``, at the cost of settling; else up to what is settled already.
    """
    page = _read(account_id, only, after, limit, settled())
    if not fresh or page.more or len(page.entries) == limit or not has_new_entries({account_id: page.end}):
        return page
    return _joined(page, _read(account_id, only, page.end, limit - len(page.entries), settle()))


def read_all(*, account_id: int, only: Filter, after: Position, until: datetime.datetime) -> Iterator[list[bytes]]:
    """Everything after a position up to a settled time, in parts. Nothing is held between them."""
    while True:
        page = _read(account_id, only, after, _PART_ROWS, until)
        if page.entries:
            yield [entry.text for entry in page.entries]
        if not page.more:
            return
        after = page.end


def has_new_entries(after: Mapping[int, Position], until: datetime.datetime | None = None) -> set[int]:
    """The accounts that have something beyond a position, up to a settled time or settled or not."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        waiting = list(after)
        for accounts in (waiting[at : at + _PROBED] for at in range(0, len(waiting), _PROBED)):
            statement = " UNION ALL ".join([f"SELECT %s::bigint WHERE {_HAS_NEW}"] * len(accounts))
            ends = until or "infinity"
            parameters: list[Any] = []
            for account in accounts:
                parameters += [account, *[account, after[account].at, ends] * len(_SOURCES)]
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
    lag = max(timezone.now() - position.at, datetime.timedelta()) if behind or pending else datetime.timedelta()
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
        oldest[account_id] = min(Position.of(cursor), oldest.get(account_id, Position.after(timezone.now())))
    waiting = [_oldest_after(account_id, oldest[account_id].at) for account_id in has_new_entries(oldest)]
    return max(((timezone.now() - at).total_seconds() for at in waiting if at), default=0.0)


def _oldest_after(account_id: int, at: datetime.datetime) -> datetime.datetime | None:
    with connection.cursor() as cursor:
        found = []
        for source in _SOURCES.values():
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
    held_text = "Age of the oldest writing transaction: the feed shows nothing that arrived after it began."
    found: list[Metric] = [
        GaugeMetricFamily("traitly_feed_held_back_seconds", held_text, value=float(held)),
        GaugeMetricFamily("traitly_webhook_lag_seconds", "Age of the oldest entry to be sent.", value=_webhook_lag()),
        GaugeMetricFamily("traitly_background_workers", "Live run_worker processes.", value=workers),
        GaugeMetricFamily("traitly_webhook_deliveries_set_aside", "Entries that failed every retry.", value=aside),
        states,
    ]
    if seen is not None:
        text = "Seconds since the last heartbeat of a run_worker process."
        found.append(GaugeMetricFamily("traitly_background_worker_seen_seconds", text, value=float(seen)))
    return found


def worker_state() -> str:
    """For readiness: "ok" while a process of run_worker lives, else since when there is none."""
    seen = Worker.objects.aggregate(last=Max("seen_at"))["last"]
    if seen is None:
        return "none has run yet: manage.py run_worker"
    silent = (timezone.now() - seen).total_seconds()
    return "ok" if silent < _LIVES_SECONDS else f"not heard of for {silent:.0f} s"


@retried
def _read(account_id: int, only: Filter, after: Position, limit: int, until: datetime.datetime) -> Page:
    """Entries up to a settled time, in parts that fit into memory."""
    page = Page([], after, more=True)
    size, room = min(_FIRST_ROWS, limit), _MAX_BYTES
    while page.more and len(page.entries) < limit and room > 0:
        part = _read_part(account_id, only, page.end, size, until)
        room -= sum(len(entry.text) for entry in part.entries)
        page = _joined(page, part)
        if not part.entries:
            break  # looked through many: enough for once
        size = max(1, min(_PART_ROWS, limit - len(page.entries), room * len(page.entries) // max(1, _MAX_BYTES - room)))
    return page


def _joined(first: Page, second: Page) -> Page:
    return Page(first.entries + second.entries, second.end, second.more)


def _read_part(account_id: int, only: Filter, after: Position, limit: int, until: datetime.datetime) -> Page:
    """The first ``limit`` entries of all sources together, in their order."""
    horizon, found = Position.after(until), []
    for entry_type, source in _SOURCES.items():
        if only.has(entry_type):
            names = only.names if entry_type is EntryType.EVENT_CREATED else frozenset()
            entries, end = _of_source(account_id, entry_type, source, names, after, limit, until)
            found.append(entries)
            horizon = min(horizon, end or horizon)
    merged: list[Entry] = []
    for entry in heapq.merge(*found, key=attrgetter("position")):
        if entry.position > horizon:
            break  # a source may have something before it that was not read
        merged.append(entry)
        if len(merged) == limit:
            horizon = entry.position
            break
    return Page(merged, max(after, horizon), more=horizon < Position.after(until))


def _of_source(
    account_id: int,
    entry_type: EntryType,
    source: _Source,
    names: Iterable[str],
    after: Position,
    limit: int,
    until: datetime.datetime,
) -> tuple[list[Entry], Position | None]:
    """A source's entries in order, and the position up to which these are all; None if that is ``until``."""
    rank = RANKS[entry_type]
    # Of the position's own moment: all rows of a later type, none of an earlier one.
    key = after.id if rank == after.rank else "" if rank > after.rank else _BEYOND
    scanned = _SCANNED if names else limit
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS.format(wanted=_NAMED if names else "true", **source._asdict()),
            {
                "account_id": account_id,
                "at": after.at,
                "id": key,
                "until": until,
                "limit": scanned,
                "names": list(names),
            },
        )
        rows: Sequence[tuple[datetime.datetime, str, str | None]] = cursor.fetchall()
    entries = [
        Entry(Position(at, rank, row_id), _text(entry_type, at, data)) for at, row_id, data in rows if data is not None
    ]
    if len(entries) > limit:
        del entries[limit:]
        return entries, entries[-1].position
    if len(rows) < scanned:
        return entries, None
    at, row_id, _ = rows[-1]
    return entries, Position(at, rank, row_id)


def _text(entry_type: EntryType, at: datetime.datetime, data: str) -> bytes:
    return f'{{"type":"{entry_type}","timestamp":"{unix_seconds(at)}","data":{data}}}'.encode()
