"""The schemas of the feed."""

from pydantic import TypeAdapter

from feed.models import EntryType, Webhook
from feed.schemas import WebhookFields
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
        "CustomerErased": (
            "customer.erased",
            "A customer that was erased. Erase it too.",
            ref("ErasedCustomer"),
        ),
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
        "FeedPage": next_page()
        | {"description": "Where to go on, always.", "required": ["next_cursor", "next"]},
        "FeedRetrieved": envelope(
            "A page of the feed.", ref("FeedEntry"), "feed", "retrieved", ref("FeedPage")
        ),
    }


def _entry(kind: str, description: str, data: Schema) -> Schema:
    properties: dict[str, Schema] = {
        "type": {"type": "string", "const": kind, "description": "What happened."},
        "timestamp": described(SECONDS, "When it arrived here, in seconds since the Unix epoch."),
        "data": data,
    }
    return whole(description, properties)


def webhook_schemas() -> dict[str, Schema]:
    """What is sent and answered about webhooks, and what they are sent."""
    sent = TypeAdapter(WebhookFields).json_schema()["properties"]
    sent["types"] = sent["types"] | {"items": {"type": "string", "enum": EntryType.values}}
    properties = {name: described(schema, fields.WEBHOOK[name]) for name, schema in sent.items()}
    properties["url"] = {
        "type": "string",
        "format": "uri",
        "pattern": "^https?://",
        "maxLength": 2000,
        "description": fields.WEBHOOK["url"],
    }
    changes = {
        "type": "object",
        "description": "The settings to change; those that are not sent stay.",
    }
    new = {"type": "object", "description": "A webhook to make.", "required": ["url"]}
    without_defaults = {
        name: {key: value for key, value in schema.items() if key != "default"}
        for name, schema in properties.items()
    }
    return {
        "NewWebhook": new | {"properties": properties, "additionalProperties": False},
        "WebhookChanges": changes | {"properties": without_defaults, "additionalProperties": False},
        "Webhook": whole("A webhook.", _webhook(without_defaults)),
        "CreatedWebhook": whole(
            "A webhook with its secret.",
            _webhook(without_defaults) | _texts({"secret": {"type": "string"}}),
        ),
        **{
            f"Webhooks{verb.title()}": _response(verb)
            for verb in ("created", "retrieved", "updated", "deleted")
        },
        "FeedBatch": _batch(),
    }


def _response(verb: str) -> Schema:
    nothing = {
        "type": "object",
        "description": "Empty: there is nothing more to say.",
        "maxProperties": 0,
    }
    row = ref("CreatedWebhook" if verb == "created" else "Webhook")
    return envelope(f"Response with the webhooks {verb}.", row, "webhook", verb, nothing)


def _webhook(settings: dict[str, Schema]) -> dict[str, Schema]:
    found = {
        "id": {"type": "string", "format": "uuid"},
        **settings,
        "stopped": {"type": ["string", "null"], "enum": [*Webhook.Stopped.values, None]},
        "position": SECONDS,
        "created_at": SECONDS,
    }
    order = ("id", "url", "types", "names", "enabled", "stopped", "batch", "position", "created_at")
    return _texts({name: found[name] for name in order})


def _texts(properties: dict[str, Schema]) -> dict[str, Schema]:
    return {name: described(schema, fields.WEBHOOK[name]) for name, schema in properties.items()}


def _batch() -> Schema:
    properties: dict[str, Schema] = {
        "type": {"type": "string", "const": "batch", "description": "Always `batch`."},
        "timestamp": described(SECONDS, "When it was sent, in seconds since the Unix epoch."),
        "data": {
            "type": "array",
            "items": ref("FeedEntry"),
            "description": "The entries, in order.",
        },
    }
    return whole(
        "Several entries in one request, for webhooks whose `batch` is more than 1.", properties
    )


def delivery() -> Schema:
    """What a webhook's receiver is sent, as OpenAPI describes requests that the server makes."""
    headers = {
        "webhook-id": "The same whenever this is sent again: a receiver that knows it has nothing to do.",
        "webhook-timestamp": "When it was sent, in seconds since the Unix epoch. Refuse what is older than five minutes.",
        "webhook-signature": "`v1,` and the HMAC-SHA256 of id, timestamp and body, joined by dots, as base64. Two, with "
        "a space between, for a day after the secret was rotated.",
    }
    return {
        "post": {
            "operationId": "receiveEntries",
            "tags": ["Webhooks"],
            "summary": "What a webhook is sent",
            "description": "Entries of the feed, as Standard Webhooks 1.0. Answer with a 2xx within 15 seconds.",
            "security": [],
            "parameters": [
                {
                    "name": name,
                    "in": "header",
                    "required": True,
                    "description": text,
                    "schema": {"type": "string"},
                }
                for name, text in headers.items()
            ],
            "requestBody": {
                "description": "An entry, or several where `batch` is more than 1.",
                "required": True,
                "content": {
                    "application/json": {"schema": {"anyOf": [ref("FeedEntry"), ref("FeedBatch")]}}
                },
            },
            "responses": {
                "2XX": {"description": "It has arrived: the next one is sent."},
                "410": {"description": "The webhook is switched off."},
                "default": {"description": "It is sent again, later and later, for three days."},
            },
        }
    }
