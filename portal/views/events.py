"""Live events: what arrives and what is refused, one of them as JSON, and sending a refused one again."""

import datetime
import hashlib
import json
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from events.queries import LOOKED_THROUGH, get_event, newest_events
from portal.access import PortalRequest, member
from portal.rows import parse_row
from rejections import queries as rejections
from rejections.models import Rejection
from rejections.services import discard_rejection
from traitly.input.errors import Error, InputError, InvalidRequestError
from traitly.input.items import RejectedItem
from traitly.input.parsing import Body
from traitly.input.values import parse_time, unix_seconds
from transfer.kinds import kind_of

_SHOWN = 50
_AT_ONCE = datetime.timedelta(seconds=5)


class Row(NamedTuple):
    """An event or a rejection in the list."""

    key: str  # names the row in the page: what has the focus keeps it when the list is replaced
    received_at: datetime.datetime
    address: str
    name: str | None
    customer_id: str | None
    created_at: datetime.datetime | None = None
    rejection: Rejection | None = None
    attributes: str = ""  # JSON text

    @property
    def apart(self) -> bool:
        """Whether the event happened at another time than it came in."""
        return self.created_at is not None and abs(self.received_at - self.created_at) > _AT_ONCE


@member
def index(request: PortalRequest) -> HttpResponse:
    """The page; the list in it asks for itself again."""
    return render(request, "portal/events.html", _feed(request))


@member
def feed(request: PortalRequest) -> HttpResponse:
    """The list alone, or nothing when it is still the one that ``seen`` names. Asked every two seconds."""
    context = _feed(request)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    response = render(request, "portal/feed.html", context)
    if "seen" not in request.GET:  # the filters were changed: a reload is to show the same
        response["HX-Replace-Url"] = f"{reverse('portal:events')}?{context['query']}"
    return response


@member
def event(request: PortalRequest) -> HttpResponse:
    """One event, named by ``id``: an id may be anything, so it is no part of the path."""
    event_id = request.GET.get("id", "")
    row_json = None if "\0" in event_id else get_event(account_id=request.account.pk, event_id=event_id)
    if row_json is None:
        raise Http404
    fields = parse_row(row_json)
    context = {"event": fields, "happened": parse_time(fields["created_at"]), "text": _pretty(fields)}
    return render(request, "portal/event.html", context)


@member
def rejection(request: PortalRequest, rejection_id: uuid.UUID) -> HttpResponse:
    """What was refused and why, to be mended and sent again."""
    row = rejections.find(account_id=request.account.pk, rejection_id=rejection_id)
    if row is None:
        raise Http404
    if request.method == "POST" and not row.truncated:
        text = request.POST.get("payload", "").strip()
        try:
            address = _send_again(row, text)
        except InvalidRequestError as invalid:
            errors = invalid.errors
        except InputError as error:
            errors = [Error("invalid", error.detail)]
        else:
            messages.success(request, "Stored. It is no longer listed as rejected.")
            return redirect(address)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    else:
        text, errors, status = _proposal(row), [Error(**error) for error in row.errors], HTTPStatus.OK
    context = {"rejection": row, "payload": text, "errors": errors, "tried": status != HTTPStatus.OK}
    context["days"] = settings.REJECTIONS_KEPT_DAYS
    return render(request, "portal/rejection.html", context, status=status)


def _feed(request: PortalRequest) -> dict[str, Any]:
    """The newest events and rejections together, narrowed by ``name``, ``customer_id`` and ``show=rejected``."""
    wanted = {key: request.GET.get(key, "").replace("\0", "").strip() for key in ("name", "customer_id")}
    paused, rejected = "paused" in request.GET, request.GET.get("show") == "rejected"
    account_id = request.account.pk
    arrivals = [] if rejected else newest_events(account_id=account_id, **wanted, limit=_SHOWN)
    rows = [
        Row(
            _digest(found.id),
            found.received_at,
            f"{reverse('portal:event')}?{urlencode({'id': found.id})}",
            found.name,
            found.customer_id,
            found.created_at,
            attributes=found.custom_attributes,
        )
        for found in arrivals
    ]
    rows += [
        Row(
            _digest(str(found.id)),
            found.received_at,
            reverse("portal:rejection", args=(found.id,)),
            found.name,
            found.customer_id,
            rejection=found,
        )
        for found in rejections.newest(account_id=account_id, **wanted).defer("payload")[:_SHOWN]
    ]
    rows = sorted(rows, key=lambda row: row.received_at, reverse=True)[:_SHOWN]
    filters = {key: value for key, value in wanted.items() if value} | ({"show": "rejected"} if rejected else {})
    return {
        "rows": rows,
        "filters": wanted,
        "filtered": bool(filters),
        "looked_through": LOOKED_THROUGH,
        "paused": paused,
        "rejected": rejected,
        "query": urlencode(filters | ({"paused": "1"} if paused else {})),
        "other_query": urlencode(filters | ({} if paused else {"paused": "1"})),
        "seen": _digest(*(row.key for row in rows)),
    }


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


_ADDRESSES: dict[str, Callable[[Any], str]] = {
    Rejection.Kind.EVENT: lambda event: f"{reverse('portal:event')}?{urlencode({'id': event.id})}",
    Rejection.Kind.CUSTOMER: lambda one: f"{reverse('portal:customer')}?{urlencode({'id': one.customer_id})}",
}


def _send_again(row: Rejection, text: str) -> str:
    """Store what the text says by the API's own way and discard the rejection; gives the address of what was stored.

    Raises ``InvalidRequestError`` or another ``InputError`` where the API would refuse it. An event without an id gets one
    that is made of the rejection's: the same form sent twice is stored once.
    """
    kind, address = kind_of(row.kind), _ADDRESSES[Rejection.Kind(row.kind)]  # an unknown kind raises before all else
    batch = kind.read(Body(text.encode(), lines=False), [f"rejection {row.id}"])
    [item] = _single(batch.results, single=batch.single)
    kind.store(row.account_id, [item])
    discard_rejection(account_id=row.account_id, rejection_id=row.id)
    return address(item)


def _single(results: list[Any], *, single: bool) -> list[Any]:
    if not single:
        raise InvalidRequestError([Error("invalid", "Send one JSON object, not an array.")])
    if isinstance(results[0], RejectedItem):
        raise InvalidRequestError(results[0].errors)
    return results


def _proposal(row: Rejection) -> str:
    """The payload to be mended. An event without a time happened when it was sent, not when it is sent again."""
    if row.truncated:
        return row.payload
    payload = json.loads(row.payload)
    if row.kind == Rejection.Kind.EVENT and isinstance(payload, dict) and "created_at" not in payload:
        payload["created_at"] = unix_seconds(row.received_at.replace(microsecond=0))
    return _pretty(payload)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
