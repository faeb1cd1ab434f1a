"""What clients may send about customers."""

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, Required

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, ConfigDict, Field, InstanceOf, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from traitly.input.errors import Error, InvalidRequestError
from traitly.input.hints import Hint
from traitly.input.items import Batch, Body, RejectedItem, Schema, read_items
from traitly.input.values import Amount, CustomerId, Name, Text, Time, attributes_json, now_in_seconds

# What most addresses look like. All of these are valid, and Django's own look at them takes six times as long.
_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE | re.ASCII
)


def _check_email(value: str) -> str:
    if _PLAIN_EMAIL.fullmatch(value):
        return value
    try:
        validate_email(value)
    except ValidationError:
        raise PydanticCustomError("invalid", "Enter a valid email address.") from None
    return value


Email = Annotated[str, Field(max_length=254), AfterValidator(_check_email)]


@with_config(ConfigDict(extra="allow"))
class CustomerPatch(TypedDict, total=False):
    """Any fields of a customer, as PATCH takes them."""

    customer_id: CustomerId
    name: Name
    email: Email
    plan: Name
    created_at: Time
    monthly_payment_amount: Amount | None
    location: Text | None
    phone_number: Text | None
    organisation_id: Text | None
    custom_attributes: InstanceOf[dict[str, Any]]  # JSON's keys are text: nothing to look at, nothing to copy


class CustomerItem(CustomerPatch, total=False):
    """A customer as POST takes it (contract, "Customers")."""

    customer_id: Required[CustomerId]  # type: ignore[misc]  # narrowed: now it must be there
    name: Required[Name]  # type: ignore[misc]
    email: Required[Email]  # type: ignore[misc]
    plan: Required[Name]  # type: ignore[misc]


_ANSWERED = {"updated_at": lambda _: True}
_SYNONYMS = (
    ("userid", "customer_id"),
    ("emailaddress", "email"),
    ("planname", "plan"),
    ("timestamp", "created_at"),
    ("mrr", "monthly_payment_amount"),
    ("phone", "phone_number"),
    ("organizationid", "organisation_id"),
)
SCHEMA = Schema(CustomerItem, _ANSWERED, "customer", _SYNONYMS)
PATCH_SCHEMA = Schema(CustomerPatch, _ANSWERED, "customer", _SYNONYMS)


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
    values: dict[str, Any]  # the attributes as they were sent, nulls too


# The fields that a POST may leave out: an update leaves them as they are.
OPTIONAL = ("created_at", "monthly_payment_amount", "location", "phone_number", "organisation_id")
_CHANGEABLE = ("name", "email", "plan", *OPTIONAL)


class CustomerChanges(NamedTuple):
    """The fields to replace, and the attributes (JSON text) to merge and to remove."""

    fields: dict[str, Any]
    attributes: bytes
    removed: list[str]
    hints: Sequence[Hint] = ()


def read_customers(body: Body) -> Batch[SentCustomer]:
    """The customers of a body."""
    now = now_in_seconds()

    def make(_index: int, item: dict[str, Any], attributes: dict[str, Any], text: bytes) -> SentCustomer:
        text, removed = _without_nulls(attributes, text)
        return SentCustomer(
            item["customer_id"],
            item["name"],
            item["email"],
            item["plan"],
            item.get("created_at", now),
            item.get("monthly_payment_amount"),
            item.get("location"),
            item.get("phone_number"),
            item.get("organisation_id"),
            text,
            removed,
            item.keys() & SCHEMA.fields,
            attributes,
        )

    return read_items(body, SCHEMA, make)


def read_changes(body: Body, customer_id: str) -> CustomerChanges:
    """The changes that a body asks of one customer, or ``InvalidRequestError``. Its customer_id may repeat the address."""

    def make(_index: int, item: dict[str, Any], attributes: dict[str, Any], text: bytes) -> CustomerChanges:
        if item.get("customer_id", customer_id) != customer_id:
            raise InvalidRequestError([Error("invalid", "A customer_id cannot be changed.", "customer_id")])
        # Only our own names may come near SQL, never those that the client made up.
        fields = {field: item[field] for field in _CHANGEABLE if field in item}
        return CustomerChanges(fields, *_without_nulls(attributes, text))

    batch = read_items(body, PATCH_SCHEMA, make)
    if not batch.single:
        raise InvalidRequestError([Error("invalid", "Expected one JSON object.")])
    result = batch.results[0]
    if isinstance(result, RejectedItem):
        raise InvalidRequestError(result.errors)
    return result._replace(hints=batch.hints)


def in_one(customers: Sequence[SentCustomer]) -> SentCustomer:
    """What has the effect of these, all of one customer_id, one after the other."""
    *earlier, last = customers
    if not earlier:
        return last
    values: dict[str, Any] = {}
    for customer in customers:
        values |= customer.values
    text, removed = _without_nulls(values, b"")
    fields = {
        field: getattr(customer, field) for customer in customers for field in customer.sent.intersection(OPTIONAL)
    }
    sent = set().union(*(customer.sent for customer in customers))
    return last._replace(
        **fields, attributes=text or attributes_json(values), removed=removed, sent=sent, values=values
    )


def _without_nulls(attributes: dict[str, Any], text: bytes) -> tuple[bytes, list[str]]:
    """JSON text of the attributes to set, and the keys to remove: those that were sent as null."""
    if text and b"null" not in text:
        return text, []
    removed = [key for key, value in attributes.items() if value is None]
    if removed:
        text = attributes_json({key: value for key, value in attributes.items() if value is not None})
    return text, removed
