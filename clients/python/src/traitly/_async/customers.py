"""``client.customers``."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from traitly._async.batches import send_many
from traitly._async.pages import AsyncPages
from traitly._async.transport import AsyncTransport
from traitly._protocol import delete, get, patch, path_of, post
from traitly._values import UNSET, Amount, Time, Unset, fields
from traitly.errors import NotFoundError
from traitly.results import BatchResult
from traitly.types import Alias, AmountRange, Change, Customer, Event, NewCustomer, TimeRange


class AsyncCustomers:
    """Whom you sell to."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def upsert(
        self,
        *,
        customer_id: str | int,
        name: str,
        email: str,
        plan: str,
        created_at: Time | Unset = UNSET,
        monthly_payment_amount: Amount | Unset = UNSET,
        location: str | Unset | None = UNSET,
        phone_number: str | Unset | None = UNSET,
        organisation_id: str | Unset | None = UNSET,
        custom_attributes: Mapping[str, Any] | Unset = UNSET,
    ) -> Customer:
        """Create a customer, or update the one that has this ``customer_id``; returns it as it is stored.

            await traitly.customers.upsert(
                customer_id="123", name="John Smith", email="john@example.com", plan="Starter"
            )

        Fields that you leave out stay as they are. ``custom_attributes`` are merged key by key, and
        None removes its key.

        Raises BadRequestError if the server refuses it.
        """
        customer = fields(
            customer_id=customer_id,
            name=name,
            email=email,
            plan=plan,
            created_at=created_at,
            monthly_payment_amount=monthly_payment_amount,
            location=location,
            phone_number=phone_number,
            organisation_id=organisation_id,
            custom_attributes=custom_attributes,
        )
        body = await self._transport.send(post("/customer", customer))
        return cast("Customer", body["data"][0])

    async def upsert_many(
        self,
        customers: Iterable[NewCustomer | Mapping[str, Any]],
        *,
        raise_on_rejected: bool = True,
    ) -> BatchResult:
        """Create or update many customers, 1,000 a request, in order; ``customers`` may be a generator of any length.

        Each is judged by itself: those that are valid are stored even if others are refused.

        Raises RejectedError at the end if some were refused (with ``raise_on_rejected=False``, look
        at the result's ``rejected`` instead), or an APIError or NetworkError at once, whose
        ``result`` says what was done by then.
        """
        result = await send_many(self._transport, "/customer", customers)
        if raise_on_rejected:
            result.raise_for_rejected()
        return result

    async def update(
        self,
        customer_id: str | int,
        *,
        name: str | Unset = UNSET,
        email: str | Unset = UNSET,
        plan: str | Unset = UNSET,
        created_at: Time | Unset = UNSET,
        monthly_payment_amount: Amount | Unset = UNSET,
        location: str | Unset | None = UNSET,
        phone_number: str | Unset | None = UNSET,
        organisation_id: str | Unset | None = UNSET,
        custom_attributes: Mapping[str, Any] | Unset = UNSET,
    ) -> Customer:
        """Change some fields of a customer; returns it as it is now.

            await traitly.customers.update("123", plan="Atom", custom_attributes={"role": "manager"})

        Raises NotFoundError if there is no such customer, BadRequestError if the server refuses a
        value.
        """
        changes = fields(
            name=name,
            email=email,
            plan=plan,
            created_at=created_at,
            monthly_payment_amount=monthly_payment_amount,
            location=location,
            phone_number=phone_number,
            organisation_id=organisation_id,
            custom_attributes=custom_attributes,
        )
        body = await self._transport.send(patch(path_of("customer", customer_id), changes))
        return cast("Customer", body["data"][0])

    async def get(self, customer_id: str | int) -> Customer:
        """One customer.

        Raises NotFoundError if there is none with this id.
        """
        body = await self._transport.send(get(path_of("customer", customer_id)))
        return cast("Customer", body["data"][0])

    def list(
        self,
        *,
        customer_id: str | int | Sequence[str | int] | None = None,
        name: str | Sequence[str] | None = None,
        plan: str | Sequence[str] | None = None,
        email: str | Sequence[str] | None = None,
        location: str | Sequence[str] | None = None,
        phone_number: str | Sequence[str] | None = None,
        organisation_id: str | Sequence[str] | None = None,
        monthly_payment_amount: AmountRange | None = None,
        created_at: TimeRange | None = None,
        updated_at: TimeRange | None = None,
        custom_attributes: Mapping[str, Any] | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[Customer]:
        """The customers that match, oldest first; a list as a filter means any of its values.

            async for customer in traitly.customers.list(plan="Starter", monthly_payment_amount={"gte": 100}):
                ...

        Ranges are given as ``{"gte": ..., "gt": ..., "lte": ..., "lt": ...}``, any of them.
        ``sort`` is ``created_at``, ``updated_at``, ``customer_id`` or ``monthly_payment_amount``,
        with ``-`` in front for the reverse; ``limit`` is the size of a page, 1 to 1000.
        """
        filters = {
            "customer_id": customer_id,
            "name": name,
            "plan": plan,
            "email": email,
            "location": location,
            "phone_number": phone_number,
            "organisation_id": organisation_id,
            "monthly_payment_amount": monthly_payment_amount,
            "created_at": created_at,
            "updated_at": updated_at,
            "custom_attributes": custom_attributes,
            "sort": sort,
            "limit": limit,
            "cursor": cursor,
        }
        return AsyncPages(self._transport, "/customer", filters)

    def events(
        self,
        customer_id: str | int,
        *,
        name: str | Sequence[str] | None = None,
        created_at: TimeRange | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[Event]:
        """A customer's timeline: its events of every name, or of those given, oldest first.

            async for event in traitly.customers.events("123", sort="-created_at"):
                ...

        Raises NotFoundError, when it is read, if neither the customer nor an event of it is known.
        """
        filters = {
            "name": name,
            "created_at": created_at,
            "sort": sort,
            "limit": limit,
            "cursor": cursor,
        }
        return AsyncPages(self._transport, path_of("customer", customer_id, "event"), filters)

    def history(
        self,
        customer_id: str | int,
        *,
        field: str | Sequence[str] | None = None,
        changed_at: TimeRange | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[Change]:
        """What a customer's ``plan`` and ``monthly_payment_amount`` were before, oldest change first.

        ``field`` is one of the two, ``sort`` is ``changed_at`` or ``-changed_at``.

        Raises NotFoundError, when it is read, if there is no such customer.
        """
        filters = {
            "field": field,
            "changed_at": changed_at,
            "sort": sort,
            "limit": limit,
            "cursor": cursor,
        }
        return AsyncPages(self._transport, path_of("customer", customer_id, "history"), filters)

    async def aliases(self, customer_id: str | int) -> builtins.list[Alias]:
        """The other ids of a customer, from an ``alias`` or ``identify`` of Segment's SDKs.

        Raises NotFoundError if nothing is known of this customer.
        """
        body = await self._transport.send(get(path_of("customer", customer_id, "alias")))
        return cast("builtins.list[Alias]", body["data"])

    async def separate(self, customer_id: str | int, previous_id: str) -> None:
        """Separate one of its other ids from a customer: what is stored under it is no longer read as this customer's.

        Raises NotFoundError if it is not one of them.
        """
        try:
            await self._transport.send(
                delete(path_of("customer", customer_id, path_of("alias", previous_id)[1:]))
            )
        except NotFoundError as error:
            if error.attempts == 1:  # else an earlier attempt separated it, whose response was lost
                raise

    async def erase(self, customer_id: str | int) -> int | None:
        """Erase a customer and every event of it; returns the number of events erased.

        None if a retry found that an earlier attempt had erased it, whose response was lost.

        Raises NotFoundError if nothing is known of this customer.
        """
        try:
            body = await self._transport.send(delete(path_of("customer", customer_id)))
        except NotFoundError as error:
            if error.attempts == 1:
                raise
            return None
        return int(body["metadata"].get("events", 0))
