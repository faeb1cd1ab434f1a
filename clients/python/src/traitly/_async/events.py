"""``client.events``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from traitly._async.batches import send_many
from traitly._async.pages import AsyncPages
from traitly._async.transport import AsyncTransport
from traitly._protocol import delete, get, path_of, post
from traitly._values import UNSET, Time, Unset, fields
from traitly.errors import NotFoundError
from traitly.ids import new_id
from traitly.results import BatchResult
from traitly.types import Event, NewEvent, TimeRange


class AsyncEvents:
    """What customers did."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def send(
        self,
        *,
        customer_id: str | int,
        name: str,
        created_at: Time | Unset = UNSET,
        id: str | None = None,
        custom_attributes: Mapping[str, Any] | Unset = UNSET,
    ) -> Event:
        """Store one event, and return it as it is stored.

            await traitly.events.send(customer_id="123", name="Logged in")

        ``created_at`` is when it happened: an aware datetime, unix seconds or ISO 8601; now if it
        is not given. ``custom_attributes`` are anything else that you want to keep with it. The
        customer need not exist yet.

        ``id`` is your own identifier of the event: an event whose id is stored already is not
        stored again. Without one, an id is made here, so that retries store the event once.

        Raises BadRequestError if the server refuses it, another APIError or NetworkError if it
        cannot be stored.
        """
        event = fields(
            customer_id=customer_id,
            name=name,
            created_at=created_at,
            id=id or new_id(),
            custom_attributes=custom_attributes,
        )
        body = await self._transport.send(post("/event", event))
        return cast("Event", body["data"][0])

    async def send_many(
        self, events: Iterable[NewEvent | Mapping[str, Any]], *, raise_on_rejected: bool = True
    ) -> BatchResult:
        """Store many events, 1,000 a request; ``events`` may be a generator of any length.

            await traitly.events.send_many([{"customer_id": "123", "name": "Logged in"}, ...])

        Each is judged by itself: those that are valid are stored even if others are refused.

        Raises RejectedError at the end if some were refused (with ``raise_on_rejected=False``, look
        at the result's ``rejected`` instead), or an APIError or NetworkError at once, whose
        ``result`` says what was done by then. To call it again after that, give the events ids of
        your own (``traitly.new_id()``): stored ones are passed over.
        """
        result = await send_many(self._transport, "/event", _with_ids(events))
        if raise_on_rejected:
            result.raise_for_rejected()
        return result

    def list(
        self,
        *,
        customer_id: str | int | Sequence[str | int],
        name: str | Sequence[str],
        created_at: TimeRange | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[Event]:
        """The events of a customer and a name, oldest first; several of either mean any of them.

            async for event in traitly.events.list(customer_id="123", name="Logged in"):
                ...

        ``created_at`` is a range, as ``{"gte": start, "lt": end}``; ``sort`` is ``created_at`` or
        ``-created_at``; ``limit`` is the size of a page, 1 to 1000. For the events of every name
        see ``customers.events``.
        """
        filters = {
            "customer_id": customer_id,
            "name": name,
            "created_at": created_at,
            "sort": sort,
            "limit": limit,
            "cursor": cursor,
        }
        return AsyncPages(self._transport, "/event", filters)

    async def get(self, id: str) -> Event:
        """One event.

        Raises NotFoundError if there is none with this id.
        """
        body = await self._transport.send(get(path_of("event", id)))
        return cast("Event", body["data"][0])

    async def delete(self, id: str) -> None:
        """Delete one event. Its id may be used again.

        Raises NotFoundError if there is none with this id.
        """
        try:
            await self._transport.send(delete(path_of("event", id)))
        except NotFoundError as error:
            if error.attempts == 1:  # else an earlier attempt deleted it, whose response was lost
                raise

    async def delete_many(
        self,
        *,
        customer_id: str | int | Sequence[str | int] | None = None,
        name: str | Sequence[str] | None = None,
        created_at: TimeRange | None = None,
    ) -> int:
        """Delete every event that all of the arguments choose, of which the server needs at least one.

        Returns how many were deleted; after a retry, how many the last attempt still found.
        """
        filters = {"customer_id": customer_id, "name": name, "created_at": created_at}
        body = await self._transport.send(delete("/event", filters))
        return int(body["metadata"]["events"])


def _with_ids(events: Iterable[NewEvent | Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for event in events:
        yield event if event.get("id") else {**event, "id": new_id()}
