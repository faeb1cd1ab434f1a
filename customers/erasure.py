"""Erases a customer and all its data."""

import itertools
from typing import NamedTuple, Protocol

from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.aliases import forget_aliases, ids_of
from customers.queries import LIST
from customers.statements import ONE
from rejections.services import erase_rejections
from traitly.db.retries import retried_if_rolled_back
from traitly.db.timeouts import slow_statements


class Eraser(Protocol):
    """Removes further data of a customer and returns the number of rows."""

    def __call__(self, *, account_id: int, customer_id: str) -> int:
        """Runs in the transaction of ``erase_customer``."""


# Apps that hold customers' data, and may not be imported here, register an eraser in
# AppConfig.ready(), under the name by which the response counts its rows.
ERASERS: dict[str, Eraser] = {}


class ErasureListener(Protocol):
    """Records that a customer was erased."""

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
    with slow_statements(), connection.cursor() as cursor:  # there may be millions of events
        ids = ids_of(account_id=account_id, customer_id=customer_id)
        parts = {
            each: _erase(cursor, account_id, each) for each in sorted(ids)
        }  # always in the same order, to avoid deadlocks
        forget_aliases(account_id=account_id, customer_ids=ids)
        erased = [each for each in ids if parts[each].customer or any(parts[each].counts.values())]
        for each, listener in itertools.product(erased, ERASURE_LISTENERS.values()):
            listener(account_id=account_id, customer_id=each)
    if not erased:
        return None
    counts = {name: sum(part.counts[name] for part in parts.values()) for name in ERASERS}
    return Erased(
        next((parts[each].customer for each in ids if parts[each].customer), None), counts
    )


def _erase(cursor: CursorWrapper, account_id: int, customer_id: str) -> Erased:
    """Erase what is stored under one id."""
    # The customer comes last, in every erasure: those that found none would else hold what others
    # wait for, and wait for the row that these have.
    counts = {
        name: erase(account_id=account_id, customer_id=customer_id)
        for name, erase in ERASERS.items()
    }
    erase_rejections(account_id=account_id, customer_id=customer_id)
    parameters: dict[str, int | str] = {"account_id": account_id, "path": customer_id}
    # A subquery: Citus takes no function in RETURNING that is not immutable, and concat() is not.
    cursor.execute(
        f"DELETE FROM customers_customer {ONE} RETURNING (SELECT {LIST.json_sql})", parameters
    )
    row = cursor.fetchone()
    # After the customer: nobody who waited for it can write these any more.
    cursor.execute(
        f"DELETE FROM customers_change {ONE}; DELETE FROM customers_history {ONE}", parameters
    )
    return Erased(row[0].encode() if row else None, counts)
