"""Everything that reads events."""

import dataclasses
import datetime
from collections.abc import Iterable
from typing import NamedTuple

import orjson
from django.db import connection

from customers.aliases import has_aliases, ids_of
from traitly.db.citus import is_distributed
from traitly.db.replica import read_cursor
from traitly.db.retries import retried
from traitly.input.values import UNIX_SECONDS, parse_time
from traitly.lists.definition import (
    JSON_AS_IS,
    JSON_DIGITS,
    JSON_NUMBER,
    ListDefinition,
    ListQuery,
    Sort,
    time_range,
    time_sort,
)
from traitly.lists.distinct import distinct_values
from traitly.lists.pages import keys, page
from traitly.lists.parameters import MAX_VALUES

# A customer's events of one name; walks the index events_by_customer_name, once for each of
# several.
LIST = ListDefinition(
    table="events_event",
    # The reference's four fields in its order, then id and custom_attributes.
    columns={
        "customer_id": "customer_id",
        "name": "name",
        "created_at": UNIX_SECONDS.format("created_at"),
        "success": "1",
        "id": "id",
        "custom_attributes": "custom_attributes",
    },
    json={"created_at": JSON_DIGITS, "success": JSON_NUMBER, "custom_attributes": JSON_AS_IS},
    key="id",
    sorts={"created_at": time_sort("created_at")},
    equal=("customer_id", "name"),
    ranges={"created_at": time_range("created_at")},
    required=("customer_id", "name"),
    required_hint=" All events of a customer: GET /api/v1/customer/<customer_id>/event; all changes of the account:"
    " GET /api/v1/feed.",
    stepped_columns=("customer_id", "name"),
)

# A customer's events of all names or some: walks events_by_customer_name for each name. (An index
# for it alone was a third of what PostgreSQL spent on storing events.)
TIMELINE = dataclasses.replace(LIST, equal=("name",), required=())

# What DELETE /event erases, by any filters of the lists.
ERASURE = dataclasses.replace(LIST, required=())

# All events of an account, for exports; walks the primary key. (No index has the order of
# created_at across customers: events would pay for it with every write.)
EXPORT = dataclasses.replace(
    LIST, sorts={"id": Sort("id", str)}, equal=(), ranges={}, required=(), stepped_columns=()
)

# An event's customer as it is known now, if the event was stored under an alias
# (customers.aliases): a look into an index for each row, so only for lists that may have such
# events.
_RESOLVED = """coalesce((
    SELECT root_id FROM (SELECT account_id AS of_account, previous_id, root_id FROM customers_alias) AS alias
    WHERE of_account = {account} AND previous_id = customer_id
), customer_id)"""


def _resolved(definition: ListDefinition, account: str = "account_id") -> ListDefinition:
    columns = {**definition.columns, "customer_id": _RESOLVED.format(account=account)}
    return dataclasses.replace(definition, columns=columns)


# The account is a parameter: Citus does not see that a column must be the same.
RESOLVED = _resolved(LIST, "%(account_id)s::bigint")


def timeline_of(*, account_id: int, customer_id: str) -> tuple[ListDefinition, list[str]]:
    """The list of a customer's events, and all ids under which they may be stored."""
    ids = ids_of(account_id=account_id, customer_id=customer_id)
    return (_with_aliases(TIMELINE, account_id) if len(ids) > 1 else TIMELINE), ids


def everything(*, account_id: int) -> ListQuery:
    """All events of an account, ordered by id."""
    definition = _with_aliases(EXPORT, account_id) if has_aliases(account_id=account_id) else EXPORT
    return ListQuery(definition, sort="id")


def _with_aliases(definition: ListDefinition, account_id: int) -> ListDefinition:
    """The list with each event's customer as it is known now. On Citus, which prepares none, each account has its own."""
    return _resolved(definition, str(account_id)) if is_distributed() else _resolved(definition)


@retried
def get_event(*, account_id: int, event_id: str) -> bytes | None:
    """The JSON text of the event's row, None if the account has no such event."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {RESOLVED.json_sql} FROM events_event WHERE account_id = %(account_id)s AND id = %(event_id)s",
            {"account_id": account_id, "event_id": event_id},
        )
        row = cursor.fetchone()
    return row[0].encode() if row else None


@retried
def has_events(*, account_id: int, customer_ids: list[str]) -> bool:
    """Whether the account has an event of a customer, under one of these ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM events_event WHERE account_id = %s AND customer_id = ANY(%s))",
            [account_id, customer_ids],
        )
        return bool(cursor.fetchone()[0])


def stored_event_ids(*, account_id: int, event_ids: Iterable[str]) -> set[str]:
    """Those of the ids under which the account has an event."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM events_event WHERE account_id = %s AND id = ANY(%s)",
            [account_id, list(event_ids)],
        )
        return {event_id for (event_id,) in cursor.fetchall()}


class Arrival(NamedTuple):
    """An event as it came in."""

    id: str
    customer_id: str
    name: str
    created_at: datetime.datetime
    received_at: datetime.datetime
    custom_attributes: str  # JSON text


LOOKED_THROUGH = 10_000
_MAX_NAMES = (
    1_000  # of a customer's events that are looked through for a part of a name, under each of
)
_MAX_IDS = 20  # its ids
# A customer's events as they came in.
_RECEIVED_JSON = {"created_at": JSON_DIGITS, "success": JSON_NUMBER, "received_at": JSON_DIGITS}
_RECEIVED = {
    "received_at": UNIX_SECONDS.format("received_at"),
    "custom_attributes": "custom_attributes::text",
}


def newest_events(*, account_id: int, name_part: str = "", limit: int) -> list[Arrival]:
    """The events that came in last, the newest first; with a part of a name, in any case, among the last ``LOOKED_THROUGH``.

    Walks events_by_received_at. A filter cannot make it walk far: what is looked for may be rare.
    """
    source = "events_event WHERE account_id = %(account_id)s"
    if name_part:
        source = (
            f"(SELECT * FROM {source} ORDER BY received_at DESC LIMIT {LOOKED_THROUGH}) AS newest"
            " WHERE strpos(lower(name), lower(%(name_part)s)) > 0"
        )
    with read_cursor() as cursor:
        cursor.execute(
            f"SELECT id, customer_id, name, created_at, received_at, custom_attributes::text FROM {source}"
            " ORDER BY received_at DESC, id DESC LIMIT %(limit)s",
            {"account_id": account_id, "name_part": name_part, "limit": limit},
        )
        return [Arrival(*row) for row in cursor.fetchall()]


def newest_events_of(
    *, account_id: int, customer_id: str, name_part: str = "", limit: int
) -> list[Arrival]:
    """The same of one customer, however long ago: those that happened last, in the order of their ``created_at``.

    Walks the customer's part of events_by_customer_name, as its timeline does.
    """
    definition, ids = timeline_of(account_id=account_id, customer_id=customer_id)
    equal = {"customer_id": ids}
    if name_part:
        equal["name"] = _names_of(account_id, ids, name_part)
    listed = dataclasses.replace(
        definition, columns={**definition.columns, **_RECEIVED}, json=_RECEIVED_JSON
    )
    rows, _ = page(ListQuery(listed, equal, sort="-created_at", limit=limit), account_id=account_id)
    return [_arrival(row) for row in rows]


def _names_of(account_id: int, customer_ids: list[str], part: str) -> list[str]:
    """The names of a customer's events that have this part; as many as a list may be filtered by."""
    names: set[str] = set()
    for customer_id in customer_ids[:_MAX_IDS]:
        equal = {"account_id": account_id, "customer_id": customer_id}
        names.update(distinct_values("events_event", "name", equal, _MAX_NAMES))
    return sorted(name for name in names if part.lower() in name.lower())[:MAX_VALUES]


def _arrival(row: bytes) -> Arrival:
    fields = orjson.loads(row)
    created_at, received_at = (parse_time(fields[name]) for name in ("created_at", "received_at"))
    attributes = fields["custom_attributes"]
    return Arrival(
        fields["id"], fields["customer_id"], fields["name"], created_at, received_at, attributes
    )


def newest_of_customer(*, account_id: int, customer_id: str, limit: int) -> list[str]:
    """The ids of a customer's newest events, whichever of the customer's ids they are stored under; the newest first.

    Steps through the names in events_by_customer_name: a customer with many events costs no more
    than one with some.
    """
    definition, ids = timeline_of(account_id=account_id, customer_id=customer_id)
    query = ListQuery(definition, equal={"customer_id": ids}, sort="-created_at", limit=limit)
    return keys(query, account_id=account_id)


def accounts_with(*, account_ids: list[int], text: str, limit: int) -> tuple[list[int], list[int]]:
    """Those of the accounts that have events of the customer of this id, and those that have an event of it.

    Steps into events_by_customer_name and the primary key for each account.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.id, found.by FROM unnest(%(accounts)s::bigint[]) AS account (id), LATERAL (
                (SELECT 'customer_id' AS by FROM events_event
                 WHERE account_id = account.id AND customer_id = %(text)s LIMIT 1) UNION ALL
                SELECT 'id' FROM events_event WHERE account_id = account.id AND id = %(text)s
            ) AS found LIMIT %(limit)s
            """,
            {"accounts": account_ids, "text": text, "limit": limit},
        )
        rows = cursor.fetchall()
    return [account for account, by in rows if by == "customer_id"], [
        account for account, by in rows if by == "id"
    ]


def customer_days(
    *, account_id: int, customer_ids: list[str], since: datetime.datetime, until: datetime.datetime
) -> list[tuple[datetime.date, str, int]]:
    """How many events of each name a customer has on each day (UTC) from ``since`` to ``until``, under all these ids.

    Walks the customer's part of events_by_customer_name.
    """
    with read_cursor() as cursor:
        cursor.execute(
            """
            SELECT (created_at AT TIME ZONE 'UTC')::date, name, count(*) FROM events_event
            WHERE account_id = %s AND customer_id = ANY(%s) AND created_at >= %s AND created_at < %s GROUP BY 1, 2
            """,
            [account_id, customer_ids, since, until],
        )
        rows: list[tuple[datetime.date, str, int]] = cursor.fetchall()
    return rows
