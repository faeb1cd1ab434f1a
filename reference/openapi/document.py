"""The whole document."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from customers.queries import HISTORY
from customers.queries import LIST as CUSTOMERS
from events.queries import LIST as EVENTS
from reference.openapi.codes import STATUSES
from reference.openapi.components import components
from reference.openapi.examples import Example, load_examples
from reference.openapi.feed import delivery
from reference.openapi.fields import PATH
from reference.openapi.operation import Operation, Response
from reference.openapi.operations import OPERATIONS, TAGS
from reference.openapi.parameters import list_parameters
from reference.openapi.responses import headers
from reference.openapi.shapes import ref
from traitly.http.streams import CSV, NDJSON
from traitly.http.views import ApiViewSet
from traitly.input.values import NO_NUL

PUBLISHED_SERVER = "https://api.traitly.com"
_ALWAYS = (400, 401, 403, 406, 408, 414, 429, 431, 500, 503)
_PREFIX = "api/(?:v1/)?"
_STREAMS = {NDJSON: "one JSON object a line", CSV: "under a line of names"}
_INFO = """\
Send customers and events, and read them back.

Every answer has one envelope: `data` is a list of objects, `metadata` says more where there is more to say, `object` names the
kind, and the time of the answer stands under `created`, `retrieved`, `updated` or `deleted`. Every error has one shape,
and lists all that is wrong.

Addresses work with and without a trailing slash, and without `/v1`."""


def build_document(server: str = PUBLISHED_SERVER) -> dict[str, Any]:
    """The OpenAPI document, for the API at ``server``.

    Raises ``LookupError`` where the code has an endpoint or a field that nothing describes.
    """
    examples = load_examples()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Traitly API",
            "version": "1.0.0",
            "description": _INFO,
            "contact": {"name": "Traitly", "url": "https://traitly.com"},
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "security": [{"token": []}, {"bearer": []}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": _paths(examples),
        "webhooks": {"feed": delivery()},
        "components": components(_shared_examples(examples)),
    }


def endpoints() -> dict[tuple[str, str], str]:
    """The path of each endpoint in the URLconf, by the address's name and the method."""
    found = {}
    for regex, route in _routes(get_resolver()):
        if not regex.startswith(_PREFIX):
            continue
        view = getattr(route.callback, "cls", None)
        if view is None or not issubclass(view, ApiViewSet):
            continue
        path = re.sub(r"\(\?P<(\w+)>.*?\?\)", r"{\1}", regex.removeprefix(_PREFIX))
        path = f"/api/v1/{path.removesuffix(chr(92) + 'Z').removesuffix('/?')}"
        for method in set(route.callback.actions) - {"head"}:  # type: ignore[attr-defined]  # DRF's, which adds HEAD
            found[str(route.name), method.upper()] = path
    return found


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        regex = prefix + entry.pattern.regex.pattern.removeprefix("^")
        if isinstance(entry, URLResolver):
            yield from _routes(entry, regex)
        else:
            yield regex, entry


def _paths(examples: list[Example]) -> dict[str, Any]:
    """The operations by path and method, in the order of ``OPERATIONS``."""
    known = endpoints()
    described = {(operation.url, operation.method): operation for operation in OPERATIONS}
    if known.keys() != described.keys():
        raise LookupError(
            f"Described by no operation, or without an endpoint: {known.keys() ^ described.keys()}."
        )
    paths: dict[str, Any] = {}
    for key, operation in described.items():
        path = paths.setdefault(known[key], {})
        names = re.findall(r"\{(\w+)\}", known[key])
        if names:
            path["parameters"] = [_path_parameter(name) for name in names]
        path[operation.method.lower()] = _operation(
            operation, [example for example in examples if example.operation == operation.id]
        )
    return paths


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": NO_NUL}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": PATH[name],
        "schema": schema,
    }


def _operation(operation: Operation, examples: list[Example]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [*operation.parameters, *_list_parameters(operation), _request_id()],
    }
    if operation.body:
        found["requestBody"] = {
            "description": operation.body_description,
            "required": True,
            "content": _with_bodies(operation.body, examples),
        }
    found["responses"] = _responses(operation, examples)
    return found


def _list_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.lists is None:
        return []
    kinds = {HISTORY.table: "history", CUSTOMERS.table: "customer", EVENTS.table: "event"}
    return list_parameters(operation.lists, kinds[operation.lists.table])


def _request_id() -> dict[str, Any]:
    return {"$ref": "#/components/parameters/request_id"}


def _with_bodies(content: Mapping[str, Any], examples: list[Example]) -> dict[str, Any]:
    """The content of a body with the examples' bodies. Those that show an error are left out: they break the schema."""
    bodies = {
        example.name: {"summary": example.summary, "value": example.body}
        for example in examples
        if example.body is not None and example.status < HTTPStatus.MULTI_STATUS
    }
    if not bodies:
        return dict(content)
    return {**content, "application/json": content["application/json"] | {"examples": bodies}}


def _responses(operation: Operation, examples: list[Example]) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): _response(response, _of_status(examples, status))
        for status, response in operation.responses.items()
    }
    for status in sorted({*_ALWAYS, *operation.errors}):
        name = STATUSES[HTTPStatus(status)].name
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    bad = _of_status(examples, HTTPStatus.BAD_REQUEST)
    if HTTPStatus.MULTI_STATUS in operation.responses:  # a batch
        kind = operation.tag.removesuffix("s")
        responses["400"] = _bad_request({"anyOf": [ref("Error"), ref(f"{kind}sJudged")]}, bad)
    elif bad:
        responses["400"] = _bad_request(ref("Error"), bad)
    return responses


def _of_status(examples: list[Example], status: int) -> dict[str, Any]:
    """The answers that the examples have with a status."""
    return {
        example.name: {"summary": example.summary, "value": example.response["body"]}
        for example in examples
        if example.status == status
    }


def _response(response: Response, examples: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": ref(response.schema)}}
    if examples:
        content["application/json"]["examples"] = examples
    for media_type in response.streams:
        text = f"Every matching row, {_STREAMS[media_type]}, without pages."
        content[media_type] = {"schema": {"type": "string", "description": text}}
    return {
        "description": response.description,
        "headers": headers(*(["Link"] if response.streams else [])),
        "content": content,
    }


def _bad_request(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": schema, **({"examples": examples} if examples else {})}
    return {
        "description": STATUSES[HTTPStatus.BAD_REQUEST].meaning,
        "headers": headers(),
        "content": {"application/json": content},
    }


def _shared_examples(examples: list[Example]) -> dict[HTTPStatus, dict[str, Any]]:
    """The examples of errors that stand beside no operation, by status."""
    found: dict[HTTPStatus, dict[str, Any]] = {}
    for example in examples:
        if not example.operation:
            found.setdefault(HTTPStatus(example.status), {}).update(
                _of_status([example], example.status)
            )
    return found
