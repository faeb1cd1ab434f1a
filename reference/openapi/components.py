"""The document's components: what is sent, what is answered, and every error."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter

from customers.columns import COLUMNS, HISTORIC, JSON, NUMBER, TEXT, TIME
from customers.models import Alias
from customers.schemas import PATCH_SCHEMA
from customers.schemas import SCHEMA as CUSTOMER_SCHEMA
from events.queries import LIST as EVENTS
from events.schemas import SCHEMA as EVENT_SCHEMA
from reference.openapi import fields, parameters
from reference.openapi.codes import STATUSES
from reference.openapi.feed import feed_schemas, webhook_schemas
from reference.openapi.responses import HEADERS, error, error_detail, error_response
from reference.openapi.shapes import SECONDS, Schema, described, envelope, next_page, ref, whole
from traitly.http.envelope import VERBS
from traitly.input.attributes import MAX_KEY_LENGTH
from traitly.input.hints import MAX_HINTS
from traitly.input.values import NO_NUL

_ATTRIBUTES: Schema = {"type": "object", "additionalProperties": True}
# What answers hold: PostgreSQL writes them, so no type of Python says it.
_RESPONSE_SCHEMAS = {
    TEXT: {"type": "string"},
    TIME: SECONDS,
    NUMBER: {"type": "number"},
    JSON: _ATTRIBUTES,
}
_EVENT: dict[str, Schema] = {name: {"type": "string"} for name in EVENTS.columns} | {
    "created_at": SECONDS,
    "success": {"type": "integer", "const": 1},
    "custom_attributes": _ATTRIBUTES,
}
_CHANGE: dict[str, Schema] = {
    "field": {"type": "string", "enum": [each.name for each in HISTORIC]},
    "before": {"type": ["string", "number", "null"]},
    "after": {"type": ["string", "number", "null"]},
    "changed_at": SECONDS,
}
_ALIAS: dict[str, Schema] = {
    "previous_id": {"type": "string"},
    "customer_id": {"type": "string"},
    "reason": {"type": "string", "enum": Alias.Reason.values},
    "created_at": SECONDS,
}
_NOTHING: Schema = {
    "type": "object",
    "description": "Empty: there is nothing more to say.",
    "maxProperties": 0,
}
_ONLY_SENT = "A key without the scope `read` gets null in the place of what it did not send."


def schemas() -> dict[str, Schema]:
    """Every schema, by name."""
    return {
        "NewEvent": sent(EVENT_SCHEMA.item, "An event to store.", fields.EVENT),
        "Event": response_schema(_EVENT, f"A stored event. {_ONLY_SENT}", fields.EVENT_RESPONSE),
        "NewCustomer": sent(
            CUSTOMER_SCHEMA.item, "A customer to create or update.", fields.CUSTOMER
        ),
        "CustomerChanges": _changes(),
        "Customer": response_schema(
            _customer(), f"A stored customer. {_ONLY_SENT}", fields.CUSTOMER_RESPONSE
        ),
        "Change": response_schema(_CHANGE, "A change of a customer.", fields.CHANGE),
        "ChangesRetrieved": envelope(
            "Response with changes retrieved.",
            ref("Change"),
            "history",
            "retrieved",
            ref("NextPage"),
        ),
        "Alias": response_schema(_ALIAS, "Another id of a customer.", fields.ALIAS),
        "AliasesRetrieved": envelope(
            "Response with aliases retrieved.", ref("Alias"), "alias", "retrieved", _NOTHING
        ),
        "AliasesDeleted": envelope(
            "Response with the alias deleted.", ref("Alias"), "alias", "deleted", _NOTHING
        ),
        "RejectedItem": _rejected_item(),
        "NextPage": next_page(),
        "BatchCounts": _batch_counts(),
        "Hints": _hints(),
        "Hint": _hint(),
        "ErasedCounts": _erased_counts(),
        **_envelopes("Event", "event"),
        **_envelopes("Customer", "customer"),
        "ErrorDetail": error_detail(),
        "Error": error(),
        **feed_schemas(),
        **webhook_schemas(),
    }


def sent(item: Any, description: str, texts: Mapping[str, str]) -> Schema:
    """The schema of what a request sends, from the type that it is validated by."""
    schema = TypeAdapter(item).json_schema()
    properties = {
        name: described(schema["properties"][name], texts[name]) for name in schema["properties"]
    }
    names = {"minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": NO_NUL}
    properties["custom_attributes"]["propertyNames"] = names
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        **({"required": schema["required"]} if "required" in schema else {}),
        "additionalProperties": True,
        "propertyNames": names,
    }


def response_schema(
    columns: Mapping[str, Schema], description: str, texts: Mapping[str, str]
) -> Schema:
    """The schema of a row as answers hold it. All fields are always there."""
    properties = {name: described(schema, texts[name]) for name, schema in columns.items()}
    return whole(description, properties)


def _customer() -> dict[str, Schema]:
    """The fields of a customer in an answer."""
    plain = {each.name: _RESPONSE_SCHEMAS[each.kind] for each in COLUMNS}
    nullable = {
        each.name: {"type": [plain[each.name]["type"], "null"]} for each in COLUMNS if each.nullable
    }
    return plain | nullable


def _changes() -> Schema:
    schema = sent(
        PATCH_SCHEMA.item,
        "The fields of a customer to change; those that are not sent stay.",
        fields.CUSTOMER,
    )
    del schema["properties"]["customer_id"]  # may only repeat the address
    return schema


def _envelopes(row: str, kind: str) -> dict[str, Schema]:
    """The envelopes of a kind, as ``EventsCreated``, one for each verb."""
    erased = (
        ref("ErasedCounts")
        if kind == "customer"
        else {
            "description": "`events`, where many were deleted.",
            "anyOf": [_NOTHING, ref("ErasedCounts")],
        }
    )
    metadata = {
        "created": ref("BatchCounts"),
        "updated": ref("Hints"),
        "deleted": erased,
        "retrieved": ref("NextPage"),
    }
    verbs = ["retrieved", *VERBS.values()]
    if kind == "event":
        verbs.remove("updated")  # events never change
    found = {
        f"{row}s{verb.title()}": envelope(
            f"Response with the {kind}s {verb}.", ref(row), kind, verb, metadata[verb]
        )
        for verb in verbs
    }
    either = {"anyOf": [ref(row), ref("RejectedItem")]}
    batch_description = (
        f"Response to a batch of {kind}s of which some were refused: each in its place."
    )
    return found | {
        f"{row}sJudged": envelope(batch_description, either, kind, "created", ref("BatchCounts"))
    }


def _rejected_item() -> Schema:
    properties: dict[str, Schema] = {
        "customer_id": {"description": "What the item had as its `customer_id`, if anything."},
        "name": {"description": "What the item had as its `name`, if anything."},
        "success": {
            "type": "integer",
            "const": 0,
            "description": "Always 0: the item was not stored.",
        },
        "index": {
            "type": "integer",
            "minimum": 0,
            "description": "The item's place in the request, from 0.",
        },
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": ref("ErrorDetail"),
            "description": "All that is wrong.",
        },
    }
    return {
        "type": "object",
        "description": "An item of a batch that was refused.",
        "properties": properties,
        "required": ["success", "index", "errors"],
    }


def _batch_counts() -> Schema:
    count = {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "description": "What became of a batch; empty where everything was stored anew.",
        "properties": {
            "accepted": count
            | {"description": "How many items were stored; sent only if some were refused."},
            "rejected": count | {"description": "How many items were refused."},
            "duplicates": count
            | {"description": "How many events were stored before, under the same id."},
            **_hints()["properties"],
        },
    }


def _hints() -> Schema:
    text = "Fields that were kept as custom attributes, and were probably meant to be others."
    hints = {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_HINTS,
        "items": ref("Hint"),
        "description": text,
    }
    return {
        "type": "object",
        "description": "What may be a mistake in the request, though it was accepted; empty where nothing is.",
        "properties": {"hints": hints},
    }


def _hint() -> Schema:
    properties: dict[str, Schema] = {
        "attr": {
            "type": "string",
            "description": "The field, with dots and indexes as `3.createdAt`.",
        },
        "detail": {"type": "string", "description": "What was probably meant, for people."},
    }
    return whole("Something about the request that may be a mistake.", properties)


def _erased_counts() -> Schema:
    return {
        "type": "object",
        "description": "How much else was erased with the customer.",
        "properties": {
            "events": {
                "type": "integer",
                "minimum": 0,
                "description": "How many events were erased.",
            }
        },
        "additionalProperties": {"type": "integer"},
    }


def components(examples: Mapping[HTTPStatus, Mapping[str, Any]]) -> dict[str, Any]:
    """All components. ``examples`` are those of errors that every operation shares, by status."""
    return {
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "`Authorization: Bearer <key>`: the same key, for tools that know this scheme only.",
            },
            "token": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Authorization: Token <key>`. The portal has your keys.",
            },
        },
        "parameters": parameters.SHARED,
        "headers": HEADERS,
        "responses": {
            status_text.name: error_response(status, examples.get(status, {}))
            for status, status_text in STATUSES.items()
            if status != HTTPStatus.METHOD_NOT_ALLOWED  # no operation answers it
        },
        "schemas": schemas(),
    }
