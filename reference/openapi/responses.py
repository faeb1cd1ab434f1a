"""The headers of answers, and the answers that are errors."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from reference.openapi.codes import CODES, STATUSES
from reference.openapi.shapes import Schema, ref, whole

HEADERS: dict[str, Schema] = {
    "X-Request-ID": {
        "description": "The id of the request: yours, or a new one.",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": 'The address of the next page: `<...>; rel="next"`. Missing on the last one.',
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "The scheme to use: `Token`.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "How many seconds to wait before the request is sent again.",
        "schema": {"type": "integer", "minimum": 0},
    },
    **{
        f"RateLimit-{name}": {
            "description": f"{text} Only where the server limits rates.",
            "schema": {"type": "integer"},
        }
        for name, text in {
            "Limit": "How many requests the key may send in a window.",
            "Remaining": "How many are left in this window.",
            "Reset": "How many seconds it is until the next window.",
        }.items()
    },
}
_EVERYWHERE = ("X-Request-ID", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_OF_STATUS = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}


def headers(*names: str) -> Schema:
    """References to these headers and those that every answer may have."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*_EVERYWHERE, *names)}


def error_response(status: HTTPStatus, examples: Mapping[str, Any]) -> Schema:
    """The answer with a status of an error."""
    content: Schema = {"schema": {"$ref": "#/components/schemas/Error"}}
    if examples:
        content["examples"] = examples
    return {
        "description": STATUSES[status].meaning,
        "headers": headers(*_OF_STATUS.get(status, ())),
        "content": {"application/json": content},
    }


def error_detail() -> Schema:
    """The schema of one thing that is wrong."""
    properties: dict[str, Schema] = {
        "code": {
            "type": "string",
            "description": "What is wrong, for programs. There may be more codes in later versions.",
            "x-extensible-enum": list(CODES),
        },
        "detail": {
            "type": "string",
            "description": "What is wrong, for people. The wording may change.",
        },
        "attr": {
            "type": ["string", "null"],
            "description": "The field, parameter or header, with dots and indexes as `3.created_at`; null where it is "
            "the request as a whole.",
        },
    }
    return whole("One thing that is wrong.", properties)


def error() -> Schema:
    """The schema of the error object."""
    request_id = {
        "type": "string",
        "description": "The id of the request, as in `X-Request-ID` and the server's log.",
    }
    properties: dict[str, Schema] = {
        "object": {"type": "string", "const": "error", "description": "Always `error`."},
        "type": {
            "type": "string",
            "enum": ["validation_error", "client_error", "server_error"],
            "description": "`validation_error`: values break the rules. `client_error`: another mistake of the client. "
            "`server_error`: sent again, the request may work.",
        },
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": ref("ErrorDetail"),
            "description": "All that is wrong.",
        },
        "metadata": {
            "type": "object",
            "description": "About the request.",
            "properties": {"request_id": request_id},
            "required": ["request_id"],
        },
    }
    return whole("What went wrong.", properties)
