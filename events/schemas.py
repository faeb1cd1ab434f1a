"""What clients may send about events."""

import datetime
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple, Required

from pydantic import ConfigDict, InstanceOf, with_config
from typing_extensions import TypedDict

from traitly.db.ids import new_text_id
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.items import Batch, Make, Schema, read_items, validate_items
from traitly.input.parsing import Body
from traitly.input.values import CustomerId, Identifier, Name, Time, now_in_seconds


@with_config(ConfigDict(extra="allow"))
class EventItem(TypedDict, total=False):
    """An event as it is sent (contract, "Events")."""

    customer_id: Required[CustomerId]
    name: Required[Name]
    created_at: Time
    id: Identifier | None
    custom_attributes: InstanceOf[
        dict[str, Any]
    ]  # JSON's keys are text: nothing to look at, nothing to copy


# An entry of events_by_customer_name has at most 2,704 bytes, of which the time and so on take
# some. Only identifiers and names full of characters beyond U+FFFF come near.
_MAX_INDEXED_BYTES = 2600

# ``success: 1`` is what responses contain; any other ``success`` is the client's own attribute.
SCHEMA = Schema(
    EventItem,
    read_only={"success": lambda value: value == 1 and value is not True},
    kind="event",
    synonyms=(
        ("userid", "customer_id"),
        ("timestamp", "created_at"),
        ("occurredat", "created_at"),
        ("messageid", "id"),
    ),
)


class NewEvent(NamedTuple):
    """An event to store. ``attributes`` is JSON text; ``new``: its id was just made, so nobody else has it."""

    id: str
    customer_id: str
    name: str
    created_at: datetime.datetime
    attributes: bytes
    new: bool = False


def read_events(
    body: Body, idempotency_key: str = "", item_keys: Sequence[str] = ()
) -> Batch[NewEvent]:
    """The events of a body. Each without an id gets one: from the idempotency key and its position, or a new one.

    ``item_keys``: a key for each item, if its position in the body means nothing (imports).
    """
    return read_items(body, SCHEMA, _maker(idempotency_key, item_keys))


def validate_events(values: list[Any]) -> Batch[NewEvent]:
    """The same for parsed values, and always as a batch."""
    return validate_items(values, SCHEMA, _maker())


def _maker(idempotency_key: str = "", item_keys: Sequence[str] = ()) -> Make[NewEvent]:
    now = now_in_seconds()

    def make(
        index: int, item: dict[str, Any], _attributes: dict[str, Any], text: bytes
    ) -> NewEvent:
        event_id = item.get("id")
        new = False
        if not event_id and item_keys:
            event_id = _derived_id(item_keys[index], 0)
        elif not event_id and idempotency_key:
            event_id = _derived_id(idempotency_key, index)
        elif not event_id:
            event_id, new = new_text_id(), True
        elif (
            4 * (len(event_id) + len(item["customer_id"]) + len(item["name"])) > _MAX_INDEXED_BYTES
        ):
            _check_size(event_id + item["customer_id"] + item["name"])
        return NewEvent(
            event_id, item["customer_id"], item["name"], item.get("created_at", now), text, new
        )

    return make


def _check_size(indexed: str) -> None:
    if len(indexed.encode()) > _MAX_INDEXED_BYTES:
        detail = f"Ensure that id, customer_id and name take no more than {_MAX_INDEXED_BYTES} bytes in total."
        raise InvalidRequestError([Error("max_length", detail, "id")])


def _derived_id(idempotency_key: str, index: int) -> str:
    """The same id for the same key and position (RFC 9562's version 8: made from a hash)."""
    digest = bytearray(hashlib.sha256(f"{index}:{idempotency_key}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))
