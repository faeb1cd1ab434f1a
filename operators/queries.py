"""What the dashboard reads, of all accounts. Never a count of events or customers: those are counted in events.stats."""

import datetime
from typing import NamedTuple

from django.db import DatabaseError, connection, transaction

_SAMPLED = 100_000  # rejections that are read; of more, a sample of as many
_STATEMENTS = 10
_TABLES = 8
_MAX_TEXT = 2_000  # of a statement


class Volume(NamedTuple):
    """An account, and its events in the days that were asked for."""

    account_id: int
    name: str
    events: int


class Rejected(NamedTuple):
    """What was refused a day; ``one_in`` says that it is estimated from one of so many."""

    days: dict[datetime.date, int]
    one_in: int


class Table(NamedTuple):
    """A table with its indexes: bytes, and rows as PostgreSQL's statistics estimate them."""

    name: str
    size: int
    rows: int


class Statement(NamedTuple):
    """A kind of statement: how often it ran, the milliseconds of one and the seconds of all."""

    text: str
    calls: int
    mean: float
    seconds: float


class StatementsUnavailableError(Exception):
    """Why PostgreSQL does not say which statements take long."""


def events_by_day(*, since: datetime.date, until: datetime.date) -> dict[datetime.date, int]:
    """The events of all accounts a day, as far as they are counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, sum(events)::bigint FROM events_daily WHERE day BETWEEN %s AND %s GROUP BY day",
            [since, until],
        )
        return dict(cursor.fetchall())


def busiest_accounts(*, since: datetime.date, until: datetime.date, limit: int) -> list[Volume]:
    """The accounts with most events, as far as they are counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.id, account.name, busiest.events FROM (
                SELECT account_id, sum(events)::bigint AS events FROM events_daily
                WHERE day BETWEEN %s AND %s GROUP BY account_id ORDER BY 2 DESC LIMIT %s
            ) AS busiest JOIN accounts_account AS account ON account.id = account_id ORDER BY 3 DESC, 1
            """,
            [since, until, limit],
        )
        return [Volume(*row) for row in cursor.fetchall()]


def rejections_by_day() -> Rejected:
    """What was refused and is still kept, a day. Of very many rows it reads a sample of the table's pages."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = 'rejections_rejection'::regclass"
        )
        one_in = max(1, cursor.fetchone()[0] // _SAMPLED)
        sample = f"TABLESAMPLE SYSTEM ({100 / one_in})" if one_in > 1 else ""
        cursor.execute(
            f"SELECT (received_at AT TIME ZONE 'UTC')::date, count(*) FROM rejections_rejection {sample} GROUP BY 1"
        )
        return Rejected({day: count * one_in for day, count in cursor.fetchall()}, one_in)


def database_size() -> tuple[int, list[Table]]:
    """The bytes of the database, and its largest tables. On Citus: of the coordinator."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
        cursor.execute(
            """
            SELECT relname, pg_total_relation_size(oid), greatest(reltuples, 0)::bigint FROM pg_class
            WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT %s
            """,
            [_TABLES],
        )
        return size, [Table(*row) for row in cursor.fetchall()]


def slow_statements() -> list[Statement]:
    """The kinds of statement that took most time together. ``StatementsUnavailableError`` says what to do about it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_stat_statements') IS NOT NULL")
        if not cursor.fetchone()[0]:
            raise StatementsUnavailableError(
                "PostgreSQL does not keep this: the extension pg_stat_statements is not installed. Add it to "
                "shared_preload_libraries, restart PostgreSQL, then run CREATE EXTENSION pg_stat_statements."
            )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT left(query, %s), calls, mean_exec_time, total_exec_time / 1000 FROM pg_stat_statements
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                ORDER BY total_exec_time DESC LIMIT %s
                """,
                [_MAX_TEXT, _STATEMENTS],
            )
            return [Statement(*row) for row in cursor.fetchall()]
    except DatabaseError as error:  # installed but not preloaded, or not for this role
        raise StatementsUnavailableError(
            f"PostgreSQL does not say: {str(error).strip()}"
        ) from error
