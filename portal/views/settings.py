"""The account's settings: name, retention, export, deletion. For owners."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import audit, services
from accounts.models import AuditEntry
from customers import queries as customers
from events import queries as events
from portal.access import PortalRequest, actor, owner, recent_login
from portal.forms import CompanyForm, DeleteForm, OriginsForm, RetentionForm
from portal.services import delete_account
from traitly.http.streams import NDJSON
from traitly.lists.definition import ListQuery
from traitly.lists.streams import ndjson_lines

# In the order of an index that every row stands in: no sort, whatever the account holds.
_EXPORTS: dict[str, Callable[[int], ListQuery]] = {
    "customers": lambda _account_id: ListQuery(customers.LIST, sort="customer_id"),
    "events": lambda account_id: events.everything(account_id=account_id),
}
# What the answer to a deletion counts; what is derived from it goes unsaid.
_SAID = ("customers", "events", "rejections", "API keys", "users")


@owner
def index(request: PortalRequest) -> HttpResponse:
    """All of them."""
    return _page(request)


def _page(
    request: PortalRequest,
    *,
    name: CompanyForm | None = None,
    retention: RetentionForm | None = None,
    origins: OriginsForm | None = None,
) -> HttpResponse:
    context = {
        "origins_form": origins
        or OriginsForm(initial={"origins": "\n".join(request.account.browser_origins)}),
        "name_form": name or CompanyForm(initial={"company": request.account.name}),
        "retention_form": retention
        or RetentionForm(initial={"days": request.account.event_retention_days}),
    }
    return render(request, "portal/settings.html", context)


@require_POST
@owner
def rename(request: PortalRequest) -> HttpResponse:
    """Give the account another name."""
    form = CompanyForm(request.POST)
    if not form.is_valid():
        return _page(request, name=form)
    services.rename_account(
        account=request.account, name=form.cleaned_data["company"], actor=actor(request)
    )
    messages.success(request, "The account was renamed.")
    return redirect("portal:settings")


@require_POST
@owner
@recent_login
def set_retention(request: PortalRequest) -> HttpResponse:
    """Keep events for so many days."""
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _page(request, retention=form)
    days = form.cleaned_data["days"]
    services.set_retention(account=request.account, days=days, actor=actor(request))
    messages.success(
        request, f"Events are kept for {days} days." if days else "Events are kept forever."
    )
    return redirect("portal:settings")


@require_POST
@owner
@recent_login
def set_origins(request: PortalRequest) -> HttpResponse:
    """Let web pages of these origins send events, and no others."""
    form = OriginsForm(request.POST)
    if not form.is_valid():
        return _page(request, origins=form)
    services.set_browser_origins(
        account=request.account, origins=form.cleaned_data["origins"], actor=actor(request)
    )
    messages.success(request, "Saved the web pages that may send events.")
    return redirect("portal:settings")


@require_POST
@owner
@recent_login
def export(request: PortalRequest, what: str) -> HttpResponseBase:
    """Every customer or event as NDJSON, in the shape in which the API takes them, streamed."""
    if what not in _EXPORTS:
        raise Http404
    audit.record(
        account=request.account, actor=actor(request), action=AuditEntry.Action.EXPORTED, what=what
    )
    lines = ndjson_lines(_EXPORTS[what](request.account.pk), account_id=request.account.pk)
    response = StreamingHttpResponse(lines, content_type=NDJSON)
    response["Content-Disposition"] = (
        f'attachment; filename="traitly-{what}-{timezone.now():%Y-%m-%d}.ndjson"'
    )
    return response


@owner
@recent_login
def delete(request: PortalRequest) -> HttpResponse:
    """Erase the account, after its name was typed; the answer says what was erased."""
    form = DeleteForm(request.POST or None, account=request.account)
    if not form.is_valid():
        return render(request, "portal/delete.html", {"form": form})
    gone = delete_account(account=request.account, actor=actor(request))
    logout(request)
    said = {kind: gone[kind] for kind in _SAID}
    return render(request, "portal/deleted.html", {"name": request.account.name, "gone": said})
