"""Counting the events of all accounts, for the sums that operators see."""

import time

from django.db import connection

from accounts.models import Account
from events.stats import count_events
from traitly.db.citus import is_distributed


def uncounted_accounts(*, account_ids: list[int]) -> list[int]:
    """Those of the accounts that have events which are not counted yet; on Citus, which cannot look so, all of them.

    One step in events_by_received_at for each account: a join would read every event.
    """
    if is_distributed():
        return account_ids
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.id FROM unnest(%s::bigint[]) AS account (id), LATERAL (
                SELECT coalesce(max(received_until), '-infinity') AS until FROM events_counted
                WHERE account_id = account.id
            ) AS counted, LATERAL (
                SELECT FROM events_event WHERE account_id = account.id AND received_at > counted.until LIMIT 1
            ) AS uncounted
            """,
            [account_ids],
        )
        return [account_id for (account_id,) in cursor.fetchall()]


def count_all(*, seconds: float) -> int:
    """Count what all accounts received since the last time, for about so long; gives how many accounts have more.

    Workers do now and then what nobody does who looks, for the sums of all accounts in the
    operators' admin.
    """
    ends = time.monotonic() + seconds
    open_accounts = (
        Account.objects.filter(closed_at=None).order_by("id").values_list("id", flat=True)
    )
    behind = 0
    for account_id in uncounted_accounts(account_ids=list(open_accounts)):
        left = ends - time.monotonic()
        if left < 0 or not count_events(account_id=account_id, seconds=left):
            behind += 1
    return behind
