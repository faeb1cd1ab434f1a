"""Whether more customers fit into an account's quota (``accounts.quotas``)."""

import time
from collections.abc import Set as AbstractSet

from accounts.quotas import max_customers
from customers.queries import count_customers, stored_ids
from traitly.input.errors import QuotaExceededError

_COUNTED_SECONDS = (
    60  # how long a count is cached; what this process creates meanwhile is added to it
)
_MAX_COUNTED = 10_000
_counted: dict[
    int, tuple[float, int, int]
] = {}  # by account: until when it is valid, the limit, the count


def check_room(*, account_id: int, customer_ids: AbstractSet[str]) -> None:
    """``QuotaExceededError`` if the account may not store the new ones among these customers."""
    limit = max_customers(account_id=account_id)
    if not limit:
        return
    count = _count(account_id, limit)
    if count + len(customer_ids) <= limit:
        return
    new = customer_ids - stored_ids(account_id=account_id, customer_ids=customer_ids)
    if new and count + len(new) > limit:
        raise QuotaExceededError(
            f"The account may store {limit:,} customers and this request would exceed that, so it stored none. "
            "Existing customers can still be updated. Erasing customers makes room within a minute."
        )


def count_created(*, account_id: int, created: int) -> None:
    """Add new customers to the cached count, if there is one."""
    if created and (counted := _counted.get(account_id)):
        until, limit, count = counted
        _counted[account_id] = (until, limit, count + created)


def forget_counts() -> None:
    """Empty the cache of counts."""
    _counted.clear()


def _count(account_id: int, limit: int) -> int:
    until, counted_to, count = _counted.get(account_id, (0.0, 0, 0))
    if until > time.monotonic() and counted_to == limit:
        return count
    count = count_customers(account_id=account_id, most=limit)
    if len(_counted) >= _MAX_COUNTED:
        _counted.clear()
    _counted[account_id] = (time.monotonic() + _COUNTED_SECONDS, limit, count)
    return count
