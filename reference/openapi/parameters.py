"""Parameters of the document, from the list definitions that the code reads them by."""

from typing import Any

from feed import schemas as feed
from feed.models import EntryType
from feed.schemas import MAX_WAIT
from reference.openapi.fields import FILTERS
from traitly.input.values import NO_NUL, TIME_SCHEMA
from traitly.lists.definition import DEFAULT_LIMIT, MAX_LIMIT, ListDefinition
from traitly.lists.parameters import MAX_VALUES

_TEXT = {"type": "string", "pattern": NO_NUL}
_OPERATORS = {"gte": "At or after", "gt": "After", "lte": "At or before", "lt": "Before"}
_AMOUNT_OPERATORS = {"gte": "At least", "gt": "More than", "lte": "At most", "lt": "Less than"}
_RANGES = {"monthly_payment_amount": (_AMOUNT_OPERATORS, {"type": "number"})}


def list_parameters(definition: ListDefinition, kind: str) -> list[dict[str, Any]]:
    """Every query parameter of a list of ``kind`` ("event", "customer")."""
    sorts = [f"{sign}{name}" for name in definition.sorts for sign in ("", "-")]
    order = f"The order, with `-` the newest or largest first. Default: `{sorts[0]}`."
    return [
        *filter_parameters(definition, kind),
        query("sort", order, {"type": "string", "enum": sorts, "default": sorts[0]}),
        {"$ref": "#/components/parameters/limit"},
        {"$ref": "#/components/parameters/cursor"},
        {"$ref": "#/components/parameters/raw"},
    ]


def filter_parameters(definition: ListDefinition, kind: str) -> list[dict[str, Any]]:
    """Those of them that say which rows are meant."""
    texts = FILTERS[kind]
    parameters = [
        query(
            name,
            f"{texts[name]} Repeated, any of the values.",
            _values(required=name in definition.required),
            definition,
        )
        for name in definition.equal
    ]
    for name in definition.ranges:
        words, schema = _RANGES.get(name, (_OPERATORS, TIME_SCHEMA))
        parameters += [
            query(f"{name}[{operator}]", f"{word}: {texts[name]}.", schema)
            for operator, word in words.items()
        ]
    if definition.attributes:
        parameters.append(_attributes())
    return parameters


def feed_parameters() -> list[dict[str, Any]]:
    """The query parameters of the feed."""
    types = {"type": "array", "items": {"type": "string", "enum": EntryType.values}, "minItems": 1}
    names = {"type": "array", "items": _TEXT, "minItems": 1}
    wait = {"type": "integer", "minimum": 0, "maximum": MAX_WAIT, "default": 0}
    limit = {
        "type": "integer",
        "minimum": 1,
        "maximum": feed.MAX_LIMIT,
        "default": feed.DEFAULT_LIMIT,
    }
    text = "How many entries a page has at most. Where names are rare it may be empty though there is more."
    return [
        query("type", "Only entries of this type. Repeated, any of the types.", types),
        query(
            "name",
            "Only events of this name, beside the other types. Repeated, any of the names.",
            names,
        ),
        query(
            "since",
            "Begin with what arrived at this time or later. Not together with `cursor`.",
            TIME_SCHEMA,
        ),
        query(
            "cursor",
            "The `next_cursor` of the page before: it goes on there, and never expires.",
            {"type": "string"},
        ),
        query("limit", text, limit),
        query("wait", "How many seconds to wait for something new, if there is nothing.", wait),
    ]


def query(
    name: str, description: str, schema: dict[str, Any], definition: ListDefinition | None = None
) -> dict[str, Any]:
    """A query parameter; required if the list's definition says so."""
    required = bool(definition and name in definition.required)
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": required,
        "schema": schema,
    }


def _values(*, required: bool) -> dict[str, Any]:
    """One value or several. Of a required parameter one at least is not empty."""
    schema: dict[str, Any] = {
        "type": "array",
        "items": _TEXT,
        "minItems": 1,
        "maxItems": MAX_VALUES,
    }
    return schema | {"contains": {"type": "string", "minLength": 1}} if required else schema


def _attributes() -> dict[str, Any]:
    return {
        "name": "custom_attributes",
        "in": "query",
        "description": "`custom_attributes[<key>]=<value>`: customers with this attribute. The value matches a string, "
        "and a number, true, false or null when it reads as one.",
        "required": False,
        "style": "deepObject",
        "explode": True,
        "schema": {
            "type": "object",
            "propertyNames": {"minLength": 1, "pattern": NO_NUL},
            "additionalProperties": _TEXT,
        },
    }


SHARED: dict[str, dict[str, Any]] = {
    "limit": query(
        "limit",
        "How many rows a page has at most. A page of large rows ends at some 16 MiB, and so has fewer.",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    "cursor": query(
        "cursor",
        "The `next_cursor` of the page before. It is opaque, and bound to the sort and the filters that it was made for.",
        {"type": "string"},
    ),
    "raw": query(
        "raw",
        "With 1, cells of CSV are as they are stored. Otherwise those that a spreadsheet would run as a formula (they begin "
        "with `=`, `+`, `-`, `@`, a tab or a carriage return) have an apostrophe in front. Other formats are never changed.",
        {"type": "integer", "enum": [0, 1], "default": 0},
    ),
    "request_id": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "Your own id of the request, up to 128 of the characters `A-Z a-z 0-9 _ . : / + = @ -`. The "
        "answer and the server's log carry it; anything else is replaced by a new one.",
        "required": False,
        "schema": {"type": "string"},
    },
    "idempotency_key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Gives every event of the request that has no `id` one that is derived from this key and its "
        "position, so that the request can be sent again and stores nothing twice.",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^\S(.*\S)?$"},
    },
}
