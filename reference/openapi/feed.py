"""The schemas of the feed."""

from reference.openapi import fields
from reference.openapi.shapes import SECONDS, Schema, described, envelope, next_page, ref, whole


def feed_schemas() -> dict[str, Schema]:
    """The entries of the feed, each told apart by its ``type``, and the envelope of a page."""
    erased = {"customer_id": {"type": "string", "description": fields.CUSTOMER["customer_id"]}}
    entries = {
        "EventCreated": ("event.created", "An event that was stored.", ref("Event")),
        "CustomerUpdated": (
            "customer.updated",
            "A customer that is new or has changed, as it is now.",
            ref("Customer"),
        ),
        "CustomerErased": ("customer.erased", "A customer that was erased. Erase it too.", ref("ErasedCustomer")),
    }
    mapping = {kind: f"#/components/schemas/{name}" for name, (kind, *_) in entries.items()}
    return {
        "ErasedCustomer": whole("All that is left of an erased customer.", erased),
        **{name: _entry(*entry) for name, entry in entries.items()},
        "FeedEntry": {
            "description": "A change.",
            "oneOf": [ref(name) for name in entries],
            "discriminator": {"propertyName": "type", "mapping": mapping},
        },
        "FeedPage": next_page() | {"description": "Where to go on, always.", "required": ["next_cursor", "next"]},
        "FeedRetrieved": envelope("A page of the feed.", ref("FeedEntry"), "feed", "retrieved", ref("FeedPage")),
    }


def _entry(kind: str, description: str, data: Schema) -> Schema:
    properties: dict[str, Schema] = {
        "type": {"type": "string", "const": kind, "description": "What happened."},
        "timestamp": described(SECONDS, "When it arrived here, in seconds since the Unix epoch."),
        "data": data,
    }
    return whole(description, properties)
