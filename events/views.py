"""The event endpoints."""

import orjson
from django.http import HttpResponse
from rest_framework.request import Request

from events import queries
from events.schemas import NewEvent, read_events
from events.services import store_events
from traitly.api.bodies import read_body
from traitly.api.envelope import batch_response, list_response
from traitly.api.lists import page, read_list
from traitly.api.values import unix_seconds
from traitly.api.views import ApiViewSet


class EventViewSet(ApiViewSet):
    """``/event``."""

    def create(self, request: Request) -> HttpResponse:
        """Store one event or many."""
        batch = read_events(read_body(request), request.headers.get("Idempotency-Key", ""))
        duplicates = store_events(account_id=self.account_id, events=batch.accepted)
        return batch_response("event", batch, map(_answer, batch.accepted), duplicates=duplicates)

    def list(self, request: Request) -> HttpResponse:
        """A customer's events of one name."""
        asked = read_list(queries.LIST, request.query_params)
        rows, next_cursor = page(asked, account_id=self.account_id)
        return list_response(request, "event", rows, next_cursor)


def _answer(event: NewEvent) -> bytes:
    return orjson.dumps(
        {
            "customer_id": event.customer_id,
            "name": event.name,
            "created_at": unix_seconds(event.created_at),
            "success": 1,
            "id": event.id,
            "custom_attributes": orjson.Fragment(event.attributes),
        }
    )
