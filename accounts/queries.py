"""Everything that reads accounts, members and keys."""

import datetime

from django.db import connection

from accounts.models import Account, ApiKey, AuditEntry, Invitation, Membership
from traitly.db.citus import is_distributed
from traitly.input.errors import AccountGoneError

_MAX_ID_DIGITS = 19  # digits of a bigint
_MAX_NAMED = 10
_MAX_SEARCHED = 10_000  # accounts, each a step in an index: some 50 ms

# SQL for a statement that stores rows of an account: only while nobody erases it. Every statement
# that can make a row in a table of accounts' data has it (accounts.services.close_account says why
# that is enough). With a column: Citus cannot hand a result of none to its workers.
OPEN_ACCOUNT = "EXISTS (SELECT 1 FROM accounts_account WHERE id = %(account_id)s::bigint AND closed_at IS NULL)"


def find_account(named: str) -> int:
    """The account of this id, of a member with this email address, or of this name. ``LookupError`` unless it is one."""
    open_accounts = Account.objects.filter(closed_at=None)
    if named.isascii() and named.isdigit():
        found = list(open_accounts.filter(pk=int(named))[:1]) if len(named) < _MAX_ID_DIGITS else []
    elif "@" in named:
        found = list(open_accounts.filter(members__email=named.lower()).order_by("id")[:_MAX_NAMED])
    else:
        found = list(open_accounts.filter(name__iexact=named).order_by("id")[:_MAX_NAMED])
    if not found:
        raise LookupError(f"There is no account {named}.")
    if len(found) > 1:
        ids = ", ".join(f"{account.pk} ({account.name})" for account in found)
        raise LookupError(f"{named} may be any of these accounts: {ids}. Say which one by its id.")
    return found[0].pk


def check_open(*, account_id: int) -> None:
    """Raise ``AccountGoneError`` if the account is being erased, or gone: why a statement has stored nothing.

    Checking afterwards is exact, because a closed account is never reopened.
    """
    if not is_open(account_id=account_id):
        raise AccountGoneError


def is_open(*, account_id: int) -> bool:
    """Whether the account exists and is not being erased."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OPEN_ACCOUNT}", {"account_id": account_id})
        return bool(cursor.fetchone()[0])


def searchable_accounts() -> list[int] | None:
    """The ids of all accounts, where a search can look into each by an index; None where they are too many for that.

    On Citus too: it cannot join what one machine has to what all have.
    """
    if is_distributed():
        return None
    ids = list(Account.objects.order_by("-id").values_list("id", flat=True)[: _MAX_SEARCHED + 1])
    return ids if len(ids) <= _MAX_SEARCHED else None


def browser_origins(*, account_id: int) -> list[str]:
    """The origins of web pages that may send with a key of the account."""
    found = Account.objects.filter(id=account_id).values_list("browser_origins", flat=True).first()
    return found or []


def account_keys(*, account_id: int) -> list[ApiKey]:
    """Every key of the account, newest first, including ended ones."""
    return list(ApiKey.objects.filter(account=account_id).order_by("-id"))


def find_active_key(*, account_id: int, key_id: int) -> ApiKey | None:
    """The account's key, if it is valid."""
    row = ApiKey.objects.filter(account=account_id, id=key_id).first()
    return row if row and row.is_active else None


def newest_full_key(*, account_id: int) -> ApiKey | None:
    """The account's newest valid key with all scopes."""
    rows = ApiKey.objects.filter(
        account=account_id, revoked_at=None, scopes__contains=["read", "write"]
    )
    return next((row for row in rows.order_by("-id") if row.is_active), None)


def account_members(*, account_id: int) -> list[Membership]:
    """The account's members with their users, in the order in which they joined."""
    return list(Membership.objects.filter(account=account_id).select_related("user").order_by("id"))


def find_member(*, account_id: int, membership_id: int) -> Membership | None:
    """One membership of the account, with its user."""
    return (
        Membership.objects.filter(account=account_id, id=membership_id)
        .select_related("user")
        .first()
    )


def invitations_since(*, account_id: int, since: datetime.datetime) -> list[Invitation]:
    """The account's invitations that were sent after this, by email."""
    return list(Invitation.objects.filter(account=account_id, sent_at__gt=since).order_by("email"))


def audit_entries(*, account_id: int, before: int | None, limit: int) -> list[AuditEntry]:
    """The account's newest entries, or those before the one of this id."""
    entries = AuditEntry.objects.filter(account=account_id).order_by("-id")
    if before is not None:
        entries = entries.filter(id__lt=before)
    return list(entries[:limit])


def user_memberships(*, user_id: int) -> list[Membership]:
    """Every membership of a user with its account, by the account's name."""
    return list(
        Membership.objects.filter(user=user_id).select_related("account").order_by("account__name")
    )


def chosen_membership(*, user_id: int | None, account_id: int | None) -> Membership | None:
    """The user's membership in this account, otherwise the first one joined, with the account; None if there is none."""
    places = Membership.objects.filter(user=user_id).select_related("account").order_by("id")
    chosen = places.filter(account=account_id).first() if account_id is not None else None
    return chosen or places.first()


def is_member(*, user_id: int, account_id: int) -> bool:
    """Whether the user is in the account."""
    return Membership.objects.filter(user=user_id, account=account_id).exists()
