"""Everything that writes customers, except erasures (``customers.erasure``)."""

import functools
import operator
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain, islice
from typing import Any, NamedTuple

import orjson
from django.db import IntegrityError, connection, transaction
from psycopg2.errors import CheckViolation

from accounts.queries import check_open
from customers.columns import ATTRIBUTES, KEY, REPLACED, TEXT, Column
from customers.queries import LIST
from customers.quotas import check_room, count_created
from customers.schemas import CustomerChanges, SentCustomer, in_one
from customers.statements import (
    BITS,
    FOLLOWS,
    FOLLOWS_IN_STEPS,
    ONE,
    REPAIR,
    RETURNED,
    STAMP,
    UPSERTS,
    UPSERTS_IN_STEPS,
)
from traitly.db.arrays import packed, packed_nullable
from traitly.db.citus import is_distributed
from traitly.db.clock import ARRIVAL
from traitly.db.group_commit import GroupCommit
from traitly.db.ids import new_text_id
from traitly.db.retries import retried
from traitly.input.errors import TooLargeError

_REQUIRED = sum(BITS[each.name] for each in REPLACED if each.required)

# How often a request updates one customer separately: each update reads all earlier versions of the
# row in its transaction, so the cost is quadratic (4,000 updates took 12 s). And the bytes of such
# a response, which repeats growing attributes for each item.
_MAX_ROUNDS = 100
_MAX_GROUPED = 100  # customers; a request with more gets its own statement
_MAX_RESPONSE_BYTES = 64 * 1024 * 1024


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


class Upserted(NamedTuple):
    """A customer as stored: its row's JSON text, whether it is new, and whether anything changed."""

    json: bytes
    created: bool
    changed: bool


def upsert_customers(*, account_id: int, customers: Sequence[SentCustomer]) -> list[Upserted]:
    """Create or update the customers, committed on return; returns each as stored, in the order given.

    What concurrent requests of an account bring is stored together, one request after the other.
    ``QuotaExceededError`` if new ones are more than the account may store.
    """
    if not customers:
        return []
    check_room(account_id=account_id, customer_ids={each.customer_id for each in customers})
    alone = len(customers) > _MAX_GROUPED or connection.in_atomic_block
    stored = (_upsert_all if alone else _upsert_grouped)(account_id, customers)
    count_created(account_id=account_id, created=sum(each.created for each in stored))
    return stored


def _upsert_requests(
    account_id: int, requests: Sequence[Sequence[SentCustomer]]
) -> list[list[Upserted]]:
    """Store the customers of some requests; returns those of each."""
    stored = iter(_upsert_all(account_id, list(chain.from_iterable(requests))))
    return [list(islice(stored, len(request))) for request in requests]


_upsert_grouped = GroupCommit(_upsert_requests)


@retried
def _upsert_all(account_id: int, customers: Sequence[SentCustomer]) -> list[Upserted]:
    """The same, of one request or several.

    A customer that occurs twice is applied twice, in order.
    """
    if len({customer.customer_id for customer in customers}) < len(customers):
        return _upsert_in_rounds(account_id, customers)
    stored = _upsert(account_id, customers)
    return [stored[customer.customer_id] for customer in customers]


def _upsert_in_rounds(account_id: int, customers: Sequence[SentCustomer]) -> list[Upserted]:
    """The same, if some customers occur several times.

    Each round holds a customer once, because one statement cannot update a row twice. What comes
    after ``_MAX_ROUNDS`` is applied at once. ``TooLargeError`` where the answer would repeat so
    much that it outgrows memory.
    """
    rounds: list[dict[str, list[int]]] = []  # customer_id to its positions in ``customers``
    times: dict[str, int] = {}
    for position, customer in enumerate(customers):
        nth = times[customer.customer_id] = min(
            times.get(customer.customer_id, -1) + 1, _MAX_ROUNDS - 1
        )
        if nth == len(rounds):
            rounds.append({})
        rounds[nth].setdefault(customer.customer_id, []).append(position)
    results: dict[int, Upserted] = {}
    size = 0
    with transaction.atomic() if len(rounds) > 1 else nullcontext():
        for positions in rounds:
            stored = _upsert(
                account_id, [in_one([customers[at] for at in each]) for each in positions.values()]
            )
            results |= {
                at: stored[customer_id] for customer_id, each in positions.items() for at in each
            }
            size += sum(
                len(stored[customer_id].json) * len(each) for customer_id, each in positions.items()
            )
            if size > _MAX_RESPONSE_BYTES:
                raise TooLargeError(
                    "The response would be too large. Split the body into several requests."
                )
    return [results[position] for position in range(len(customers))]


def _upsert(account_id: int, customers: Sequence[SentCustomer]) -> dict[str, Upserted]:
    # In the order of customer_id: two requests with the same customers in opposite orders would
    # deadlock.
    chosen = sorted(customers, key=operator.attrgetter("customer_id"))
    masks = _unsent(chosen)
    ((usually_unsent, _),) = Counter(masks).most_common(1)
    unusual = {
        each.customer_id: mask
        for each, mask in zip(chosen, masks, strict=True)
        if mask != usually_unsent
    }
    nowhere = functools.reduce(operator.and_, set(masks))
    removed = {each.customer_id: each.removed for each in chosen if each.removed}
    parameters = {
        "account_id": account_id,
        "id": packed([new_text_id() for _ in chosen]),
        KEY: packed([each.customer_id for each in chosen]),
        **{
            each.name: None if nowhere & BITS[each.name] else _packed_column(each, chosen)
            for each in REPLACED
        },
        **{f"new_{each.name}": each.kind.write(each.unsent()) for each in REPLACED if each.unsent},
        ATTRIBUTES: packed([each.attributes.decode() for each in chosen]),
        "usually_unsent": usually_unsent,
        "unsent": orjson.dumps(unusual).decode(),
        "removed": orjson.dumps(removed).decode(),
    }
    statement = any(mask & _REQUIRED for mask in set(masks)), not unusual and not removed
    with _bounded(), connection.cursor() as cursor:
        if is_distributed():
            rows = UPSERTS_IN_STEPS[statement].execute(cursor, parameters)
        else:
            UPSERTS[statement].execute(cursor, parameters)
            rows = cursor.fetchall()
        stored = {
            customer_id: Upserted(row_json.encode(), created, changed)
            for customer_id, created, changed, row_json in rows
        }
    if not stored:
        check_open(account_id=account_id)
    if len(stored) < len(chosen):
        stored |= _upsert(
            account_id, [customer for customer in chosen if customer.customer_id not in stored]
        )
    return stored


def _unsent(customers: Sequence[SentCustomer]) -> list[int]:
    """The mask of each customer's columns that were not sent. Most customers of a request have the same fields."""
    masks: dict[tuple[str, ...], int] = {}
    found = []
    for customer in customers:
        names = tuple(customer.fields)
        mask = masks.get(names)
        if mask is None:
            mask = masks[names] = sum(
                bit for name, bit in BITS.items() if name not in customer.fields
            )
        found.append(mask)
    return found


def _packed_column(column: Column, customers: Sequence[SentCustomer]) -> str:
    """A column's values as the parameter of the statement."""
    name, write = column.name, column.kind.write
    values: list[Any] = [customer.fields.get(name) for customer in customers]
    if column.kind is not TEXT:
        values = [None if value is None else write(value) for value in values]
    return packed_nullable(values)


_PATCHED_ATTRIBUTES = (
    "(stored.custom_attributes - %(removed)s::text[]) || %(custom_attributes)s::jsonb"
)


@retried
def update_customer(*, account_id: int, customer_id: str, changes: CustomerChanges) -> bytes | None:
    """Change the sent fields of a customer; returns its row's JSON text, or None if there is no such customer.

    What changes nothing writes nothing.
    """
    patched = {name: f"%({name})s" for name in changes.fields} | {ATTRIBUTES: _PATCHED_ATTRIBUTES}
    unchanged = " AND ".join(
        f"stored.{name} IS NOT DISTINCT FROM {new}" for name, new in patched.items()
    )
    update = f"""
        UPDATE customers_customer AS stored SET
            {", ".join(f"{name} = {new}" for name, new in patched.items())}, {STAMP.format(now=ARRIVAL)}
        {ONE} AND NOT ({unchanged})"""
    read = f"SELECT {LIST.json_sql} FROM customers_customer {ONE}"
    parameters = {
        **changes.fields,
        "account_id": account_id,
        "path": customer_id,
        ATTRIBUTES: changes.attributes.decode(),
        "removed": changes.removed,
    }
    with _bounded(), connection.cursor() as cursor:
        if is_distributed():
            with transaction.atomic():
                cursor.execute(update, parameters)
                if cursor.rowcount:
                    cursor.execute(
                        FOLLOWS_IN_STEPS, {"account_id": account_id, "changed": [customer_id]}
                    )
                cursor.execute(read, parameters)
        else:
            # The second statement sees what the first one, if it waited for others, has found.
            first = f"WITH stored AS ({update} RETURNING {RETURNED}), {FOLLOWS} SELECT FROM stored"
            cursor.execute(f"{first}; {read}", parameters)
        row = cursor.fetchone()
    return row[0].encode() if row else None


def repair_changes(*, account_id: int) -> int:
    """Make ``Change`` agree with the account's customers; returns how many rows it changed.

    Only a version of the server without ``Change`` can have left differences.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(REPAIR, {"account_id": account_id})
        repaired: int = cursor.rowcount
    return repaired
