"""The quick start: commands that work as they are printed, and a panel that sees the first event arrive."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts import keys
from accounts.models import ApiKey
from accounts.services import reveal_key
from events.queries import Arrival, newest_events
from portal.access import PortalRequest, actor, logged_in_recently, member, owner, recent_login
from portal.commands import LANGUAGES, commands

_FILLED_IN = "filled_in"  # in the session: the key that this log-in has seen here, which the audit log knows of
PLACEHOLDER = "insert-token-here"  # the reference's own


@member
def show(request: PortalRequest) -> HttpResponse:
    """The reference's commands, with the server's address and, for owners who logged in lately, a key."""
    language = request.GET.get("language", "curl")
    if language not in LANGUAGES:
        language = "curl"
    row = _key(request) if request.membership.is_owner else None
    text = _text(request, row) if row and logged_in_recently(request) else None
    context = {
        "language": language,
        "languages": LANGUAGES.items(),
        "row": row,
        "row_text": text,
        "filled_in": text is not None,
        "commands": commands(language, address=request.build_absolute_uri("/api/v1"), key=text or PLACEHOLDER),
        "event": _newest_event(request),
    }
    return render(request, "portal/quickstart.html", context)


@require_POST
@owner
@recent_login
def fill_in(_request: PortalRequest) -> HttpResponse:
    """Ask for the password where the log-in is too old to show a key."""
    return redirect("portal:quickstart")


@member
def first_event(request: PortalRequest) -> HttpResponse:
    """The panel once an event is there; until then nothing, which changes nothing on the page. Asked every second."""
    event = _newest_event(request)
    if event is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "portal/first_event.html", {"event": event})


def _newest_event(request: PortalRequest) -> Arrival | None:
    return next(iter(newest_events(account_id=request.account.pk, limit=1)), None)


def _key(request: PortalRequest) -> ApiKey | None:
    """The newest key that can do everything."""
    rows = ApiKey.objects.filter(account=request.account, revoked_at=None, scopes__contains=["read", "write"])
    return next((row for row in rows.order_by("-id") if row.is_active), None)


def _text(request: PortalRequest, row: ApiKey) -> str | None:
    """The key's text; the first time in a log-in that is a revelation, and is recorded as one."""
    try:
        if request.session.get(_FILLED_IN) == row.pk:
            return keys.decrypt(row.encrypted)
        text = reveal_key(account_id=request.account.pk, key_id=row.pk, actor=actor(request))
    except keys.UnreadableKeyError:
        return None
    request.session[_FILLED_IN] = row.pk
    return text
