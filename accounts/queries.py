"""Everything that reads accounts, members and keys."""

from django.db import connection

from accounts.models import Account
from traitly.input.errors import AccountGoneError

_LONGEST_ID = 19  # digits of a bigint
_MOST_NAMED = 10

# SQL for a statement that stores rows of an account: only while nobody erases it. Every statement that can make a row
# in a table of accounts' data has it (accounts.services.close_account says why that is enough).
OPEN_ACCOUNT = "EXISTS (SELECT FROM accounts_account WHERE id = %(account_id)s::bigint AND closed_at IS NULL)"


def find_account(named: str) -> int:
    """The account of this id, of a member with this email address, or of this name. ``LookupError`` unless it is one."""
    open_accounts = Account.objects.filter(closed_at=None)
    if named.isascii() and named.isdigit():
        found = list(open_accounts.filter(pk=int(named))[:1]) if len(named) < _LONGEST_ID else []
    elif "@" in named:
        found = list(open_accounts.filter(members__email=named.lower()).order_by("id")[:_MOST_NAMED])
    else:
        found = list(open_accounts.filter(name__iexact=named).order_by("id")[:_MOST_NAMED])
    if not found:
        raise LookupError(f"There is no account {named}.")
    if len(found) > 1:
        ids = ", ".join(f"{account.pk} ({account.name})" for account in found)
        raise LookupError(f"{named} may be any of these accounts: {ids}. Say which one by its id.")
    return found[0].pk


def check_open(*, account_id: int) -> None:
    """Raise ``AccountGoneError`` if the account is being erased, or gone: why a statement has stored nothing.

    Exact though it asks later: an account that was closed is never opened again.
    """
    if not is_open(account_id=account_id):
        raise AccountGoneError


def is_open(*, account_id: int) -> bool:
    """Whether the account is there and nobody erases it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OPEN_ACCOUNT}", {"account_id": account_id})
        return bool(cursor.fetchone()[0])


def browser_origins(*, account_id: int) -> list[str]:
    """The origins of web pages that may send with a key of the account."""
    found = Account.objects.filter(id=account_id).values_list("browser_origins", flat=True).first()
    return found or []
