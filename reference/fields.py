"""The document's schemas and parameters as rows of a table that people read."""

import re
from typing import Any, NamedTuple

from reference.openapi.components import schemas

_OPERATOR = re.compile(r"(\w+)\[(gte|gt|lte|lt)\]")
_NAMES = {"created_at": "time", "updated_at": "time", "since": "time", "until": "time"}


class Field(NamedTuple):
    """A field or parameter."""

    name: str
    type: str
    required: bool
    description: str
    more: str  # limits, the default, the possible values


def body_fields(name: str) -> list[Field]:
    """The fields of a schema, those first that must be sent."""
    schema = schemas()[name]
    required = schema.get("required", [])
    found = [
        _field(key, inner, required=key in required) for key, inner in schema["properties"].items()
    ]
    return sorted(found, key=lambda field: not field.required)


def object_fields(name: str) -> list[Field]:
    """The fields of a schema of answers, in their order; all of them are always there."""
    return [
        _field(key, inner, required=False) for key, inner in schemas()[name]["properties"].items()
    ]


def parameter_fields(parameters: list[dict[str, Any]]) -> list[Field]:
    """The parameters; a range's four are one row."""
    found: dict[str, Field] = {}
    for parameter in parameters:
        name, schema = parameter["name"], parameter["schema"]
        if match := _OPERATOR.fullmatch(name):
            described = f"A range of {_after_colon(parameter['description'])}"
            name = f"{match[1]}[gte|gt|lte|lt]"
            found[name] = Field(
                name, _type(match[1], schema), required=False, description=described, more=""
            )
        elif name == "custom_attributes":
            found[name] = Field(
                "custom_attributes[<key>]",
                "text",
                required=False,
                description=parameter["description"],
                more="",
            )
        else:
            one = (
                schema["items"] if schema.get("type") == "array" else schema
            )  # repeated for several
            found[name] = _field(
                name, one, required=parameter["required"], text=parameter["description"]
            )
    return sorted(found.values(), key=lambda field: not field.required)


def _after_colon(text: str) -> str:
    return text.partition(": ")[2]


def _field(name: str, schema: dict[str, Any], *, required: bool, text: str = "") -> Field:
    return Field(
        name, _type(name, schema), required, text or schema.get("description", ""), _limits(schema)
    )


def _type(name: str, schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return "object"
    if name in _NAMES and ("anyOf" in schema or "pattern" in schema):
        return "time" if "anyOf" in schema else "string of unix seconds"
    if "const" in schema:
        return str(schema["const"])
    kinds = [_type("", inner) for inner in schema.get("anyOf", [])] or schema.get("type", "any")
    if isinstance(kinds, str):
        kinds = [kinds]
    if kinds == ["array"]:
        return f"array of {_type('', schema.get('items', {}))}s"
    return " or ".join(dict.fromkeys(kinds))


def _limits(schema: dict[str, Any]) -> str:
    found = []
    plain = next(
        (inner for inner in schema.get("anyOf", []) if inner.get("type") == "string"), schema
    )
    if "maxLength" in plain:
        least = f"{plain['minLength']} to" if "minLength" in plain else "at most"
        found.append(f"{least} {plain['maxLength']} characters")
    if schema.get("type") == "integer" and "maximum" in schema:
        found.append(f"{schema['minimum']} to {schema['maximum']:,}")
    if "enum" in schema:
        found.append(
            "one of " + ", ".join(f"`{value}`" for value in schema["enum"] if value is not None)
        )
    if "default" in schema:
        found.append(f"default `{schema['default']}`")
    return "; ".join(found)
