"""The daily erasure of ended sessions and leftovers of deleted accounts."""

from django.db import connection
from django.utils import timezone

from accounts.models import Account, account_owned_models
from traitly.db.batches import delete_in_batches
from traitly.db.timeouts import slow_statements


def erase_ended_sessions() -> int:
    """Erase sessions that have ended; returns how many."""
    return delete_in_batches("django_session", "expire_date < %(now)s", {"now": timezone.now()})


def erase_leftovers() -> int:
    """Erase rows of deleted accounts; returns how many. There are some only if an erasure was interrupted."""
    total = 0
    for model in account_owned_models():
        table = model._meta.db_table
        with slow_statements(), connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT account_id FROM {table}")
            owners = {account_id for (account_id,) in cursor.fetchall()}
        # Check afterwards: an account that was created meanwhile exists by now.
        for account_id in owners.difference(Account.objects.values_list("id", flat=True)):
            total += delete_in_batches(
                table, "account_id = %(account_id)s", {"account_id": account_id}
            )
    total += delete_in_batches(
        "accounts_keywindow", "NOT EXISTS (SELECT FROM accounts_apikey WHERE id = key_id)", {}
    )
    return total + delete_in_batches(
        "accounts_dailyusage", "NOT EXISTS (SELECT FROM accounts_account WHERE id = account_id)", {}
    )
