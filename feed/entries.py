"""Rows as entries of the feed: what has changed in an account, read in the order in which it arrived."""

import datetime
from functools import cache, cached_property
from operator import itemgetter
from typing import NamedTuple, Self

from django.db import connection

from customers.queries import LIST as CUSTOMERS
from events.queries import RESOLVED as EVENTS
from feed.models import EntryType
from feed.positions import RANKS, Filter, Position
from traitly.db.prepared import Prepared
from traitly.db.retries import retried
from traitly.input.values import unix_seconds

MAX_BYTES = 16 * 2**20  # of what is read at once, about
_FIRST_ROWS = 250  # are read before it is known how large rows are: at most 16 MiB
_PART_ROWS = 1000
_SCANNED = 10_000  # events that are looked through for those of some names
_BEYOND = "\U0010ffff" * 255  # every id


class Entry(NamedTuple):
    """An entry, as JSON text, and the position after it."""

    position: Position
    text: bytes


class Entries(list[Entry]):
    """Entries in order. Nobody changes them once they are read: several readers have the same."""

    @cached_property
    def array(self) -> bytes:
        """As one JSON array, written once for all who are answered with it."""
        return b"[%b]" % b",".join([entry.text for entry in self])

    @cached_property
    def size(self) -> int:
        """Bytes of text."""
        return sum([len(entry.text) for entry in self])

    def between(self, begin: int, end: int) -> "Entries":
        """These of them; itself if that is all."""
        return self if begin == 0 and end >= len(self) else Entries(self[begin:end])

    def then(self, others: "Entries") -> "Entries":
        """These, and the others after them."""
        return Entries([*self, *others]) if self and others else self or others


class Page(NamedTuple):
    """Entries in order, the position after them, and whether there is certainly more beyond it."""

    entries: Entries
    end: Position
    more: bool

    def first(self, number: int) -> Self:
        """The page, with so many entries at most."""
        if len(self.entries) <= number:
            return self
        return self._replace(
            entries=self.entries.between(0, number),
            end=self.entries[number - 1].position,
            more=True,
        )


class Source(NamedTuple):
    """Where entries of a type are: a table, the time that orders them, what breaks ties, and the SQL of their data."""

    table: str
    time: str
    key: str
    data: str


# Walk events_by_received_at, customers_by_changed_at and erasures_by_erased_at.
SOURCES = {
    EntryType.EVENT_CREATED: Source("events_event", "received_at", "id", EVENTS.json_sql),
    EntryType.CUSTOMER_UPDATED: Source(
        "customers_change",
        "changed_at",
        "customer_id",
        f"(SELECT {CUSTOMERS.json_sql} FROM customers_customer"
        " WHERE account_id = %(account_id)s::bigint AND customer_id = seen.customer_id)",
    ),
    EntryType.CUSTOMER_ERASED: Source(
        "feed_erasure",
        "erased_at",
        "customer_id",
        "json_build_object('customer_id', customer_id)::text",
    ),
}

# The time by itself as well: it is what the index has. The data is written for those rows only that
# are wanted.
_ROWS = """
SELECT {rank} AS rank, {time} AS at, {key} AS key, CASE WHEN {wanted} THEN {data} END AS data FROM (
    SELECT * FROM {table} WHERE account_id = %(account_id)s::bigint
        AND {time} >= %(at)s::timestamptz AND ({time}, {key}) > (%(at)s::timestamptz, %(key_{rank})s)
        AND {time} <= %(until)s::timestamptz
    ORDER BY {time}, {key} LIMIT %({limit})s
) AS seen
"""
_order = itemgetter(1, 0, 2)
_TYPES = {rank: entry_type for entry_type, rank in RANKS.items()}
_NAMED = "name = ANY(%(names)s::text[])"


@retried
def read_entries(
    *, account_id: int, only: Filter, after: Position, limit: int, until: datetime.datetime
) -> Page:
    """The first ``limit`` entries after a position and up to a settled time, in parts that fit into memory.

    Fewer if they are large or hard to find.
    """
    page = Page(Entries(), after, more=True)
    size, room = min(_FIRST_ROWS, limit), MAX_BYTES
    while page.more and len(page.entries) < limit and room > 0:
        part = _read_part(account_id, only, page.end, size, until)
        room -= part.entries.size
        page = Page(page.entries.then(part.entries), part.end, part.more)
        if not part.entries:
            break  # looked through many: enough for once
        fit = room * len(page.entries) // max(1, MAX_BYTES - room)
        size = max(1, min(_PART_ROWS, limit - len(page.entries), fit))
    return page


@cache
def _statement(only: frozenset[str], *, named: bool) -> Prepared:
    """The rows of all types that are wanted, one type after the other."""
    found = []
    for entry_type, source in SOURCES.items():
        if not only or entry_type in only:
            by_name = named and entry_type is EntryType.EVENT_CREATED
            wanted, limit = (_NAMED, "scanned") if by_name else ("true", "limit")
            parts = {
                **source._asdict(),
                "rank": RANKS[entry_type],
                "wanted": wanted,
                "limit": limit,
            }
            found.append(f"({_ROWS.format(**parts)})")
    return Prepared(" UNION ALL ".join(found))


def _read_part(
    account_id: int, only: Filter, after: Position, limit: int, until: datetime.datetime
) -> Page:
    """The first ``limit`` entries of all types together, in their order."""
    scanned = dict.fromkeys(RANKS.values(), limit)
    if only.names:
        scanned[RANKS[EntryType.EVENT_CREATED]] = _SCANNED
    # Of the position's own moment: all rows of a later type, none of an earlier one.
    keys = {
        f"key_{rank}": after.id if rank == after.rank else "" if rank > after.rank else _BEYOND
        for rank in RANKS.values()
    }
    with connection.cursor() as cursor:
        _statement(only.types, named=bool(only.names)).execute(
            cursor,
            {
                **keys,
                "account_id": account_id,
                "at": after.at,
                "until": until,
                "limit": limit,
                "scanned": _SCANNED,
                "names": list(only.names),
            },
        )
        rows: list[tuple[int, datetime.datetime, str, str | None]] = cursor.fetchall()
    return _merged(rows, scanned, after, limit, Position.after(until))


def _merged(
    rows: list[tuple[int, datetime.datetime, str, str | None]],
    scanned: dict[int, int],
    after: Position,
    limit: int,
    end: Position,
) -> Page:
    """The entries among the rows, up to where no type has anything that was not read."""
    rows.sort(key=_order)
    entries: list[Entry] = []
    last: dict[int, Position] = {}
    counts = dict.fromkeys(scanned, 0)
    head, head_of = b"", (-1, end.at)
    for rank, at, key, data in rows:
        counts[rank] += 1
        position = last[rank] = Position(at, rank, key)
        if data is not None:
            if (rank, at) != head_of:  # a batch shares one time
                head, head_of = _head(rank, at), (rank, at)
            entries.append(Entry(position, b"%b%b}" % (head, data.encode())))
    horizon = min([end, *(last[rank] for rank, count in counts.items() if count == scanned[rank])])
    if len(entries) >= limit:
        horizon = min(horizon, entries[limit - 1].position)
    merged = Entries(entry for entry in entries[:limit] if entry.position <= horizon)
    return Page(merged, max(after, horizon), more=horizon < end)


def _head(rank: int, at: datetime.datetime) -> bytes:
    return b'{"type":"%b","timestamp":"%b","data":' % (
        _TYPES[rank].encode(),
        unix_seconds(at).encode(),
    )
