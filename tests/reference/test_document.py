"""docs/openapi.json is what the code says, valid, and complete."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from reference.openapi.codes import CODES, STATUSES
from reference.openapi.document import build_document
from tests.server import ROOT

DOCUMENT = build_document()
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if method != "parameters"
]
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]


def test_the_file_is_up_to_date():
    assert json.loads((ROOT / "docs" / "openapi.json").read_text()) == DOCUMENT, "run make openapi"


def test_it_is_valid():
    assert not list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors())


def described(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document that should say what it is."""
    if isinstance(node, list):
        for index, inner in enumerate(node):
            yield from described(inner, f"{path}/{index}")
    if not isinstance(node, dict):
        return
    for name, inner in node.items():
        here = f"{path}/{name}"
        if name in {"example", "examples", "value", "const", "enum"}:
            continue
        holds = {"properties", "schemas", "responses", "headers", "securitySchemes"}
        if name in holds and isinstance(inner, dict):
            yield from ((f"{here}/{key}", value) for key, value in inner.items())
        if name in {"parameters", "tags"} and isinstance(inner, list):
            yield from (
                (f"{here}/{index}", value)
                for index, value in enumerate(inner)
                if isinstance(value, dict)
            )
        if name in {"get", "post", "patch", "put", "delete", "requestBody", "info"}:
            yield here, inner
        yield from described(inner, here)


def test_everything_has_a_description():
    found = list(described(DOCUMENT))

    assert len(found) > 200
    assert not [
        path
        for path, node in found
        if "$ref" not in node and not node.get("description", "").strip()
    ]


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    whole = DRAFT202012.create_resource(DOCUMENT)
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:traitly#/'))
    return Draft202012Validator(absolute, registry=Registry().with_resource("urn:traitly", whole))


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each content that has examples, with a name."""
    for path, method, operation in OPERATIONS:
        if body := operation.get("requestBody"):
            yield f"{method} {path}", body["content"]["application/json"]
        for status, response in operation["responses"].items():
            if "content" in response:
                yield f"{method} {path} {status}", response["content"]["application/json"]
    for name, response in DOCUMENT["components"]["responses"].items():
        if name in {"UrlTooLong", "RequestTimeout", "HeadersTooLarge"}:
            # The server sends them before there is a request: tests/test_slow_clients.py,
            # tests.fuzz
            continue
        yield name, response["content"]["application/json"]


@pytest.mark.parametrize(("name", "content"), list(contents()))
def test_there_are_examples_and_the_schema_allows_them(name, content):
    assert content["examples"], name
    for example in content["examples"].values():
        errors = list(validator(content["schema"]).iter_errors(example["value"]))
        assert not errors, (name, errors)


def test_an_operation_has_a_name_of_its_own():
    assert len(set(NAMES)) == len(NAMES)


def literals(tree: ast.AST) -> Iterator[str]:
    """What stands as a code in calls like ``Error("required", ...)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in {"Error", "PydanticCustomError"} and isinstance(node.args[0].value, str):
                yield node.args[0].value


def sources() -> Iterator[Path]:
    for app in ("traitly", "accounts", "rejections", "customers", "events", "feed", "segment"):
        yield from (ROOT / app).rglob("*.py")


def test_every_code_of_the_source_is_described():
    found = {code for file in sources() for code in literals(ast.parse(file.read_text()))}

    assert len(found) > 12
    assert found <= CODES.keys()


def test_the_contracts_statuses_are_described():
    assert set(STATUSES) == {400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 429, 431, 500, 503}
