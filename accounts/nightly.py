"""What accounts erase once a day: sessions that have ended, and what deleted accounts left."""

from django.db import connection
from django.utils import timezone

from accounts.models import Account, account_owned_models
from traitly.db.batches import delete_in_batches
from traitly.db.timeouts import slow_statements


def erase_ended_sessions() -> int:
    """Erase sessions that nobody can use any more; gives how many."""
    return delete_in_batches("django_session", "expire_date < %(now)s", {"now": timezone.now()})


def erase_leftovers() -> int:
    """Erase rows of accounts that are gone; gives how many. An erasure leaves none, but it may have been cut off."""
    total = 0
    for model in account_owned_models():
        table = model._meta.db_table
        with slow_statements(), connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT account_id FROM {table}")
            owners = {account_id for (account_id,) in cursor.fetchall()}
        # Asked afterwards: an account that is made meanwhile is there by now.
        for account_id in owners.difference(Account.objects.values_list("id", flat=True)):
            total += delete_in_batches(table, "account_id = %(account_id)s", {"account_id": account_id})
    total += delete_in_batches("accounts_keywindow", "NOT EXISTS (SELECT FROM accounts_apikey WHERE id = key_id)", {})
    return total + delete_in_batches(
        "accounts_dailyusage", "NOT EXISTS (SELECT FROM accounts_account WHERE id = account_id)", {}
    )
