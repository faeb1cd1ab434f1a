"""What clients may send about customers, derived from the declarations in ``customers.columns``."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Required

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from customers.columns import COLUMNS, KEY, REPLACED, Column
from traitly.input.attributes import attributes_json
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.hints import Hint
from traitly.input.items import Batch, RejectedItem, Schema, read_items, validate_items
from traitly.input.parsing import Body

_typed_dict: Any = TypedDict  # mypy wants literal fields


def _schema(name: str, *, required: Collection[str]) -> Schema:
    """A customer with its required fields. Unknown fields become attributes."""

    def accepted(each: Column) -> Any:
        accepts = each.accepts | None if each.nullable else each.accepts
        return Required[accepts] if each.name in required else accepts

    item = _typed_dict(
        name, {each.name: accepted(each) for each in COLUMNS if each.accepts}, total=False
    )
    # Clients may send back fields that only the server sets, as they read them.
    read_only = {each.name: _anything for each in COLUMNS if not each.accepts}
    synonyms = tuple((synonym, each.name) for each in COLUMNS for synonym in each.synonyms)
    return Schema(with_config(ConfigDict(extra="allow"))(item), read_only, "customer", synonyms)


def _anything(_value: Any) -> bool:
    return True


SCHEMA = _schema("CustomerItem", required=[each.name for each in COLUMNS if each.required])
PATCH_SCHEMA = _schema("CustomerPatch", required=[])
PROFILE_SCHEMA = _schema("CustomerProfile", required=[KEY])


class SentCustomer(NamedTuple):
    """A customer to create or update."""

    customer_id: str
    fields: dict[
        str, Any
    ]  # those that were sent, among others: an update leaves those alone that are not here
    attributes: bytes  # JSON text
    removed: list[str]  # keys that were sent as null: an update removes them
    values: dict[str, Any]  # the attributes as they were sent, nulls too


class CustomerChanges(NamedTuple):
    """The fields to replace, and the attributes (JSON text) to merge and to remove."""

    fields: dict[str, Any]
    attributes: bytes
    removed: list[str]
    hints: Sequence[Hint] = ()


def read_customers(body: Body) -> Batch[SentCustomer]:
    """The customers of a body."""
    return read_items(body, SCHEMA, _make)


def validate_profiles(values: list[Any]) -> Batch[SentCustomer]:
    """Customers that need nothing but a customer_id, from parsed values."""
    return validate_items(values, PROFILE_SCHEMA, _make)


def _make(
    _index: int, item: dict[str, Any], attributes: dict[str, Any], text: bytes
) -> SentCustomer:
    return SentCustomer(item[KEY], item, *_without_nulls(attributes, text), attributes)


def read_changes(body: Body, customer_id: str) -> CustomerChanges:
    """A body's changes to one customer, or ``InvalidRequestError``. Its customer_id may repeat the one in the URL."""

    def make(
        _index: int, item: dict[str, Any], attributes: dict[str, Any], text: bytes
    ) -> CustomerChanges:
        if item.get(KEY, customer_id) != customer_id:
            raise InvalidRequestError([Error("invalid", "A customer_id cannot be changed.", KEY)])
        # Only our own names may get near SQL, never the client's.
        fields = {each.name: item[each.name] for each in REPLACED if each.name in item}
        return CustomerChanges(fields, *_without_nulls(attributes, text))

    batch = read_items(body, PATCH_SCHEMA, make)
    if not batch.single:
        raise InvalidRequestError([Error("invalid", "Expected one JSON object.")])
    result = batch.results[0]
    if isinstance(result, RejectedItem):
        raise InvalidRequestError(result.errors)
    return result._replace(hints=batch.hints)


def in_one(customers: Sequence[SentCustomer]) -> SentCustomer:
    """One customer with the combined effect of these, which all have the same customer_id, in order."""
    if len(customers) == 1:
        return customers[0]
    fields: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for customer in customers:
        fields |= customer.fields
        values |= customer.values
    text, removed = _without_nulls(values, b"")
    return SentCustomer(
        customers[0].customer_id, fields, text or attributes_json(values), removed, values
    )


def _without_nulls(attributes: dict[str, Any], text: bytes) -> tuple[bytes, list[str]]:
    """JSON text of the attributes to set, and the keys to remove, which were sent as null."""
    if text and b"null" not in text:
        return text, []
    removed = [key for key, value in attributes.items() if value is None]
    if removed:
        text = attributes_json(
            {key: value for key, value in attributes.items() if value is not None}
        )
    return text, removed
