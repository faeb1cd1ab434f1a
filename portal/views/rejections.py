"""What was refused: the list, one of them to be mended, and many that are dismissed or changed at once."""

import uuid
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.access import PortalRequest, member
from portal.mending import ACTIONS, MAX_CHANGED, Change, proposal, send_again, send_changed
from portal.services import discard_stored
from rejections import queries
from rejections.models import Rejection
from rejections.services import discard_rejections
from traitly.input.errors import Error, InputError, InvalidRequestError

_SHOWN = 50
_MAX_REASONS = 30  # offered to choose from
_FILTERS = ("name_part", "customer_id", "reason")
_URLS: dict[str, Callable[[Any], str]] = {
    Rejection.Kind.EVENT: lambda event: f"{reverse('portal:event')}?{urlencode({'id': event.id})}",
    Rejection.Kind.CUSTOMER: lambda one: (
        f"{reverse('portal:customer')}?{urlencode({'id': one.customer_id})}"
    ),
}


@member
def index(request: PortalRequest) -> HttpResponse:
    """A page of them, newest first, from ``before`` on; of a part of a name, a customer, a reason."""
    account_id = request.account.pk
    discard_stored(account_id=account_id)
    wanted = _filters(request.GET)
    matching = queries.newest(account_id=account_id, **wanted).defer("payload")
    before = request.GET.get("before")
    page = list((matching.filter(id__lt=_uuid(before)) if before else matching)[: _SHOWN + 1])
    query = {key: value for key, value in wanted.items() if value}
    context = {
        "rows": page[:_SHOWN],
        "filters": wanted,
        "filtered": bool(query),
        "first_page": not before,
        "query": urlencode(query),
        "next": urlencode(query | {"before": page[_SHOWN - 1].id}) if len(page) > _SHOWN else "",
        "matching": len(matching.values_list("id")[: MAX_CHANGED + 1]),
        "most": MAX_CHANGED,
        "reasons": queries.reasons(account_id=account_id, limit=_MAX_REASONS),
        "actions": ACTIONS.items(),
        "days": settings.REJECTIONS_KEPT_DAYS,
    }
    return render(request, "portal/rejections.html", context)


@member
def show(request: PortalRequest, rejection_id: uuid.UUID) -> HttpResponse:
    """What was refused and why, to be mended and sent again."""
    row = queries.find(account_id=request.account.pk, rejection_id=rejection_id)
    if row is None:
        raise Http404
    if request.method == "POST" and not row.truncated:
        text = request.POST.get("payload", "").strip()
        try:
            stored = send_again(row, text)
        except InvalidRequestError as invalid:
            errors = invalid.errors
        except InputError as error:
            errors = [Error("invalid", error.detail)]
        else:
            messages.success(request, "Stored. It is no longer listed as rejected.")
            return redirect(_URLS[Rejection.Kind(row.kind)](stored[0]))
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    else:
        text, errors, status = (
            proposal(row),
            [Error(**error) for error in row.errors],
            HTTPStatus.OK,
        )
    context = {
        "rejection": row,
        "payload": text,
        "errors": errors,
        "tried": status != HTTPStatus.OK,
    }
    context["days"] = settings.REJECTIONS_KEPT_DAYS
    return render(request, "portal/rejection.html", context, status=status)


@require_POST
@member
def dismiss(request: PortalRequest) -> HttpResponse:
    """Erase those that are ``chosen``, or with ``all`` those that match the filters."""
    gone = discard_rejections(
        account_id=request.account.pk, rejection_ids=[row.id for row in _chosen(request).only("id")]
    )
    messages.success(request, f"{_items(gone)} dismissed.")
    return _back(request)


@require_POST
@member
def change(request: PortalRequest) -> HttpResponse:
    """The same change to all that are chosen, which are then sent again."""
    action, field, value = (
        request.POST.get(key, "").strip() for key in ("action", "field", "value")
    )
    rows = list(_chosen(request))
    if not rows:
        messages.error(request, "Select at least one item.")
    elif action not in ACTIONS or not field or (action == "rename" and not value):
        messages.error(request, "Say which field to change, and to what.")
    else:
        _send(request, rows, Change(action, field, value))
    return _back(request)


def _send(request: PortalRequest, rows: list[Rejection], changed: Change) -> None:
    try:
        outcome = send_changed(rows, changed)
    except InputError as error:
        messages.error(request, error.detail)
        return
    if outcome.stored:
        messages.success(request, f"{_items(outcome.stored)} stored.")
    for why, count in Counter(outcome.refused).most_common(3):
        reason = f"{why.attr}: {why.detail}" if why.attr else why.detail
        messages.warning(request, f"{_items(count)} still rejected. {reason}")
    if left := len(rows) - outcome.stored - len(outcome.refused):
        messages.warning(
            request,
            f"{_items(left)} cannot be changed here: too long, or not readable. Open one to see.",
        )


def _chosen(request: PortalRequest) -> Any:
    matching = queries.newest(account_id=request.account.pk, **_filters(request.POST))
    if "all" not in request.POST:
        matching = matching.filter(id__in=[_uuid(text) for text in request.POST.getlist("chosen")])
    return matching[:MAX_CHANGED]


def _filters(sent: QueryDict) -> dict[str, str]:
    return {key: sent.get(key, "").replace("\0", "").strip() for key in _FILTERS}


def _back(request: PortalRequest) -> HttpResponse:
    query = {key: value for key, value in _filters(request.POST).items() if value}
    return redirect(f"{reverse('portal:rejections')}?{urlencode(query)}".rstrip("?"))


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


def _items(count: int) -> str:
    return f"{count:,} item{'' if count == 1 else 's'}"
