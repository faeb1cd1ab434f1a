"""Everything that writes accounts, members and keys."""

import datetime
from collections.abc import Iterable
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, keys
from accounts.audit import Actor
from accounts.models import Account, ApiKey, AuditEntry, Invitation, Membership, User
from traitly.input.errors import AccountGoneError

ALL_SCOPES = (ApiKey.Scope.READ, ApiKey.Scope.WRITE)
INVITATION_LIVES = datetime.timedelta(days=7)
OPERATOR = Actor()  # the actor when nobody is named: the admin, a command

_INVITATION_SALT = "accounts.invitation"
_FACTOR_SECRETS = (
    "secret",
    "seed",
)  # of one-time codes and recovery codes: portal.adapter encrypts them


class LastOwnerError(Exception):
    """An account must keep an owner."""


class AlreadyMemberError(Exception):
    """The invited person is already a member."""


class InvitationError(Exception):
    """The invitation's link is broken, expired, withdrawn, used, or for another email address."""


class NewKey(NamedTuple):
    """A key's row, and its text."""

    row: ApiKey
    key: str

    def __repr__(self) -> str:
        return f"NewKey({self.row})"  # never the text, because reprs end up in logs


@transaction.atomic
def create_account(*, company: str, owner: User, actor: Actor = OPERATOR) -> tuple[Account, NewKey]:
    """Create an account with its owner and its first key, which can read and write."""
    account = Account.objects.create(name=company)
    Membership.objects.create(account=account, user=owner, role=Membership.Role.OWNER)
    audit.record(
        account=account, actor=actor, action=AuditEntry.Action.ACCOUNT_CREATED, name=company
    )
    return account, create_key(account=account, name="Default", actor=actor)


@transaction.atomic
def rename_account(*, account: Account, name: str, actor: Actor) -> None:
    """Rename the account."""
    audit.record(
        account=account,
        actor=actor,
        action=AuditEntry.Action.ACCOUNT_RENAMED,
        before=account.name,
        name=name,
    )
    account.name = name
    account.save(update_fields=["name"])


@transaction.atomic
def set_retention(*, account: Account, days: int | None, actor: Actor) -> None:
    """Set for how many days events are kept after they happened; None: for ever. `manage.py prune_events` applies it."""
    before = account.event_retention_days
    audit.record(
        account=account,
        actor=actor,
        action=AuditEntry.Action.RETENTION_CHANGED,
        before=before,
        days=days,
    )
    account.event_retention_days = days
    account.save(update_fields=["event_retention_days"])


@transaction.atomic
def set_quotas(
    *, account: Account, max_customers: int | None, max_events_per_day: int | None, actor: Actor
) -> None:
    """Set the account's quotas; None: those of the settings, 0: unlimited. Keys pick them up within five seconds."""
    before = {
        "customers_before": account.max_customers,
        "events_per_day_before": account.max_events_per_day,
    }
    now = {"customers": max_customers, "events_per_day": max_events_per_day}
    audit.record(
        account=account, actor=actor, action=AuditEntry.Action.QUOTAS_CHANGED, **before, **now
    )
    account.max_customers, account.max_events_per_day = max_customers, max_events_per_day
    account.save(update_fields=["max_customers", "max_events_per_day"])


@transaction.atomic
def close_account(*, account: Account, actor: Actor = OPERATOR) -> None:
    """Revoke the account's keys and stop storing its data, before it is erased. It cannot be reopened.

    Statements that store an account's data look at ``closed_at`` themselves
    (``accounts.queries.OPEN_ACCOUNT``). So once the transactions that ran at the commit of this one
    have ended, nothing is added: neither by requests whose key was looked up before, nor by those
    whose body takes its time, nor with a key made meanwhile.
    """
    Account.objects.filter(pk=account.pk, closed_at=None).update(closed_at=timezone.now())
    for key_id in ApiKey.objects.filter(account=account, revoked_at=None).values_list(
        "id", flat=True
    ):
        revoke_key(account_id=account.pk, key_id=key_id, actor=actor)


@transaction.atomic
def set_browser_origins(*, account: Account, origins: list[str], actor: Actor) -> None:
    """Let web pages of these origins send events with a key of the account, and no others."""
    before = account.browser_origins
    audit.record(
        account=account,
        actor=actor,
        action=AuditEntry.Action.ORIGINS_CHANGED,
        before=before,
        origins=origins,
    )
    account.browser_origins = origins
    account.save(update_fields=["browser_origins"])


@transaction.atomic
def create_key(
    *,
    account: Account,
    name: str,
    scopes: Iterable[str] = ALL_SCOPES,
    expires_at: datetime.datetime | None = None,
    actor: Actor = OPERATOR,
) -> NewKey:
    """Create a key of the account. Raises ``AccountGoneError``."""
    new = _make_key(account, name, scopes, expires_at)
    _record_key(new.row, actor, AuditEntry.Action.KEY_CREATED, scopes=new.row.scopes)
    return new


def _make_key(
    account: Account, name: str, scopes: Iterable[str], expires_at: datetime.datetime | None
) -> NewKey:
    # Locked until the commit: either the key exists when the account is closed, and is revoked, or
    # it is not created.
    if (
        Account.objects.select_for_update(no_key=True).filter(pk=account.pk, closed_at=None).first()
        is None
    ):
        raise AccountGoneError
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


def _record_key(row: ApiKey, actor: Actor, action: AuditEntry.Action, **detail: Any) -> None:
    audit.record(
        account=row.account, actor=actor, action=action, key=row.masked, name=row.name, **detail
    )


@transaction.atomic
def reveal_key(*, account_id: int, key_id: int, actor: Actor) -> str:
    """The key's text, for an owner. ``ApiKey.DoesNotExist``; ``keys.UnreadableKeyError``, see there."""
    row = ApiKey.objects.select_related("account").get(account_id=account_id, id=key_id)
    text = keys.decrypt(row.encrypted)
    _record_key(row, actor, AuditEntry.Action.KEY_REVEALED)
    return text


@transaction.atomic
def change_key(
    *, account_id: int, key_id: int, changes: dict[str, Any], actor: Actor = OPERATOR
) -> ApiKey:
    """Change some of ``name``, ``scopes`` and ``expires_at``. Raises ``ApiKey.DoesNotExist``."""
    row = ApiKey.objects.select_for_update().get(account_id=account_id, id=key_id)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    detail = {name: str(value) for name, value in changes.items() if name != "name"}
    _record_key(row, actor, AuditEntry.Action.KEY_CHANGED, **detail)
    return row


@transaction.atomic
def revoke_key(*, account_id: int, key_id: int, actor: Actor = OPERATOR) -> bool:
    """Revoke a key, within ``API_KEY_CACHE_SECONDS`` in every process. False if it was not active."""
    row = (
        ApiKey.objects.select_for_update()
        .filter(account_id=account_id, id=key_id, revoked_at=None)
        .first()
    )
    if row is None:
        return False
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    _record_key(row, actor, AuditEntry.Action.KEY_REVOKED)
    return True


@transaction.atomic
def rotate_key(
    *,
    account_id: int,
    key_id: int,
    overlap: datetime.timedelta = datetime.timedelta(),
    actor: Actor = OPERATOR,
) -> NewKey:
    """Create a key like this one, which stays valid for ``overlap``. ``ApiKey.DoesNotExist`` if it is not active."""
    ends = timezone.now() + overlap
    old = ApiKey.objects.select_for_update().get(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
        account_id=account_id,
        id=key_id,
        revoked_at=None,
    )
    new = _make_key(old.account, old.name, old.scopes, old.expires_at)
    if not overlap:
        old.revoked_at = ends
    elif old.expires_at is None or old.expires_at > ends:
        old.expires_at = ends
    old.save(update_fields=["revoked_at", "expires_at"])
    hours = round(overlap.total_seconds() / 3600, 2)
    _record_key(
        old, actor, AuditEntry.Action.KEY_ROTATED, follower=new.row.masked, overlap_hours=hours
    )
    return new


def rotate_encryption() -> tuple[int, int]:
    """Encrypt every key and second factor again, with the first encryption key of the settings.

    Returns how many were encrypted, and how many are unreadable.
    """
    rotated = unreadable = 0
    for row in ApiKey.objects.only("encrypted"):
        try:
            encrypted = keys.rotate(row.encrypted)
        except keys.UnreadableKeyError:
            unreadable += 1
        else:
            ApiKey.objects.filter(pk=row.pk).update(encrypted=encrypted)
            rotated += 1
    with transaction.atomic():
        for factor in Authenticator.objects.select_for_update():
            kept = {name: factor.data[name] for name in _FACTOR_SECRETS if name in factor.data}
            try:
                kept = {name: keys.rotate(text.encode()).decode() for name, text in kept.items()}
            except keys.UnreadableKeyError:
                unreadable += 1
            else:
                Authenticator.objects.filter(pk=factor.pk).update(data=factor.data | kept)
                rotated += 1
    return rotated, unreadable


@transaction.atomic
def invite(*, account: Account, email: str, role: str, actor: Actor) -> tuple[Invitation, str]:
    """Invite an email address; returns the token of its link, valid for ``INVITATION_LIVES``. ``AlreadyMemberError``.

    A second invitation makes a new link; the old one stops working.
    """
    email = email.lower()
    if Membership.objects.filter(account=account, user__email=email).exists():
        raise AlreadyMemberError
    invitation, _ = Invitation.objects.update_or_create(
        account=account, email=email, defaults={"role": role, "sent_at": timezone.now()}
    )
    audit.record(
        account=account,
        actor=actor,
        action=AuditEntry.Action.MEMBER_INVITED,
        email=email,
        role=role,
    )
    sent = invitation.sent_at.timestamp()
    return invitation, signing.dumps([invitation.pk, sent], salt=_INVITATION_SALT, compress=True)


def find_invitation(token: str) -> Invitation:
    """The invitation of a link's token, or ``InvitationError``."""
    try:
        invitation_id, sent = signing.loads(token, salt=_INVITATION_SALT, max_age=INVITATION_LIVES)
    except signing.BadSignature as error:
        raise InvitationError from error
    invitation = Invitation.objects.select_related("account").filter(id=invitation_id).first()
    if invitation is None or invitation.sent_at.timestamp() != sent:
        raise InvitationError
    return invitation


@transaction.atomic
def withdraw_invitation(*, account_id: int, invitation_id: int, actor: Actor) -> bool:
    """Withdraw an invitation, so that its link stops working. False if there is none."""
    invitation = Invitation.objects.filter(account_id=account_id, id=invitation_id).first()
    if invitation is None:
        return False
    invitation.delete()
    action = AuditEntry.Action.INVITATION_WITHDRAWN
    audit.record(account=invitation.account, actor=actor, action=action, email=invitation.email)
    return True


@transaction.atomic
def accept_invitation(*, token: str, actor: Actor) -> Membership:
    """Add the acting user to the account that invited their email address. ``InvitationError``."""
    invitation = find_invitation(token)
    # Deleting it takes it: if two people follow one link at once, one finds it gone.
    deleted, _ = Invitation.objects.filter(id=invitation.pk).delete()
    if not deleted or actor.user is None or actor.user.email != invitation.email:
        raise InvitationError
    membership, _ = Membership.objects.get_or_create(
        account=invitation.account, user=actor.user, defaults={"role": invitation.role}
    )
    action = AuditEntry.Action.MEMBER_JOINED
    audit.record(account=invitation.account, actor=actor, action=action, role=membership.role)
    return membership


@transaction.atomic
def add_member(*, account: Account, user: User, role: str, actor: Actor) -> Membership:
    """Add a user to the account without an invitation, as operators do."""
    membership = Membership.objects.create(account=account, user=user, role=role)
    action = AuditEntry.Action.MEMBER_JOINED
    audit.record(account=account, actor=actor, action=action, email=user.email, role=role)
    return membership


@transaction.atomic
def change_role(*, account: Account, membership_id: int, role: str, actor: Actor) -> None:
    """Make a member an owner or an owner a member. ``Membership.DoesNotExist``, ``LastOwnerError``."""
    membership = _locked_membership(
        account, membership_id, stays_owner=role == Membership.Role.OWNER
    )
    membership.role = role
    membership.save(update_fields=["role"])
    action = AuditEntry.Action.ROLE_CHANGED
    audit.record(
        account=account, actor=actor, action=action, email=membership.user.email, role=role
    )


@transaction.atomic
def remove_member(*, account: Account, membership_id: int, actor: Actor) -> None:
    """Remove a member from the account at once. ``Membership.DoesNotExist``, ``LastOwnerError``."""
    membership = _locked_membership(account, membership_id, stays_owner=False)
    membership.delete()
    audit.record(
        account=account,
        actor=actor,
        action=AuditEntry.Action.MEMBER_REMOVED,
        email=membership.user.email,
    )


def _locked_membership(account: Account, membership_id: int, *, stays_owner: bool) -> Membership:
    """The membership, locked so that nobody else changes a role: two owners who leave at once must not leave none behind."""
    places = {
        place.pk: place
        for place in account.memberships.select_for_update(of=("self",))
        .select_related("user")
        .order_by("id")
    }
    if membership_id not in places:
        raise Membership.DoesNotExist
    membership = places[membership_id]
    if (
        membership.is_owner
        and not stays_owner
        and sum(place.is_owner for place in places.values()) == 1
    ):
        raise LastOwnerError
    return membership


def accounts_owned_by_none_but(user_ids: Iterable[int]) -> list[Account]:
    """The accounts that would have no owner without these users."""
    owners = Membership.objects.filter(role=Membership.Role.OWNER)
    theirs = Account.objects.filter(id__in=owners.filter(user__in=user_ids).values("account"))
    return list(
        theirs.exclude(id__in=owners.exclude(user__in=user_ids).values("account")).order_by("name")
    )
