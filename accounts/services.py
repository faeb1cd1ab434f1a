"""Everything that writes accounts, members and keys."""

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import keys
from accounts.models import Account, ApiKey, Membership, User

ALL_SCOPES = (ApiKey.Scope.READ, ApiKey.Scope.WRITE)


class NewKey(NamedTuple):
    """A key's row, and its text."""

    row: ApiKey
    key: str

    def __repr__(self) -> str:
        return f"NewKey({self.row})"  # never the text: reprs end in logs


@transaction.atomic
def create_account(*, company: str, owner: User) -> tuple[Account, NewKey]:
    """Make an account with its owner and its first key, which may read and write."""
    account = Account.objects.create(name=company)
    Membership.objects.create(account=account, user=owner, role=Membership.Role.OWNER)
    return account, create_key(account=account, name="Default")


def create_key(
    *,
    account: Account,
    name: str,
    scopes: Iterable[str] = ALL_SCOPES,
    expires_at: datetime.datetime | None = None,
) -> NewKey:
    """Make a key of the account."""
    key = keys.generate()
    row = ApiKey.objects.create(
        account=account,
        name=name,
        scopes=list(scopes),
        digest=keys.digest(key),
        encrypted=keys.encrypt(key),
        last_four=key[-4:],
        expires_at=expires_at,
    )
    return NewKey(row, key)


def revoke_key(*, account_id: int, key_id: int) -> bool:
    """Stop a key for good, within ``API_KEY_CACHE_SECONDS`` in every process. False if it was not active."""
    live = ApiKey.objects.filter(account_id=account_id, id=key_id, revoked_at=None)
    return live.update(revoked_at=timezone.now()) > 0


@transaction.atomic
def rotate_key(*, account_id: int, key_id: int, overlap: datetime.timedelta = datetime.timedelta()) -> NewKey:
    """Make a key like this one, which itself works for ``overlap`` longer. ``ApiKey.DoesNotExist`` if not active."""
    ends = timezone.now() + overlap
    old = ApiKey.objects.select_for_update().get(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()), account_id=account_id, id=key_id, revoked_at=None
    )
    new = create_key(account=old.account, name=old.name, scopes=old.scopes, expires_at=old.expires_at)
    if not overlap:
        old.revoked_at = ends
    elif old.expires_at is None or old.expires_at > ends:
        old.expires_at = ends
    old.save(update_fields=["revoked_at", "expires_at"])
    return new
