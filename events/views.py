"""The event endpoints."""

from typing import Any, ClassVar

import orjson
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from customers.queries import get_customer
from events import queries
from events.schemas import NewEvent, read_events
from events.services import delete_event, erase_matching_events, store_events
from rejections.services import keep_rejections
from rejections.unreadable import keeping_unreadable
from traitly.http.bodies import read_body
from traitly.http.envelope import batch_response, envelope, only_sent
from traitly.http.views import ApiViewSet
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.values import unix_seconds
from traitly.lists.parameters import read_list

_MAX_KEY_LENGTH = 255


class EventViewSet(ApiViewSet):
    """``/event`` and ``/event/{id}``."""

    streamed_actions: ClassVar[frozenset[str]] = frozenset({"list"})

    def create(self, request: Request) -> HttpResponse:
        """Store one event or many."""
        with keeping_unreadable(
            request, account_id=self.account_id, key_id=self.key_id, kind="event"
        ):
            batch = read_events(read_body(request), _idempotency_key(request))
        accepted = batch.accepted
        duplicates = store_events(account_id=self.account_id, events=accepted)
        keep_rejections(
            account_id=self.account_id, key_id=self.key_id, kind="event", rejections=batch.rejected
        )
        return batch_response("event", batch, map(_response_row, accepted), duplicates=duplicates)

    def list(self, request: Request) -> HttpResponseBase:
        """A customer's events of one name."""
        return self.list_of("event", queries.LIST)

    def retrieve(self, request: Request, event_id: str) -> HttpResponse:
        """One event."""
        row_json = queries.get_event(account_id=self.account_id, event_id=event_id)
        if row_json is None:
            raise Http404("There is no event with this id.")
        return envelope("event", [row_json])

    def destroy(self, request: Request, event_id: str) -> HttpResponse:
        """Delete one event; its id may be used again."""
        row_json = delete_event(account_id=self.account_id, event_id=event_id)
        if row_json is None:
            raise Http404("There is no event with this id.")
        return envelope(
            "event",
            [row_json if self.may_read else only_sent(row_json, {"id", "success"})],
            method="DELETE",
        )

    def destroy_many(self, request: Request) -> HttpResponse:
        """Delete the events that the filters choose; the answer's metadata counts them."""
        for name in ("sort", "limit", "cursor", "raw"):
            if name in request.query_params:
                detail = "This deletes every matching event: sorting and paging do not apply."
                raise InvalidRequestError([Error("invalid", detail, name)])
        query = read_list(queries.ERASURE, request.query_params)
        if not query.equal and not query.conditions:
            detail = (
                "Say which events to delete: by customer_id, name or created_at[gte|gt|lte|lt]."
            )
            raise InvalidRequestError([Error("required", detail, None)])
        erased = erase_matching_events(
            account_id=self.account_id, equal=query.equal, times=query.conditions
        )
        return envelope("event", [], method="DELETE", metadata={"events": erased})


class TimelineViewSet(ApiViewSet):
    """``/customer/{customer_id}/event``."""

    streamed_actions: ClassVar[frozenset[str]] = frozenset({"list"})

    def list(self, request: Request, customer_id: str) -> HttpResponseBase:
        """A customer's events of every name; 404 if nothing is known of the customer."""
        definition, ids = queries.timeline_of(account_id=self.account_id, customer_id=customer_id)
        if get_customer(
            account_id=self.account_id, customer_id=customer_id
        ) is None and not queries.has_events(account_id=self.account_id, customer_ids=ids):
            raise Http404("No customer and no event has this customer_id.")
        return self.list_of("event", definition, customer_id=ids)


def _idempotency_key(request: Request) -> str:
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return ""
    if not 1 <= len(key) <= _MAX_KEY_LENGTH:
        raise InvalidRequestError(
            [Error("max_length", f"Send 1 to {_MAX_KEY_LENGTH} characters.", "Idempotency-Key")]
        )
    return key


def _response_row(event: NewEvent) -> dict[str, Any]:
    return {
        "customer_id": event.customer_id,
        "name": event.name,
        "created_at": unix_seconds(event.created_at),
        "success": 1,
        "id": event.id,
        "custom_attributes": orjson.Fragment(event.attributes),
    }
