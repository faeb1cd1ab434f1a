"""What the document's schemas are made of."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

SECONDS: Schema = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,6})?$"}
_VERBS = {"created": "POST", "updated": "PATCH", "deleted": "DELETE", "retrieved": "GET"}


def ref(name: str) -> Schema:
    """A reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def whole(description: str, properties: dict[str, Schema]) -> Schema:
    """An object of which every field is always there."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }


def described(schema: Mapping[str, Any], description: str) -> Schema:
    """The schema with this description in the place of its own."""
    kept = {key: value for key, value in schema.items() if key not in {"title", "description"}}
    return kept | {"description": description}


def envelope(description: str, items: Schema, kind: str, verb: str, metadata: Schema) -> Schema:
    """The schema of an envelope."""
    now = f"Time of the answer to the {_VERBS[verb]}, in seconds since the Unix epoch."
    properties: dict[str, Schema] = {
        "data": {
            "type": "array",
            "description": "The objects, also where there is one or none.",
            "items": items,
        },
        "metadata": metadata,
        verb: described({"type": "string", "pattern": "^[0-9]+$"}, now),
        "object": described({"type": "string", "const": kind}, "What `data` is a list of."),
    }
    return whole(description, properties)


def next_page() -> Schema:
    """The schema of a list's metadata."""
    return {
        "type": "object",
        "description": "Where the next page is; empty on the last one.",
        "properties": {
            "next_cursor": {"type": "string", "description": "The `cursor` of the next page."},
            "next": {
                "type": "string",
                "format": "uri",
                "description": "The whole address of the next page.",
            },
        },
    }
