"""What clients may send about events."""

import datetime
import hashlib
import uuid
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from traitly.api.bodies import Body
from traitly.api.ids import new_id
from traitly.api.items import Batch, Item, read_items
from traitly.api.values import CustomerId, Identifier, Name, Time, now_in_seconds


class EventItem(Item):
    """An event as it is sent (contract, "Events")."""

    ANSWERED_ONLY: ClassVar[frozenset[str]] = frozenset({"success"})

    customer_id: CustomerId
    name: Name
    created_at: Time = Field(default_factory=now_in_seconds)
    id: Identifier | None = None

    @classmethod
    def is_only_answered(cls, key: str, value: Any) -> bool:  # noqa: ARG003  there is only one key
        """``success: 1`` is what answers carry; any other ``success`` is the client's own word."""
        return value == 1 and value is not True


class NewEvent(NamedTuple):
    """An event to store. ``attributes`` is JSON text."""

    id: str
    customer_id: str
    name: str
    created_at: datetime.datetime
    attributes: bytes


def read_events(body: Body, idempotency_key: str = "") -> Batch[NewEvent]:
    """The events of a body. Each without an id gets one: from the idempotency key and its position, or a new one."""

    def make(index: int, item: EventItem, _attributes: dict[str, Any], text: bytes) -> NewEvent:
        event_id = item.id or (_derived_id(idempotency_key, index) if idempotency_key else str(new_id()))
        return NewEvent(event_id, item.customer_id, item.name, item.created_at, text)

    return read_items(body, EventItem, make)


def _derived_id(idempotency_key: str, index: int) -> str:
    """The same id for the same key and position (RFC 9562's version 8: made from a hash)."""
    digest = bytearray(hashlib.sha256(f"{index}:{idempotency_key}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))
