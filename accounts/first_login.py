"""A link that logs in once: for who has made the first account on their own machine, and has no password yet."""

from django.core import signing
from django.utils import timezone

from accounts.models import User

LINK_LIVES_SECONDS = 3600
_SALT = "accounts.first_login"


class UsedLinkError(Exception):
    """The link is broken, too old or was used, or its user has a password by now."""


def make_token(user: User) -> str:
    """A token for a user without a password; an earlier one works no more once any of them was used."""
    return signing.dumps([user.pk, _last_login(user)], salt=_SALT)


def use_token(token: str) -> User:
    """The user whose token it is, once. ``UsedLinkError``. Never an operator: the admin is not opened by a link."""
    try:
        user_id, last_login = signing.loads(token, salt=_SALT, max_age=LINK_LIVES_SECONDS)
    except signing.BadSignature as error:
        raise UsedLinkError from error
    user = User.objects.filter(pk=user_id, is_active=True, is_staff=False).first()
    if user is None or user.has_usable_password() or _last_login(user) != last_login:
        raise UsedLinkError
    # Of two who follow it at once, one changes the row.
    if not User.objects.filter(pk=user.pk, last_login=user.last_login).update(last_login=timezone.now()):
        raise UsedLinkError
    return user


def _last_login(user: User) -> str:
    return user.last_login.isoformat() if user.last_login else ""
