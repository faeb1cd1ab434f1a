"""Live events: what arrives and what is refused, and one of the events as JSON."""

import datetime
import hashlib
import json
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from events.queries import LOOKED_THROUGH, Arrival, get_event, newest_events, newest_events_of
from events.stats import known_names
from portal.access import PortalRequest, member
from portal.rows import parse_row
from portal.services import discard_stored
from rejections import queries as rejections
from rejections.models import Rejection
from traitly.input.values import parse_time

_SHOWN = 50
_MAX_NAMES = 200  # offered to choose from
_AT_ONCE = datetime.timedelta(seconds=5)


class Row(NamedTuple):
    """An event or a rejection in the list."""

    key: str  # names the row in the page: what has the focus keeps it when the list is replaced
    received_at: datetime.datetime
    url: str
    name: str | None
    customer_id: str | None
    created_at: datetime.datetime | None = None
    rejection: Rejection | None = None
    attributes: str = ""  # JSON text

    @classmethod
    def of_event(cls, found: Arrival) -> "Row":
        """An event's."""
        url = f"{reverse('portal:event')}?{urlencode({'id': found.id})}"
        return cls(
            _digest(found.id),
            found.received_at,
            url,
            found.name,
            found.customer_id,
            found.created_at,
            attributes=found.custom_attributes,
        )

    @classmethod
    def of_rejection(cls, found: Rejection) -> "Row":
        """A rejection's."""
        url = reverse("portal:rejection", args=(found.id,))
        return cls(
            _digest(str(found.id)),
            found.received_at,
            url,
            found.name,
            found.customer_id,
            rejection=found,
        )

    @property
    def apart(self) -> bool:
        """Whether the event happened at another time than it came in."""
        return self.created_at is not None and abs(self.received_at - self.created_at) > _AT_ONCE


@member
def index(request: PortalRequest) -> HttpResponse:
    """The page; the list in it asks for itself again."""
    today = timezone.now().astimezone(datetime.UTC).date()
    names = known_names(account_id=request.account.pk, today=today, limit=_MAX_NAMES)
    return render(request, "portal/events.html", {**_feed(request), "names": names})


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
    row_json = (
        None if "\0" in event_id else get_event(account_id=request.account.pk, event_id=event_id)
    )
    if row_json is None:
        raise Http404
    fields = parse_row(row_json)
    context = {
        "event": fields,
        "happened": parse_time(fields["created_at"]),
        "text": _pretty(fields),
    }
    return render(request, "portal/event.html", context)


def _feed(request: PortalRequest) -> dict[str, Any]:
    """The newest events and rejections together, narrowed by a part of a ``name`` and by ``customer_id``."""
    wanted = {
        key: request.GET.get(key, "").replace("\0", "").strip() for key in ("name", "customer_id")
    }
    paused, account_id = "paused" in request.GET, request.account.pk
    arrivals = _arrivals(account_id, **wanted)
    refused = _refused(account_id, **wanted)
    if refused and discard_stored(account_id=account_id):
        refused = _refused(account_id, **wanted)
    rows = [
        *(Row.of_event(found) for found in arrivals),
        *(Row.of_rejection(found) for found in refused),
    ]
    rows = sorted(rows, key=lambda row: row.received_at, reverse=True)[:_SHOWN]
    filters = {key: value for key, value in wanted.items() if value}
    return {
        "rows": rows,
        "filters": wanted,
        "filtered": bool(filters),
        "looked_through": LOOKED_THROUGH,
        "paused": paused,
        "query": urlencode(filters | ({"paused": "1"} if paused else {})),
        "other_query": urlencode(filters | ({} if paused else {"paused": "1"})),
        "seen": _digest(*(row.key for row in rows)),
    }


def _arrivals(account_id: int, *, name: str, customer_id: str) -> list[Arrival]:
    if customer_id:
        return newest_events_of(
            account_id=account_id, customer_id=customer_id, name_part=name, limit=_SHOWN
        )
    return newest_events(account_id=account_id, name_part=name, limit=_SHOWN)


def _refused(account_id: int, *, name: str, customer_id: str) -> list[Rejection]:
    matching = rejections.newest(account_id=account_id, name_part=name, customer_id=customer_id)
    return list(matching.defer("payload")[:_SHOWN])


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
