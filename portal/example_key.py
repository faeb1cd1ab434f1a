"""The key in the example commands of the quick start and the documentation."""

from django.http import HttpRequest

from accounts import keys
from accounts.models import ApiKey
from accounts.queries import newest_full_key
from accounts.services import reveal_key
from portal.access import actor, find_membership, logged_in_recently

# In the session: the key that was shown during this log-in, as recorded in the audit log
_SESSION_KEY = "filled_in"


def example_key(request: HttpRequest) -> str | None:
    """The text of the account's newest key that can do everything.

    For an owner who logged in recently; None for everyone else. The first time in a log-in it is
    recorded as revealed.
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
