"""What clients may send about customers."""

import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from traitly.api.bodies import Body
from traitly.api.errors import Error, InvalidRequest
from traitly.api.items import Batch, Item, read_items
from traitly.api.values import Amount, CustomerId, Name, Text, Time, attributes_json, now_in_seconds


def _check_email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        raise PydanticCustomError("invalid", "Enter a valid email address.") from None
    return value


Email = Annotated[str, Field(max_length=254), AfterValidator(_check_email)]


class CustomerItem(Item):
    """A customer as it is sent (contract, "Customers")."""

    ANSWERED_ONLY: ClassVar[frozenset[str]] = frozenset({"updated_at"})

    customer_id: CustomerId
    name: Name
    email: Email
    plan: Name
    created_at: Time = Field(default_factory=now_in_seconds)
    monthly_payment_amount: Amount | None = None
    location: Text | None = None
    phone_number: Text | None = None
    organisation_id: Text | None = None


class SentCustomer(NamedTuple):
    """A customer to create or update. ``attributes`` is JSON text."""

    customer_id: str
    name: str
    email: str
    plan: str
    created_at: datetime.datetime
    monthly_payment_amount: Decimal | None
    location: str | None
    phone_number: str | None
    organisation_id: str | None
    attributes: bytes
    removed: list[str]  # keys that were sent as null: an update removes them
    sent: set[str]  # the fields that were sent: an update leaves the others alone


class CustomerPatch(Item):
    """Any subset of a customer's fields, as PATCH takes it; ``customer_id`` may only repeat the address."""

    ANSWERED_ONLY: ClassVar[frozenset[str]] = CustomerItem.ANSWERED_ONLY

    # The defaults stand for "not sent" and are never looked at.
    customer_id: CustomerId = ""
    name: Name = ""
    email: Email = ""
    plan: Name = ""
    created_at: Time = Field(default_factory=now_in_seconds)
    monthly_payment_amount: Amount | None = None
    location: Text | None = None
    phone_number: Text | None = None
    organisation_id: Text | None = None


_CHANGEABLE = (
    "name",
    "email",
    "plan",
    "created_at",
    "monthly_payment_amount",
    "location",
    "phone_number",
    "organisation_id",
)


class CustomerChanges(NamedTuple):
    """The fields to replace, and the attributes (JSON text) to merge and to remove."""

    fields: dict[str, Any]
    attributes: bytes
    removed: list[str]


def read_customers(body: Body) -> Batch[SentCustomer]:
    """The customers of a body."""

    def make(_index: int, item: CustomerItem, attributes: dict[str, Any], text: bytes) -> SentCustomer:
        text, removed = _without_nulls(attributes, text)
        return SentCustomer(
            item.customer_id,
            item.name,
            item.email,
            item.plan,
            item.created_at,
            item.monthly_payment_amount,
            item.location,
            item.phone_number,
            item.organisation_id,
            text,
            removed,
            item.__pydantic_fields_set__,
        )

    return read_items(body, CustomerItem, make)


def read_changes(body: Body, customer_id: str) -> CustomerChanges:
    """The changes that a body asks of one customer, or ``InvalidRequest``."""

    def make(_index: int, item: CustomerPatch, attributes: dict[str, Any], text: bytes) -> CustomerChanges:
        sent = item.__pydantic_fields_set__
        if item.customer_id != customer_id and "customer_id" in sent:
            raise InvalidRequest([Error("invalid", "A customer_id cannot be changed.", "customer_id")])
        # The set holds further fields too, whose names are the client's: only our own names may come near SQL.
        fields = {field: getattr(item, field) for field in _CHANGEABLE if field in sent}
        return CustomerChanges(fields, *_without_nulls(attributes, text))

    batch = read_items(body, CustomerPatch, make)
    if not batch.single:
        raise InvalidRequest([Error("invalid", "Expected one JSON object.")])
    return batch.accepted[0]


def _without_nulls(attributes: dict[str, Any], text: bytes) -> tuple[bytes, list[str]]:
    """JSON text of the attributes to set, and the keys to remove: those that were sent as null."""
    removed = [key for key, value in attributes.items() if value is None]
    if removed:
        text = attributes_json({key: value for key, value in attributes.items() if value is not None})
    return text, removed
