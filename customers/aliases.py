"""Further ids of a customer, such as an earlier anonymous one. Reading follows them; nothing is rewritten.

An alias says that ``previous_id`` is ``customer_id``. Aliases may follow one another; each row also
has the ``root_id`` where they lead, so that every reader looks into one index once.
"""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection, transaction

from accounts.queries import OPEN_ACCOUNT
from customers.models import Alias
from traitly.db.retries import retried

MAX_IDS = 1_000  # per customer; readers follow only the first ones, in order


class NewAlias(NamedTuple):
    """A statement that two ids are one customer. ``reason`` is one of ``Alias.Reason``."""

    previous_id: str
    customer_id: str
    reason: str


def root_of(*, account_id: int, customer_id: str) -> str:
    """The customer's current id: ``customer_id`` itself, unless it is an alias."""
    found = Alias.objects.filter(account_id=account_id, previous_id=customer_id).values_list(
        "root_id", flat=True
    )
    return found.first() or customer_id


_IDS = f"""
WITH root AS MATERIALIZED (
    SELECT coalesce((
        SELECT root_id FROM customers_alias WHERE account_id = %(account_id)s AND previous_id = %(customer_id)s
    ), %(customer_id)s) AS id
)
SELECT id FROM root UNION ALL (
    SELECT previous_id FROM customers_alias WHERE account_id = %(account_id)s AND root_id = (SELECT id FROM root)
    ORDER BY previous_id LIMIT {MAX_IDS - 1}
)
"""


@retried
def ids_of(*, account_id: int, customer_id: str) -> list[str]:
    """All ids of the customer, the current one first."""
    with connection.cursor() as cursor:
        cursor.execute(_IDS, {"account_id": account_id, "customer_id": customer_id})
        return [each for (each,) in cursor.fetchall()]


def aliases_of(*, account_id: int, customer_id: str) -> list[Alias]:
    """The aliases of a customer, given any of its ids."""
    root = root_of(account_id=account_id, customer_id=customer_id)
    return list(
        Alias.objects.filter(account_id=account_id, root_id=root).order_by("previous_id")[:MAX_IDS]
    )


def has_aliases(*, account_id: int) -> bool:
    """Whether the account has any; if not, its lists need not look for them."""
    return Alias.objects.filter(account_id=account_id).exists()


_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('customers_alias', %(account_id)s))"
_INSERT = f"""
INSERT INTO customers_alias (account_id, previous_id, customer_id, root_id, reason, created_at)
SELECT %(account_id)s::bigint, %(previous_id)s, %(customer_id)s, %(root_id)s, %(reason)s, %(now)s WHERE {OPEN_ACCOUNT}
ON CONFLICT (account_id, previous_id) DO UPDATE
SET customer_id = EXCLUDED.customer_id, root_id = EXCLUDED.root_id, reason = EXCLUDED.reason,
    created_at = EXCLUDED.created_at
"""
# Every alias that leads to the id, directly or not, gets the id's own root.
_MOVE = """
WITH RECURSIVE moved (previous_id) AS (
    SELECT previous_id FROM customers_alias WHERE account_id = %(account_id)s AND customer_id = %(customer_id)s
        AND root_id IN (%(old_root)s, %(customer_id)s)
    UNION
    SELECT alias.previous_id FROM customers_alias AS alias JOIN moved
        ON alias.account_id = %(account_id)s AND alias.customer_id = moved.previous_id
        AND alias.root_id IN (%(old_root)s, %(customer_id)s)
)
UPDATE customers_alias SET root_id = %(root_id)s
WHERE account_id = %(account_id)s AND previous_id IN (SELECT previous_id FROM moved)
"""


@retried
def add_aliases(
    *, account_id: int, aliases: Sequence[NewAlias], now: datetime.datetime
) -> list[NewAlias]:
    """Store aliases, committed on return. Returns the refused ones, which would form a cycle.

    Known aliases write nothing. An alias to a different customer than before replaces the earlier
    one.
    """
    refused = []
    known = set(
        Alias.objects.filter(
            account_id=account_id, previous_id__in=[alias.previous_id for alias in aliases]
        ).values_list("previous_id", "customer_id")
    )
    new = [
        alias
        for alias in dict.fromkeys(aliases)
        if (alias.previous_id, alias.customer_id) not in known
    ]
    if not new:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _LOCK, {"account_id": account_id}
        )  # roots are read and then written, so one request at a time
        for alias in new:
            root = root_of(account_id=account_id, customer_id=alias.customer_id)
            if alias.previous_id in {root, alias.customer_id}:
                refused.append(alias)
                continue
            old_root = root_of(account_id=account_id, customer_id=alias.previous_id)
            cursor.execute(
                _INSERT, {**alias._asdict(), "account_id": account_id, "root_id": root, "now": now}
            )
            _move(account_id, alias.previous_id, old_root, root)
    return refused


@retried
def delete_alias(*, account_id: int, customer_id: str, previous_id: str) -> Alias | None:
    """Separate an id from the customer again, with the ids that lead to it; the alias, None if there is none."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, {"account_id": account_id})
        root = root_of(account_id=account_id, customer_id=customer_id)
        alias = Alias.objects.filter(
            account_id=account_id, previous_id=previous_id, root_id=root
        ).first()
        if alias is None:
            return None
        Alias.objects.filter(account_id=account_id, previous_id=previous_id).delete()
        _move(account_id, previous_id, root, previous_id)
    return alias


def forget_aliases(*, account_id: int, customer_ids: Sequence[str]) -> None:
    """Erase every alias that names one of these ids. Runs in the transaction of ``erase_customer``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_alias WHERE account_id = %(account_id)s AND (previous_id = ANY(%(ids)s)"
            " OR root_id = ANY(%(ids)s))",
            {"account_id": account_id, "ids": list(customer_ids)},
        )


def _move(account_id: int, customer_id: str, old_root: str, root: str) -> None:
    """Give those that lead to ``customer_id`` their new root."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            {
                "account_id": account_id,
                "customer_id": customer_id,
                "old_root": old_root,
                "root_id": root,
            },
        )
