"""Everything that writes customers."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain, islice
from operator import attrgetter
from typing import NamedTuple, Protocol

import orjson
from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg2.errors import CheckViolation

from accounts.queries import OPEN_ACCOUNT, check_open
from customers.aliases import forget_aliases, ids_of
from customers.columns import ATTRIBUTES, HISTORIC, KEY, MERGED, REPLACED, Column
from customers.queries import LIST
from customers.quotas import check_room, count_created
from customers.schemas import CustomerChanges, SentCustomer, in_one
from rejections.services import erase_rejections
from traitly.db.arrays import UNPACKED, array_text, packed
from traitly.db.clock import ARRIVAL
from traitly.db.group_commit import GroupCommit
from traitly.db.ids import new_text_id
from traitly.db.prepared import Prepared
from traitly.db.retries import retried, retried_if_rolled_back
from traitly.db.timeouts import slow_statements
from traitly.input.errors import TooLargeError

# The columns that may be left out, each with its bit in the mask of those that were: a POST leaves out some, a profile of
# Segment's any.
_BITS = {each.name: 1 << position for position, each in enumerate(REPLACED)}
_REQUIRED = frozenset(each.name for each in REPLACED if each.required)

# How often a request is applied to one customer by itself: an update walks over all that its transaction wrote of the row
# before, so the cost grows by the square (4,000 times took 12 s). And how many bytes such a request is answered:
# attributes that grow with each item are answered with each.
_MAX_ROUNDS = 100
_MAX_GROUPED = 100  # customers of a request that shares a statement: more are worth one of their own
_MAX_RESPONSE_BYTES = 64 * 1024 * 1024

# What the statement takes as arrays: texts that are never null nor empty, and those that may be.
_PACKED = ("id", KEY, *(each.name for each in REPLACED if not each.nullable), ATTRIBUTES)
_NULLABLE = tuple(each.name for each in REPLACED if each.nullable)


@contextmanager
def _bounded() -> Iterator[None]:
    """``TooLargeError`` where an update makes more of a customer's attributes than customers_attributes_size allows."""
    try:
        yield
    except IntegrityError as error:
        if not isinstance(error.__cause__, CheckViolation):
            raise
        detail = "Merged with the stored ones, a customer's attributes would exceed 128 KiB. Nothing was stored."
        raise TooLargeError(detail) from error


# ON CONFLICT shows its row of the request as EXCLUDED, which has the table's columns only: what else an update has to
# know (which fields to leave, which attributes to remove) it looks up by customer_id. In scalar subqueries, because on
# Citus neither the statement's CTEs nor its parameters reach DO UPDATE.
_UNSENT = "coalesce(((SELECT %(unsent)s::jsonb) -> {row}.customer_id)::int, (SELECT %(usually_unsent)s::int))"
_REMOVED = "(SELECT %(removed)s::jsonb)"


def _merged(each: Column, row: str, *, profiles: bool) -> str:
    """SQL: what an update makes of a column that was stored, by a ``row`` of the request (EXCLUDED or sent).

    Of ``profiles`` any column may have been left out.
    """
    if each.name == ATTRIBUTES:
        keys = f"ARRAY(SELECT jsonb_array_elements_text({_REMOVED} -> {row}.customer_id))"
        return f"""CASE WHEN {_REMOVED} ? {row}.customer_id THEN stored.custom_attributes - {keys}
            ELSE stored.custom_attributes END || {row}.custom_attributes"""
    if each.required and not profiles:
        return f"{row}.{each.name}"
    unsent = _UNSENT.format(row=row)
    return f"CASE WHEN {unsent} & {_BITS[each.name]} = 0 THEN {row}.{each.name} ELSE stored.{each.name} END"


def _unchanged(row: str, *, profiles: bool) -> str:
    """SQL: whether an update would change nothing. First what changes most, then what is quickly compared."""
    columns = sorted(MERGED, key=lambda each: (each.name != ATTRIBUTES, not each.required))
    return " AND ".join(
        f"stored.{each.name} IS NOT DISTINCT FROM {_merged(each, row, profiles=profiles)}" for each in columns
    )


# What follows from a change, with the same statement. `stored` is the CTE that gives the rows that were changed or created.
_KEEP_CHANGE = """
    INSERT INTO customers_change (account_id, changed_at, customer_id, attributes)
    SELECT account_id, updated_at, customer_id, custom_attributes FROM {}
    ON CONFLICT (account_id, customer_id) DO UPDATE SET
        changed_at = EXCLUDED.changed_at, attributes = EXCLUDED.attributes"""
_FOLLOWS = f"""
change AS ({_KEEP_CHANGE.format("stored")}
), history AS (
    INSERT INTO customers_history (account_id, changed_at, customer_id, field, before, after)
    SELECT account_id, updated_at, customer_id, field, before, after FROM stored, LATERAL (VALUES
        {", ".join(f"('{each.name}', previous[{place}], {each.as_text()})" for place, each in enumerate(HISTORIC, start=1))}
    ) AS compared (field, before, after)
    WHERE previous IS NOT NULL AND before IS DISTINCT FROM after
)"""

# Set with every update. Each time is later than the one before, whatever the clock says.
_STAMP = f"""
    updated_at = greatest({{now}}, (stored.updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC'),
    previous = ARRAY[{", ".join(each.as_text("stored.") for each in HISTORIC)}]"""
_RETURNED = (
    f"account_id, customer_id, id, {', '.join(each.name for each in HISTORIC)}, updated_at, custom_attributes, previous"
)


def _sent(each: Column, *, profiles: bool) -> str:
    """SQL: a column as it was sent; of ``profiles`` empty where it must be something and was left out."""
    value = f"coalesce({each.name}, '')" if profiles and each.required else each.name
    return f"{value}::{each.kind.cast} AS {each.name}"


# One statement creates or updates every row, so concurrent requests merge with what is stored by then and none is lost.
# Rows that would change nothing are read and no more: no lock, no write, no time. Where such a row is only found under
# its lock, because others changed it meanwhile, the statement gives nothing of it.
def _upsert_statement(*, profiles: bool) -> Prepared:
    return Prepared(
        f"""
WITH sent AS MATERIALIZED (
    SELECT id::uuid, customer_id, {", ".join(_sent(each, profiles=profiles) for each in MERGED)}
    FROM unnest({", ".join(map(UNPACKED.format, _PACKED))}, {", ".join(map("%({})s::text[]".format, _NULLABLE))})
        AS sent ({", ".join(_PACKED)}, {", ".join(_NULLABLE)})
    WHERE {OPEN_ACCOUNT}
), same AS MATERIALIZED (
    SELECT customer_id, {LIST.json_sql} AS row_json FROM (
        SELECT stored.* FROM sent JOIN customers_customer AS stored
            ON stored.account_id = %(account_id)s::bigint AND stored.customer_id = sent.customer_id
        WHERE {_unchanged("sent", profiles=profiles)}
    ) AS found
), stored AS (
    INSERT INTO customers_customer AS stored (
        account_id, id, customer_id, {", ".join(each.name for each in MERGED)}, updated_at
    )
    SELECT %(account_id)s::bigint, id, customer_id, {", ".join(each.name for each in MERGED)}, {ARRIVAL} FROM sent
    WHERE customer_id NOT IN (SELECT customer_id FROM same) ORDER BY customer_id
    ON CONFLICT (account_id, customer_id) DO UPDATE SET
        {", ".join(f"{each.name} = {_merged(each, 'EXCLUDED', profiles=profiles)}" for each in MERGED)}, {_STAMP.format(now="EXCLUDED.updated_at")}
    WHERE NOT ({_unchanged("EXCLUDED", profiles=profiles)})
    RETURNING {_RETURNED}, {LIST.json_sql} AS row_json
), {_FOLLOWS}
SELECT customer_id, id::text, row_json FROM stored UNION ALL SELECT customer_id, '', row_json FROM same
"""
    )


_UPSERT = _upsert_statement(profiles=False)
_UPSERT_PROFILES = _upsert_statement(profiles=True)


class Upserted(NamedTuple):
    """A customer as stored: the JSON text of its answer, whether it is new, and whether anything of it is."""

    json: bytes
    created: bool
    changed: bool


def upsert_customers(*, account_id: int, customers: Sequence[SentCustomer]) -> list[Upserted]:
    """Create or update the customers, committed on return; each as it is stored then, in the order given.

    What concurrent requests of an account bring is stored together, one request after the other. ``QuotaExceededError``
    if new ones are more than the account may store.
    """
    if not customers:
        return []
    check_room(account_id=account_id, customer_ids={each.customer_id for each in customers})
    alone = len(customers) > _MAX_GROUPED or connection.in_atomic_block
    stored = (_upsert_all if alone else _upsert_grouped)(account_id, customers)
    count_created(account_id=account_id, created=sum(each.created for each in stored))
    return stored


def _upsert_requests(account_id: int, requests: Sequence[Sequence[SentCustomer]]) -> list[list[Upserted]]:
    """Store the customers of some requests; gives those of each."""
    stored = iter(_upsert_all(account_id, list(chain.from_iterable(requests))))
    return [list(islice(stored, len(request))) for request in requests]


_upsert_grouped = GroupCommit(_upsert_requests)


@retried
def _upsert_all(account_id: int, customers: Sequence[SentCustomer]) -> list[Upserted]:
    """The same, of one request or several.

    A customer that is given twice is applied twice, in order: each round holds a customer once, because one statement
    cannot update a row twice. What comes after ``_MAX_ROUNDS`` is applied at once. ``TooLargeError`` where the answer would
    repeat so much that it outgrows memory.
    """
    rounds: list[dict[str, list[int]]] = []  # customer_id to its positions in ``customers``
    times: dict[str, int] = {}
    for position, customer in enumerate(customers):
        nth = times[customer.customer_id] = min(times.get(customer.customer_id, -1) + 1, _MAX_ROUNDS - 1)
        if nth == len(rounds):
            rounds.append({})
        rounds[nth].setdefault(customer.customer_id, []).append(position)
    results: dict[int, Upserted] = {}
    size = 0
    with transaction.atomic() if len(rounds) > 1 else nullcontext():
        for positions in rounds:
            stored = _upsert(account_id, [in_one([customers[at] for at in each]) for each in positions.values()])
            results |= {at: stored[customer_id] for customer_id, each in positions.items() for at in each}
            if len(rounds) > 1:
                size += sum(len(stored[customer_id].json) * len(each) for customer_id, each in positions.items())
                if size > _MAX_RESPONSE_BYTES:
                    raise TooLargeError("The response would be too large. Split the body into several requests.")
    return [results[position] for position in range(len(customers))]


def _upsert(account_id: int, customers: Sequence[SentCustomer]) -> dict[str, Upserted]:
    # In the order of customer_id: two requests with the same customers in opposite orders would wait for each other.
    chosen = sorted(customers, key=attrgetter("customer_id"))
    ids = [new_text_id() for _ in chosen]
    unsent = {customer.customer_id: _unsent(customer) for customer in chosen}
    ((usually_unsent, _),) = Counter(unsent.values()).most_common(1)
    unusual = {customer_id: mask for customer_id, mask in unsent.items() if mask != usually_unsent}
    removed = {customer.customer_id: customer.removed for customer in chosen if customer.removed}
    parameters = {
        "account_id": account_id,
        "id": packed(ids),
        KEY: packed(customer.customer_id for customer in chosen),
        **{each.name: _array(each, chosen) for each in REPLACED},
        ATTRIBUTES: packed(customer.attributes.decode() for customer in chosen),
        "usually_unsent": usually_unsent,
        "unsent": orjson.dumps(unusual).decode(),
        "removed": orjson.dumps(removed).decode(),
    }
    new = set(ids)
    with _bounded(), connection.cursor() as cursor:
        statement = _UPSERT if all(customer.fields.keys() >= _REQUIRED for customer in chosen) else _UPSERT_PROFILES
        statement.execute(cursor, parameters)
        stored = {
            customer_id: Upserted(row_json.encode(), row_id in new, bool(row_id))
            for customer_id, row_id, row_json in cursor.fetchall()
        }
    if not stored:
        check_open(account_id=account_id)
    if len(stored) < len(chosen):
        stored |= _upsert(account_id, [customer for customer in chosen if customer.customer_id not in stored])
    return stored


def _array(column: Column, customers: Sequence[SentCustomer]) -> str:
    """A column's values, as the parameter of the statement."""
    if column.nullable:
        return array_text(customer.fields.get(column.name) for customer in customers)
    unsent = column.unsent() if column.unsent else ""
    write = column.kind.write
    return packed(write(customer.fields.get(column.name, unsent)) for customer in customers)


def _unsent(customer: SentCustomer) -> int:
    return sum(bit for field, bit in _BITS.items() if field not in customer.fields)


_ONE = "WHERE account_id = %(account_id)s AND customer_id = %(path)s"
_PATCHED_ATTRIBUTES = "(stored.custom_attributes - %(removed)s::text[]) || %(custom_attributes)s::jsonb"


@retried
def update_customer(*, account_id: int, customer_id: str, changes: CustomerChanges) -> bytes | None:
    """Change the sent fields of a customer; gives its answer's JSON text, or None if there is no such customer.

    What changes nothing writes nothing.
    """
    patched = {name: f"%({name})s" for name in changes.fields} | {ATTRIBUTES: _PATCHED_ATTRIBUTES}
    unchanged = " AND ".join(f"stored.{name} IS NOT DISTINCT FROM {new}" for name, new in patched.items())
    with _bounded(), connection.cursor() as cursor:
        # The second statement sees what the first one, if it waited for others, has found.
        cursor.execute(
            f"""
            WITH stored AS (
                UPDATE customers_customer AS stored SET
                    {", ".join(f"{name} = {new}" for name, new in patched.items())}, {_STAMP.format(now=ARRIVAL)}
                {_ONE} AND NOT ({unchanged}) RETURNING {_RETURNED}
            ), {_FOLLOWS}
            SELECT FROM stored; SELECT {LIST.json_sql} FROM customers_customer {_ONE}
            """,
            {
                **changes.fields,
                "account_id": account_id,
                "path": customer_id,
                ATTRIBUTES: changes.attributes.decode(),
                "removed": changes.removed,
            },
        )
        row = cursor.fetchone()
    return row[0].encode() if row else None


def repair_changes(*, account_id: int) -> int:
    """Make ``Change`` of the account's customers agree with them; gives how many it had to change.

    Only a version of the server that knew no ``Change`` can have left them apart.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_REPAIR, {"account_id": account_id})
        repaired: int = cursor.rowcount
    return repaired


_REPAIR = f"""
WITH stale AS (
    SELECT stored.account_id, stored.updated_at, stored.customer_id, stored.custom_attributes
    FROM customers_customer AS stored LEFT JOIN customers_change AS change
        ON change.account_id = stored.account_id AND change.customer_id = stored.customer_id
    WHERE stored.account_id = %(account_id)s
        AND (change.changed_at, change.attributes) IS DISTINCT FROM (stored.updated_at, stored.custom_attributes)
    FOR UPDATE OF stored
)
{_KEEP_CHANGE.format("stale")}
"""


class Eraser(Protocol):
    """Removes what else is kept of a customer and gives how many rows that were."""

    def __call__(self, *, account_id: int, customer_id: str) -> int:
        """Runs in the transaction of ``erase_customer``."""


# What holds data of customers, and may not be imported from here, registers in its AppConfig.ready(): the name under
# which the answer counts it, and its eraser.
ERASERS: dict[str, Eraser] = {}


class ErasureListener(Protocol):
    """Writes down that a customer was erased."""

    def __call__(self, *, account_id: int, customer_id: str) -> None:
        """Runs in the transaction of ``erase_customer``, once it has erased something."""


ERASURE_LISTENERS: dict[str, ErasureListener] = {}  # register as ERASERS do


class Erased(NamedTuple):
    """What an erasure removed: the customer's last answer (None if only other rows were left), and counts."""

    customer: bytes | None
    counts: dict[str, int]


@retried_if_rolled_back
def erase_customer(*, account_id: int, customer_id: str) -> Erased | None:
    """Erase a customer, under all of its ids, and all that is kept of it; None if there was nothing. One transaction.

    Events may have come without their customer: they are erased as well.
    """
    with slow_statements(), connection.cursor() as cursor:  # a customer may have millions of events
        ids = ids_of(account_id=account_id, customer_id=customer_id)
        parts = {each: _erase(cursor, account_id, each) for each in sorted(ids)}  # one order: nobody waits in a circle
        forget_aliases(account_id=account_id, customer_ids=ids)
        erased = [each for each in ids if parts[each].customer or any(parts[each].counts.values())]
        for each, listener in itertools.product(erased, ERASURE_LISTENERS.values()):
            listener(account_id=account_id, customer_id=each)
    if not erased:
        return None
    counts = {name: sum(part.counts[name] for part in parts.values()) for name in ERASERS}
    return Erased(next((parts[each].customer for each in ids if parts[each].customer), None), counts)


def _erase(cursor: CursorWrapper, account_id: int, customer_id: str) -> Erased:
    """What is kept under one id."""
    # The customer comes last, in every erasure: those that found none would else hold what others wait for, and wait
    # for the row that these have.
    counts = {name: erase(account_id=account_id, customer_id=customer_id) for name, erase in ERASERS.items()}
    erase_rejections(account_id=account_id, customer_id=customer_id)
    parameters: dict[str, int | str] = {"account_id": account_id, "path": customer_id}
    cursor.execute(f"DELETE FROM customers_customer {_ONE} RETURNING {LIST.json_sql}", parameters)
    row = cursor.fetchone()
    # After the customer: nobody who waited for it can write to these any more.
    cursor.execute(f"DELETE FROM customers_change {_ONE}; DELETE FROM customers_history {_ONE}", parameters)
    return Erased(row[0].encode() if row else None, counts)
