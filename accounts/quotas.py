"""What an account may store: a number of customers, and a number of events a day. Off unless a limit is set.

An account's own limits stand in its row, the server's in the settings. Who stores for an account
without a limit pays nothing: the limits come with the row of the request's key. Exactness is worth
little here, and is not paid for.
"""

import datetime
import time
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import Account
from accounts.queries import OPEN_ACCOUNT, check_open
from traitly.db.retries import retried
from traitly.input.errors import QuotaExceededError

_REMEMBERED_SECONDS = 60  # when storing without a key: imports, the portal
_MAX_REMEMBERED = 10_000


class Limits(NamedTuple):
    """An account's own limits. None: the server's; 0: none."""

    customers: int | None
    events_per_day: int | None


_NONE = Limits(None, None)
_limits: dict[int, tuple[float, Limits]] = {}

# The database counts for all processes; what does not fit is not counted. Machines' clocks differ,
# so the day that has begun for one of them has begun for all.
_SPEND = f"""
INSERT INTO accounts_dailyusage AS counted (account_id, day, events)
SELECT %(account_id)s, %(day)s::date, %(events)s WHERE %(events)s <= %(limit)s AND {OPEN_ACCOUNT}
ON CONFLICT (account_id) DO UPDATE SET
    day = greatest(counted.day, EXCLUDED.day),
    events = CASE WHEN counted.day < EXCLUDED.day THEN 0 ELSE counted.events END + EXCLUDED.events
WHERE CASE WHEN counted.day < EXCLUDED.day THEN 0 ELSE counted.events END + EXCLUDED.events <= %(limit)s
"""


def remember_limits(*, account_id: int, limits: Limits) -> None:
    """Cache an account's limits that have just been read."""
    if len(_limits) >= _MAX_REMEMBERED:
        _limits.clear()
    _limits[account_id] = (time.monotonic() + _REMEMBERED_SECONDS, limits)


def forget_limits() -> None:
    """Empty the cache of limits."""
    _limits.clear()


def max_customers(*, account_id: int) -> int:
    """How many customers the account may store; 0: any number."""
    own = _limits_of(account_id).customers
    return settings.ACCOUNT_MAX_CUSTOMERS if own is None else own


def max_events_per_day(*, account_id: int) -> int:
    """How many events the account may store in a day, in UTC; 0: any number."""
    own = _limits_of(account_id).events_per_day
    return settings.ACCOUNT_MAX_EVENTS_PER_DAY if own is None else own


def spend_events(*, account_id: int, events: int) -> None:
    """Count events that are about to be stored. ``QuotaExceededError`` unless all of them fit into today's quota."""
    limit = max_events_per_day(account_id=account_id)
    if not limit:
        return
    now = timezone.now().astimezone(datetime.UTC)
    if _spend(account_id, now.date(), events, limit):
        return
    check_open(account_id=account_id)
    midnight = datetime.datetime.combine(
        now.date() + datetime.timedelta(days=1), datetime.time(), datetime.UTC
    )
    raise QuotaExceededError(
        f"The account may store {limit:,} events a day and this request would exceed that, so it stored none. "
        f"The quota resets at {midnight:%Y-%m-%dT%H:%M:%SZ}.",
        retry_after=int((midnight - now).total_seconds()) + 1,
    )


def return_events(*, account_id: int, events: int) -> None:
    """Subtract events that were counted but turned out to be duplicates."""
    if limit := max_events_per_day(account_id=account_id):
        _spend(account_id, timezone.now().astimezone(datetime.UTC).date(), -events, limit)


@retried
def _spend(account_id: int, day: datetime.date, events: int, limit: int) -> bool:
    """Count them if they fit, and return whether they did. The table is unlogged: a count is not worth waiting for the disk."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SPEND, {"account_id": account_id, "day": day, "events": events, "limit": limit}
        )
        return bool(cursor.rowcount)


def _limits_of(account_id: int) -> Limits:
    remembered = _limits.get(account_id)
    if remembered and remembered[0] > time.monotonic():
        return remembered[1]
    row = _read_limits(account_id)
    limits = Limits(*row) if row else _NONE
    remember_limits(account_id=account_id, limits=limits)
    return limits


@retried
def _read_limits(account_id: int) -> tuple[int | None, int | None] | None:
    return (
        Account.objects.filter(pk=account_id)
        .values_list("max_customers", "max_events_per_day")
        .first()
    )
