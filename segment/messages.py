"""Translates Segment's messages: an event, a customer, or an alias (docs/guides/segment.md).

The wire format is that of Segment's tracking API as its SDKs send it. No database and no request in
here.
"""

import datetime
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from customers.columns import REPLACED
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.values import parse_time, unix_seconds

# A client's clock is corrected if it is off by more; a smaller difference may be the message's
# travel time.
MAX_SKEW = datetime.timedelta(seconds=60)


_EMPTY = (None, "")  # Python's SDK sends nulls


class Alias(NamedTuple):
    """Two ids of one customer: what ``previous_id`` has belongs to ``customer_id``."""

    previous_id: Any
    customer_id: Any
    reason: str  # the type of the message that says so


class Translated(NamedTuple):
    """What a message becomes, as the API would accept it: fields of an event, fields of a customer, an alias."""

    event: dict[str, Any] | None = None
    customer: dict[str, Any] | None = None
    alias: Alias | None = None


class Clock(NamedTuple):
    """When a request arrived, and how far the client's clock was behind, if that needs correcting."""

    received_at: datetime.datetime
    offset: datetime.timedelta

    @classmethod
    def of(cls, received_at: datetime.datetime, sent_at: Any) -> "Clock":
        """From the request's ``sentAt``, which may be missing or anything."""
        try:
            offset = received_at - parse_time(sent_at)
        except PydanticCustomError:
            offset = datetime.timedelta()
        return cls(received_at, offset if abs(offset) > MAX_SKEW else datetime.timedelta())


def translate(message: Any, clock: Clock) -> Translated:
    """Translate a message. Raises ``InvalidRequestError`` if it is not one."""
    if not isinstance(message, dict):
        raise InvalidRequestError([Error("invalid", "Expected a JSON object.")])
    kind = message.get("type")
    translator = _TRANSLATORS.get(kind) if isinstance(kind, str) else None
    if translator is None:
        raise InvalidRequestError(
            [Error("invalid_choice", f"Must be one of: {', '.join(_TRANSLATORS)}.", "type")]
        )
    return translator(message, clock)


def _track(message: dict[str, Any], clock: Clock) -> Translated:
    return Translated(event=_event(message, message.get("event"), clock))


def _viewed(what: str) -> Callable[[dict[str, Any], Clock], Translated]:
    """A page or a screen: an event "Viewed Docs Index Page", as Segment's own destinations name it."""

    def translator(message: dict[str, Any], clock: Clock) -> Translated:
        properties = _object(message, "properties")
        named = {key: message.get(key) or properties.get(key) for key in ("category", "name")}
        words = [word for word in named.values() if isinstance(word, str) and word]
        event = _event(message, " ".join(["Viewed", *words, what]), clock)
        event["custom_attributes"] = {key: word for key, word in named.items() if word} | event[
            "custom_attributes"
        ]
        return Translated(event=event)

    return translator


def _event(message: dict[str, Any], name: Any, clock: Clock) -> dict[str, Any]:
    attributes = dict(_object(message, "properties"))
    if context := _object(message, "context"):
        attributes.setdefault("context", context)
    event = {"customer_id": _who(message), "name": name, "custom_attributes": attributes}
    if message.get("messageId") is not None:
        event["id"] = message["messageId"]
    timestamp = message.get(
        "timestamp", message.get("originalTimestamp")
    )  # RudderStack's name for it
    if timestamp is not None:
        event["created_at"] = timestamp
        if clock.offset:
            _correct(event, timestamp, clock)
    return event


def _correct(event: dict[str, Any], timestamp: Any, clock: Clock) -> None:
    """Correct a time by the client's clock offset, and keep the original. Invalid times are left to the API's validation."""
    try:
        corrected = parse_time(timestamp) + clock.offset
    except PydanticCustomError:
        return
    event["created_at"] = unix_seconds(corrected)
    event["custom_attributes"].setdefault("original_timestamp", timestamp)


def _identify(message: dict[str, Any], _clock: Clock) -> Translated:
    traits = _object(message, "traits") or _object(_object(message, "context"), "traits")
    alias = None
    if _has_both_ids(message):
        alias = Alias(message["anonymousId"], message["userId"], "identify")
    return Translated(customer={"customer_id": _who(message), **_fields_of(traits)}, alias=alias)


def _group(message: dict[str, Any], _clock: Clock) -> Translated:
    customer: dict[str, Any] = {
        "customer_id": _who(message),
        "organisation_id": message.get("groupId"),
    }
    if isinstance(customer["organisation_id"], int):
        customer["organisation_id"] = str(customer["organisation_id"])
    if customer["organisation_id"] in _EMPTY:
        raise InvalidRequestError([Error("required", "This field is required.", "groupId")])
    if traits := _object(message, "traits"):
        customer["custom_attributes"] = {"organisation": traits}
    return Translated(customer=customer)


def _alias(message: dict[str, Any], _clock: Clock) -> Translated:
    missing = [name for name in ("previousId", "userId") if message.get(name) in _EMPTY]
    if missing:
        raise InvalidRequestError(
            [Error("required", "This field is required.", name) for name in missing]
        )
    return Translated(alias=Alias(message["previousId"], message["userId"], "alias"))


_TRANSLATORS: Mapping[str, Callable[[dict[str, Any], Clock], Translated]] = {
    "track": _track,
    "page": _viewed("Page"),
    "screen": _viewed("Screen"),
    "identify": _identify,
    "group": _group,
    "alias": _alias,
}


def _who(message: dict[str, Any]) -> Any:
    """The customer_id: the ``userId``, or the ``anonymousId`` of somebody who is not identified yet."""
    for name in ("userId", "anonymousId"):
        if message.get(name) not in _EMPTY:
            return message[name]
    raise InvalidRequestError([Error("required", "Send a userId or an anonymousId.", "userId")])


def _has_both_ids(message: dict[str, Any]) -> bool:
    return all(message.get(name) not in _EMPTY for name in ("userId", "anonymousId"))


def _object(message: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = message.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequestError([Error("not_a_dict", "Expected an object.", name)])
    return value


# Traits that map to one of our fields with another name. A field's own name is a trait as well.
_TRAITS = {
    "phone": "phone_number",
    "createdAt": "created_at",
    "monthlyPaymentAmount": "monthly_payment_amount",
    "phoneNumber": "phone_number",
    "organisationId": "organisation_id",
    "organizationId": "organisation_id",
}
_ACCEPTS = {each.name: TypeAdapter(each.accepts) for each in REPLACED}


def _fields_of(traits: dict[str, Any]) -> dict[str, Any]:
    """A customer's fields from a person's traits: those that fit a field, and all others as custom attributes.

    A profile with an invalid email is better than no profile, so nothing is refused because of a
    trait.
    """
    fields: dict[str, Any] = {}
    attributes = {}
    for trait, value in [*traits.items(), *_derived(traits)]:
        field = _TRAITS.get(trait, trait)
        if field in _ACCEPTS and field not in fields and _fits(field, value):
            fields[field] = value
        elif trait in traits:
            attributes[trait] = value
    return fields | {"custom_attributes": attributes}


def _derived(traits: dict[str, Any]) -> list[tuple[str, Any]]:
    """Fields derived from other traits if they were not sent; these traits are kept as well."""
    derived: list[tuple[str, Any]] = []
    names = [traits.get("firstName"), traits.get("lastName")]
    if full := " ".join(name for name in names if isinstance(name, str) and name.strip()):
        derived.append(("name", full))
    address = traits.get("address")
    if isinstance(address, dict):
        derived.append(("location", address.get("city")))
    elif isinstance(address, str):
        derived.append(("location", address))
    company = traits.get("company")
    if isinstance(company, dict):
        derived.append(("organisation_id", company.get("id")))
    return derived


def _fits(field: str, value: Any) -> bool:
    if value is None:
        return False
    try:
        _ACCEPTS[field].validate_python(value)
    except ValidationError:
        return False
    return True
