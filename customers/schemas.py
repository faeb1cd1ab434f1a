"""What clients may send about customers."""

import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from traitly.api.bodies import Body
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


def read_customers(body: Body) -> Batch[SentCustomer]:
    """The customers of a body."""
    return read_items(body, CustomerItem, _make)


def _make(_index: int, item: CustomerItem, attributes: dict[str, Any], text: bytes) -> SentCustomer:
    removed = [key for key, value in attributes.items() if value is None]
    if removed:
        text = attributes_json({key: value for key, value in attributes.items() if value is not None})
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
