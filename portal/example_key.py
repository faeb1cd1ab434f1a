"""The key that commands are filled in with, on the quick start and in the documentation."""

from django.http import HttpRequest

from accounts import keys
from accounts.models import ApiKey
from accounts.queries import newest_full_key
from accounts.services import reveal_key
from portal.access import actor, find_membership, logged_in_recently

_SESSION_KEY = "filled_in"  # in the session: the key that this log-in has seen so, which the audit log knows of


def example_key(request: HttpRequest) -> str | None:
    """The text of the account's newest key that can do everything.

    For an owner who logged in lately; None for everyone else.
    The first time in a log-in that is a revelation, and is recorded as one.
    """
    if not request.user.is_authenticated:
        return None
    membership = find_membership(request)
    if membership is None or not membership.is_owner or not logged_in_recently(request):
        return None
    row = newest_full_key(account_id=membership.account.pk)
    return _text(request, membership.account.pk, row) if row else None


def _text(request: HttpRequest, account_id: int, row: ApiKey) -> str | None:
    try:
        if request.session.get(_SESSION_KEY) == row.pk:
            return keys.decrypt(row.encrypted)
        text = reveal_key(account_id=account_id, key_id=row.pk, actor=actor(request))
    except keys.UnreadableKeyError:
        return None
    request.session[_SESSION_KEY] = row.pk
    return text
