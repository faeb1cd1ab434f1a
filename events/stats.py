"""Daily stats of events: counted when they are read, exact after deletions, at no cost to requests that send events.

Events of the last ``DAYS`` days (by ``created_at``, in UTC) are counted into three small tables, in
the order in which they were received and up to a watermark. Whoever looks has what came since
counted in, and what came after the watermark is read live. Deletions subtract what was counted.
docs/portal-performance.md has the measurements, and what else was tried.
"""

import datetime
import time
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from accounts.queries import OPEN_ACCOUNT
from traitly.db.clock import settle
from traitly.db.replica import read_cursor
from traitly.input.errors import AccountGoneError

DAYS = 184  # two periods of 90 days: each is compared with the one before
# Events counted per transaction: about half a second, during which deletions of the account wait
_CHUNK = 50_000
_MAX_LIVE = 100_000  # events after the watermark that are read live
_TOP = 10

_LOCK = f"""
INSERT INTO events_counted (account_id, received_until)
SELECT %(account_id)s::bigint, 'epoch'::timestamptz WHERE {OPEN_ACCOUNT}
ON CONFLICT (account_id) DO UPDATE SET received_until = events_counted.received_until
RETURNING received_until
"""

# SQL of what is another value once events of the account were deleted: every deletion takes the
# lock above, and so leaves a new version of its row.
DELETIONS = "(SELECT xmin::text FROM events_counted WHERE account_id = %(account_id)s::bigint)"

_LOCK_UNLESS_LOCKED = f"""
SELECT received_until FROM events_counted WHERE account_id = %(account_id)s AND {OPEN_ACCOUNT} FOR UPDATE SKIP LOCKED
"""

# Where the chunk ends: never between two events that were received at the same time.
_CHUNK_END = """
SELECT received_at FROM events_event
WHERE account_id = %(account_id)s AND received_at > %(after)s AND received_at <= %(settled)s
ORDER BY received_at LIMIT 1 OFFSET %(chunk)s
"""

_DAY = "(created_at AT TIME ZONE 'UTC')::date"

_COUNT = f"""
WITH fresh AS MATERIALIZED (
    SELECT {_DAY} AS day, name, customer_id, count(*) AS events FROM events_event
    WHERE account_id = %(account_id)s AND received_at > %(after)s AND received_at <= %(until)s
        AND created_at >= %(oldest)s::date::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2, 3
), names AS (
    INSERT INTO events_dailyname AS stored (account_id, day, name, events)
    SELECT %(account_id)s, day, name, sum(events) FROM fresh GROUP BY day, name
    ON CONFLICT (account_id, day, name) DO UPDATE SET events = stored.events + EXCLUDED.events
), customers AS (
    INSERT INTO events_dailycustomer AS stored (account_id, day, events, customer_id)
    SELECT %(account_id)s, day, sum(events), customer_id FROM fresh GROUP BY day, customer_id
    ON CONFLICT (account_id, day, customer_id) DO UPDATE SET events = stored.events + EXCLUDED.events
    RETURNING day, (xmax = 0)::int AS is_new  -- a row that was there has been locked by this transaction
)
INSERT INTO events_daily AS stored (account_id, day, events, customers)
SELECT %(account_id)s, day, sum(events), sum(customers) FROM (
    SELECT day, events, 0 AS customers FROM fresh UNION ALL SELECT day, 0, is_new FROM customers
) AS added GROUP BY day
ON CONFLICT (account_id, day) DO UPDATE
SET events = stored.events + EXCLUDED.events, customers = stored.customers + EXCLUDED.customers
"""

_FORGET = "; ".join(
    f"DELETE FROM {table} WHERE account_id = %(account_id)s AND day < %(oldest)s"
    for table in ("events_daily", "events_dailyname", "events_dailycustomer")
)

# One row each of a counted event is gone: rows that come to nothing are removed, so that no name or
# customer stays.
_DELETE = f"""
WITH gone AS MATERIALIZED (
    DELETE FROM events_event WHERE account_id = %(account_id)s AND {{}}
    RETURNING {_DAY} AS day, name, customer_id, received_at
), counted AS MATERIALIZED (
    SELECT day, name, customer_id, count(*) AS events FROM gone WHERE received_at <= %(until)s GROUP BY 1, 2, 3
), names AS MATERIALIZED (
    SELECT day, name, sum(events) AS events FROM counted GROUP BY day, name
), names_gone AS (
    DELETE FROM events_dailyname AS stored USING names WHERE stored.account_id = %(account_id)s
        AND (stored.day, stored.name) = (names.day, names.name) AND stored.events <= names.events
), names_left AS (
    UPDATE events_dailyname AS stored SET events = stored.events - names.events FROM names
    WHERE stored.account_id = %(account_id)s
        AND (stored.day, stored.name) = (names.day, names.name) AND stored.events > names.events
), customers AS MATERIALIZED (
    SELECT day, customer_id, sum(events) AS events FROM counted GROUP BY day, customer_id
), customers_gone AS (
    DELETE FROM events_dailycustomer AS stored USING customers WHERE stored.account_id = %(account_id)s
        AND (stored.day, stored.customer_id) = (customers.day, customers.customer_id)
        AND stored.events <= customers.events
    RETURNING stored.day
), customers_left AS (
    UPDATE events_dailycustomer AS stored SET events = stored.events - customers.events FROM customers
    WHERE stored.account_id = %(account_id)s
        AND (stored.day, stored.customer_id) = (customers.day, customers.customer_id)
        AND stored.events > customers.events
), days AS (
    UPDATE events_daily AS stored SET events = stored.events - less.events, customers = stored.customers - less.customers
    FROM (
        SELECT day, sum(events) AS events, sum(customers) AS customers FROM (
            SELECT day, events, 0 AS customers FROM counted UNION ALL SELECT day, 0, 1 FROM customers_gone
        ) AS parts GROUP BY day
    ) AS less
    WHERE stored.account_id = %(account_id)s AND stored.day = less.day
)
SELECT count(*) FROM gone
"""

# One statement, so that the counted and the live part are of one moment.
_READ = f"""
WITH counted AS (
    SELECT coalesce((SELECT received_until FROM events_counted WHERE account_id = %(account_id)s), 'epoch') AS until
), received AS MATERIALIZED (
    SELECT created_at, name, customer_id FROM events_event
    WHERE account_id = %(account_id)s AND received_at > (SELECT until FROM counted)
    ORDER BY received_at LIMIT %(most)s + 1
), live AS MATERIALIZED (
    SELECT {_DAY} AS day, name, customer_id, count(*) AS events FROM received
    WHERE created_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC' GROUP BY 1, 2, 3
), days AS (
    SELECT day, events, customers FROM events_daily WHERE account_id = %(account_id)s AND day >= %(since)s
    UNION ALL
    SELECT day, sum(events), 0 FROM live GROUP BY day
    UNION ALL
    SELECT day, 0, count(*) FROM (SELECT DISTINCT day, customer_id FROM live) AS seen
    WHERE NOT EXISTS (
        SELECT FROM events_dailycustomer AS stored WHERE stored.account_id = %(account_id)s
            AND (stored.customer_id, stored.day) = (seen.customer_id, seen.day)
    ) GROUP BY day
), names AS (
    SELECT name, events FROM events_dailyname
    WHERE account_id = %(account_id)s AND day BETWEEN %(names_since)s AND %(today)s
    UNION ALL
    SELECT name, events FROM live WHERE day BETWEEN %(names_since)s AND %(today)s
)
SELECT day, NULL, sum(events)::bigint, sum(customers)::bigint FROM days WHERE day <= %(today)s GROUP BY day
UNION ALL
(SELECT NULL, name, sum(events)::bigint, NULL FROM names GROUP BY name ORDER BY 3 DESC, 2 LIMIT %(top)s)
UNION ALL
SELECT NULL, NULL, count(*), NULL FROM received
"""


class Day(NamedTuple):
    """A day's events, and how many customers had any."""

    events: int
    customers: int


class Stats(NamedTuple):
    """``days`` that had events, ``names`` with most events; ``complete`` unless counting is still behind."""

    days: dict[datetime.date, Day]
    names: list[tuple[str, int]]
    complete: bool


def read_stats(*, account_id: int, days: int, today: datetime.date, before: int = 0) -> Stats:
    """The stats of the last ``days`` days, up to ``today`` and the present moment, and of ``before`` days ahead of them.

    Together at most ``DAYS``. The names are those of the last ``days`` days alone.
    """
    names_since = today - datetime.timedelta(days=days - 1)
    parameters: dict[str, Any] = {
        "account_id": account_id,
        "since": names_since - datetime.timedelta(days=before),
        "names_since": names_since,
        "today": today,
        "most": _MAX_LIVE,
        "top": _TOP,
    }
    with read_cursor() as cursor:
        cursor.execute(_READ, parameters)
        rows: list[Any] = cursor.fetchall()
    return Stats(
        {day: Day(events, customers) for day, _, events, customers in rows if day is not None},
        [(name, events) for _, name, events, _ in rows if name is not None],
        next(events for day, name, events, _ in rows if day is None and name is None) <= _MAX_LIVE,
    )


_KNOWN_DAYS = 30
_KNOWN_AMONG = 1_000  # events that came last


def known_names(*, account_id: int, today: datetime.date, limit: int) -> list[str]:
    """The names of events in the last days, those with most events first, and those that came just now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT name FROM (
                SELECT name, events FROM events_dailyname WHERE account_id = %(account_id)s AND day >= %(since)s
                UNION ALL
                SELECT name, 1 FROM (
                    SELECT name FROM events_event WHERE account_id = %(account_id)s ORDER BY received_at DESC LIMIT %(among)s
                ) AS newest
            ) AS known GROUP BY name ORDER BY sum(events) DESC, name LIMIT %(limit)s
            """,
            {
                "account_id": account_id,
                "since": today - datetime.timedelta(days=_KNOWN_DAYS),
                "among": _KNOWN_AMONG,
                "limit": limit,
            },
        )
        return [name for (name,) in cursor.fetchall()]


def count_events(
    *,
    account_id: int,
    seconds: float,
    until: datetime.datetime | None = None,
    chunk: int | None = None,
) -> bool:
    """Count what was received since the last time, for about so long. True when there is no more to count for now.

    Counts up to where all events have arrived, or ``until`` a time of which the caller knows that,
    and looks at the clock after each ``chunk`` of events. False also while another process counts
    for the account: it is never waited for.
    """
    ends = time.monotonic() + seconds
    # Found before the snapshot that counts is taken, which then has all of it.
    until = until or settle()
    while True:
        more = _count_chunk(account_id, until, chunk or _CHUNK)
        if not more or time.monotonic() > ends:
            return more is False


def _count_chunk(account_id: int, settled: datetime.datetime, chunk: int) -> bool | None:
    """Count a chunk: whether there is more, or None if another process is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_UNLESS_LOCKED, {"account_id": account_id})
        row = cursor.fetchone()
        if row is None:
            cursor.execute("SELECT FROM events_counted WHERE account_id = %s", [account_id])
            if cursor.fetchone() is not None:
                return None
            row = _lock(cursor, account_id)
        parameters = {
            "account_id": account_id,
            "after": row[0],
            "settled": settled,
            "chunk": chunk,
            "oldest": timezone.now().date() - datetime.timedelta(days=DAYS),
        }
        if settled <= row[0]:
            return False
        cursor.execute(_CHUNK_END, parameters)
        end = cursor.fetchone()
        parameters["until"] = end[0] if end else settled
        cursor.execute(_COUNT, parameters)
        cursor.execute(_FORGET, parameters)
        cursor.execute(
            "UPDATE events_counted SET received_until = %(until)s WHERE account_id = %(account_id)s",
            parameters,
        )
    return end is not None


def delete_events(*, account_id: int, condition: str, parameters: dict[str, Any]) -> int:
    """Delete the account's events under the SQL condition and subtract them from the stats; gives how many.

    Runs in the transaction of its caller.
    """
    with connection.cursor() as cursor:
        # By a statement of its own: the next one then sees all that was counted until the lock was
        # had.
        (until,) = _lock(cursor, account_id)
        cursor.execute(
            _DELETE.format(condition), {**parameters, "account_id": account_id, "until": until}
        )
        deleted: int = cursor.fetchone()[0]
    return deleted


def _lock(cursor: Any, account_id: int) -> tuple[datetime.datetime]:
    """Hold off other counting and deleting of the account until the transaction ends; gives the watermark.

    ``AccountGoneError`` where the account is being erased.
    """
    cursor.execute(_LOCK, {"account_id": account_id})
    row: tuple[datetime.datetime] | None = cursor.fetchone()
    if row is None:
        raise AccountGoneError
    return row
