"""Everything that reads accounts, members and keys."""

from django.db import connection

from traitly.input.errors import AccountGoneError

# SQL for a statement that stores rows of an account: only while nobody erases it. Every statement that can make a row
# in a table of accounts' data has it (accounts.services.close_account says why that is enough).
OPEN_ACCOUNT = "EXISTS (SELECT FROM accounts_account WHERE id = %(account_id)s::bigint AND closed_at IS NULL)"


def check_open(*, account_id: int) -> None:
    """Raise ``AccountGoneError`` if the account is being erased, or gone: why a statement has stored nothing.

    Exact though it asks later: an account that was closed is never opened again.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OPEN_ACCOUNT}", {"account_id": account_id})
        if not cursor.fetchone()[0]:
            raise AccountGoneError
