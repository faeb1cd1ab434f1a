"""Everything that writes customers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from operator import attrgetter
from typing import NamedTuple, Protocol

import orjson
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg2.errors import CheckViolation

from accounts.queries import OPEN_ACCOUNT, check_open
from customers.columns import ATTRIBUTES, KEY, OPTIONAL, REPLACED, Column
from customers.queries import LIST
from customers.schemas import CustomerChanges, SentCustomer, in_one
from rejections.services import erase_rejections
from traitly.db.arrays import UNPACKED, array_text, packed
from traitly.db.ids import new_text_id
from traitly.db.prepared import Prepared
from traitly.db.retries import retried
from traitly.db.timeouts import slow_statements
from traitly.input.errors import TooLargeError

# The columns that a POST may leave out, each with its bit in the mask of those that it did.
_BITS = {each.name: 1 << position for position, each in enumerate(OPTIONAL)}

# How often a request is applied to one customer by itself: an update walks over all that its transaction wrote of the row
# before, so the cost grows by the square (4,000 times took 12 s). And how many bytes such a request is answered:
# attributes that grow with each item are answered with each.
_MOST_ROUNDS = 100
_MOST_ANSWER_BYTES = 64 * 1024 * 1024

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
        detail = "With those that are stored, a customer's attributes would be larger than 128 KiB. Nothing was stored."
        raise TooLargeError(detail) from error


def _unless_unsent(field: str) -> str:
    """SQL: the stored value where the request left the field out, else the sent one."""
    mask = "coalesce(((SELECT unsent FROM given) -> EXCLUDED.customer_id)::int, %(usually_unsent)s::int)"
    return f"CASE WHEN {mask} & {_BITS[field]} = 0 THEN EXCLUDED.{field} ELSE stored.{field} END"


_MERGED_ATTRIBUTES = """
    CASE WHEN (SELECT removed FROM given) ? EXCLUDED.customer_id
    THEN stored.custom_attributes
        - ARRAY(SELECT jsonb_array_elements_text((SELECT removed FROM given) -> EXCLUDED.customer_id))
    ELSE stored.custom_attributes END || EXCLUDED.custom_attributes"""

# What an update makes of each field.
_MERGED = {
    **{each.name: f"EXCLUDED.{each.name}" for each in REPLACED if each.required},
    **{each.name: _unless_unsent(each.name) for each in OPTIONAL},
    ATTRIBUTES: _MERGED_ATTRIBUTES,
}

# One statement creates or updates every row, so concurrent requests merge with what is stored by then and none is lost.
# ON CONFLICT shows its row of the request as EXCLUDED, which has the table's columns only: what else an update has to
# know (which fields to leave, which attributes to remove) it looks up by customer_id in ``given``.
_UPSERT = Prepared(
    f"""
WITH given AS (SELECT %(unsent)s::jsonb AS unsent, %(removed)s::jsonb AS removed)
INSERT INTO customers_customer AS stored (
    account_id, id, customer_id, {", ".join(each.name for each in REPLACED)}, custom_attributes, updated_at
)
SELECT %(account_id)s::bigint, id::uuid, customer_id, {", ".join(f"{each.name}::{each.kind.cast}" for each in REPLACED)},
    custom_attributes::jsonb, %(now)s::timestamptz
FROM unnest({", ".join(map(UNPACKED.format, _PACKED))}, {", ".join(map("%({})s::text[]".format, _NULLABLE))})
    AS sent ({", ".join(_PACKED)}, {", ".join(_NULLABLE)})
WHERE {OPEN_ACCOUNT}
ON CONFLICT (account_id, customer_id) DO UPDATE SET
    {", ".join(f"{field} = {merged}" for field, merged in _MERGED.items())}, updated_at = EXCLUDED.updated_at
RETURNING customer_id, id::text, {LIST.answer}
"""  # noqa: S608  only names of our own columns are put in
)


class Upserted(NamedTuple):
    """A customer as stored: the JSON text of its answer, and whether it is new."""

    answer: bytes
    created: bool


@retried
def upsert_customers(*, account_id: int, customers: Sequence[SentCustomer]) -> list[Upserted]:
    """Create or update the customers, committed on return; each as it is stored then, in the order given.

    A customer that is given twice is applied twice, in order: each round holds a customer once, because one statement
    cannot update a row twice. What comes after ``_MOST_ROUNDS`` is applied at once. ``TooLargeError`` where the answer would
    repeat so much that it outgrows memory.
    """
    rounds: list[dict[str, list[int]]] = []  # customer_id to its positions in ``customers``
    times: dict[str, int] = {}
    for position, customer in enumerate(customers):
        nth = times[customer.customer_id] = min(times.get(customer.customer_id, -1) + 1, _MOST_ROUNDS - 1)
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
                size += sum(len(stored[customer_id].answer) * len(each) for customer_id, each in positions.items())
                if size > _MOST_ANSWER_BYTES:
                    raise TooLargeError("The answer to the body would be too large. Send it in parts.")
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
        "now": timezone.now(),
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
        _UPSERT.execute(cursor, parameters)
        stored = {
            customer_id: Upserted(answer.encode(), row_id in new) for customer_id, row_id, answer in cursor.fetchall()
        }
    if not stored:
        check_open(account_id=account_id)
    return stored


def _array(column: Column, customers: Sequence[SentCustomer]) -> str:
    """A column's values, as the parameter of the statement."""
    if column.nullable:
        return array_text(customer.fields.get(column.name) for customer in customers)
    unsent = column.unsent() if column.unsent else None
    write = column.kind.write
    return packed(write(customer.fields.get(column.name, unsent)) for customer in customers)


def _unsent(customer: SentCustomer) -> int:
    return sum(bit for field, bit in _BITS.items() if field not in customer.fields)


_ONE = "WHERE account_id = %(account_id)s AND customer_id = %(path)s"
_MERGE = "custom_attributes = (custom_attributes - %(removed)s::text[]) || %(attributes)s::jsonb"


@retried
def update_customer(*, account_id: int, customer_id: str, changes: CustomerChanges) -> bytes | None:
    """Change the sent fields of a customer; gives its answer's JSON text, or None if there is no such customer."""
    assignments = [f"{field} = %({field})s" for field in changes.fields]
    with _bounded(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE customers_customer SET {', '.join([*assignments, _MERGE, 'updated_at = %(now)s'])} {_ONE};"  # noqa: S608  our own names
            f"SELECT {LIST.answer} FROM customers_customer {_ONE}",
            {
                **changes.fields,
                "account_id": account_id,
                "path": customer_id,
                "now": timezone.now(),
                "attributes": changes.attributes.decode(),
                "removed": changes.removed,
            },
        )
        row = cursor.fetchone()
    return row[0].encode() if row else None


class Eraser(Protocol):
    """Removes what else is kept of a customer and gives how many rows that were."""

    def __call__(self, *, account_id: int, customer_id: str) -> int:
        """Runs in the transaction of ``erase_customer``."""


# What holds data of customers, and may not be imported from here, registers in its AppConfig.ready(): the name under
# which the answer counts it, and its eraser.
ERASERS: dict[str, Eraser] = {}


class Erased(NamedTuple):
    """What an erasure removed: the customer's last answer (None if only other rows were left), and counts."""

    customer: bytes | None
    counts: dict[str, int]


def erase_customer(*, account_id: int, customer_id: str) -> Erased | None:
    """Erase a customer and all that is kept of it, in one transaction; None if there was nothing.

    Events may have come without their customer: they are erased as well.
    """
    with slow_statements(), connection.cursor() as cursor:  # a customer may have millions of events
        # The customer comes last, in every erasure: those that found none would else hold what others wait for, and wait
        # for the row that these have.
        counts = {name: erase(account_id=account_id, customer_id=customer_id) for name, erase in ERASERS.items()}
        erase_rejections(account_id=account_id, customer_id=customer_id)
        cursor.execute(
            f"DELETE FROM customers_customer {_ONE} RETURNING {LIST.answer}",  # noqa: S608  our own names
            {"account_id": account_id, "path": customer_id},
        )
        row = cursor.fetchone()
    if row is None and not any(counts.values()):
        return None
    return Erased(row[0].encode() if row else None, counts)
