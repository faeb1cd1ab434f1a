"""A one-time log-in link for the owner of the first account on their own machine, who has no password yet."""

from django.core import signing
from django.utils import timezone

from accounts.models import User

LINK_LIVES_SECONDS = 3600
_SALT = "accounts.first_login"


class UsedLinkError(Exception):
    """The link is broken, expired or used, or its user has a password by now."""


def make_token(user: User) -> str:
    """A token for a user without a password; once any token was used, earlier ones stop working."""
    return signing.dumps([user.pk, _last_login(user)], salt=_SALT)


def use_token(token: str) -> User:
    """The token's user, once, or ``UsedLinkError``. Never an operator: no link opens the admin."""
    try:
        user_id, last_login = signing.loads(token, salt=_SALT, max_age=LINK_LIVES_SECONDS)
    except signing.BadSignature as error:
        raise UsedLinkError from error
    user = User.objects.filter(pk=user_id, is_active=True, is_staff=False).first()
    if user is None or user.has_usable_password() or _last_login(user) != last_login:
        raise UsedLinkError
    # If two people follow it at once, only one changes the row.
    if not User.objects.filter(pk=user.pk, last_login=user.last_login).update(
        last_login=timezone.now()
    ):
        raise UsedLinkError
    return user


def _last_login(user: User) -> str:
    return user.last_login.isoformat() if user.last_login else ""
