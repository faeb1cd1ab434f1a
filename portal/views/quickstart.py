"""The quick start: commands that work as they are printed, and a panel that sees the first event arrive."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.queries import newest_full_key
from events.queries import Arrival, newest_events
from portal.access import PortalRequest, member, owner, recent_login
from portal.commands import LANGUAGES, PLACEHOLDER, commands
from portal.example_key import example_key
from rejections import queries as rejections
from rejections.models import Rejection


@member
def show(request: PortalRequest) -> HttpResponse:
    """The reference's commands, with the server's address and, for owners who logged in lately, a key."""
    language = request.GET.get("language", "curl")
    if language not in LANGUAGES:
        language = "curl"
    row = newest_full_key(account_id=request.account.pk) if request.membership.is_owner else None
    text = example_key(request)
    context = {
        "language": language,
        "languages": LANGUAGES.items(),
        "row": row,
        "row_text": text,
        "filled_in": text is not None,
        "commands": commands(
            language, server=f"{request.scheme}://{request.get_host()}", key=text or PLACEHOLDER
        ),
        "event": _newest_event(request),
        "refused": _newest_refused(request),
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
    """The panel once an event is there, or another one was ``refused``; until then nothing, which changes nothing on the page.

    Asked every second.
    """
    event = _newest_event(request)
    refused = _newest_refused(request) if event is None else None
    if event is None and (refused is None or str(refused.id) == request.GET.get("refused")):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "portal/first_event.html", {"event": event, "refused": refused})


def _newest_event(request: PortalRequest) -> Arrival | None:
    return next(iter(newest_events(account_id=request.account.pk, limit=1)), None)


def _newest_refused(request: PortalRequest) -> Rejection | None:
    return rejections.newest(account_id=request.account.pk).defer("payload").first()
