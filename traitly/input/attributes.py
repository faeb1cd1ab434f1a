"""An item's attributes: the fields that are not part of the object, and their JSON text.

PostgreSQL gives them back as they were sent: integers of any size exactly, other numbers to double
precision.
"""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

import orjson

from traitly.input.errors import Error

MAX_BYTES = 64 * 1024  # of all attributes of an item
MAX_KEY_LENGTH = 255
_TOO_LARGE = Error(
    "max_length",
    f"Ensure that the attributes take no more than {MAX_BYTES} bytes of JSON in total.",
    "custom_attributes",
)
_PLAIN = frozenset({str, int, bool, type(None)})
_CONTAINERS = frozenset({dict, list})
_SAFE_FLOAT = 1e15  # below it, floats are written without an exponent

# Fields that only the server sets, each with a check for the values that responses contain.
ReadOnlyFields = Mapping[str, Callable[[Any], bool]]


def read_attributes(
    item: dict[str, Any], fields: frozenset[str], read_only: ReadOnlyFields
) -> tuple[dict[str, Any], bytes | list[Error]]:
    """All attributes of an item, and their JSON text or everything that is wrong with them."""
    custom = item.get("custom_attributes")
    if not isinstance(custom, dict):
        custom = {}
    extra = {} if item.keys() <= fields else _extra_fields(item, fields, read_only)
    attributes = extra | custom if extra and custom else extra or custom
    text = plain_json(attributes)
    if text is None or len(text) > MAX_BYTES or len(attributes) < len(extra) + len(custom):
        return attributes, _checked_attributes(attributes, extra, custom, text)
    return attributes, text


def _extra_fields(
    item: dict[str, Any], fields: frozenset[str], read_only: ReadOnlyFields
) -> dict[str, Any]:
    """The fields of an item that are not part of the object: they become attributes."""
    extra = {key: value for key, value in item.items() if key not in fields}
    for key, is_returned in read_only.items():
        if key in extra and is_returned(extra[key]):
            del extra[key]
    return extra


def _checked_attributes(
    attributes: dict[str, Any], extra: dict[str, Any], custom: dict[str, Any], text: bytes | None
) -> bytes | list[Error]:
    """The JSON text of all attributes, ``extra`` and ``custom`` together, or everything that is wrong with them."""
    errors = [
        Error("duplicate", "Sent both as a field and in custom_attributes.", key)
        for key in extra
        if key in custom
    ]
    if text is None:
        if _values(attributes) > MAX_BYTES // 2:
            return [*errors, _TOO_LARGE]  # without serialising it
        for key in attributes:
            if not 0 < len(key) <= MAX_KEY_LENGTH:
                detail = f"Ensure that this key has 1 to {MAX_KEY_LENGTH} characters."
                errors.append(Error("invalid_key", detail, _path(key, extra)))
        unstorable = [
            Error(*found, _path(key, extra))
            for key, value in attributes.items()
            if (found := flaw(key) or flaw(value))
        ]
        if unstorable:
            return errors + unstorable
        text = attributes_json(attributes)
    if len(text) > MAX_BYTES:
        errors.append(_TOO_LARGE)
    return errors or text


def _path(key: str, extra: dict[str, Any]) -> str:
    return key if key in extra else f"custom_attributes.{key}"


def flaw(value: Any) -> tuple[str, str] | None:
    """Why the database cannot hold a value, as code and detail; None if it can."""
    if isinstance(value, str):
        return (
            ("null_characters_not_allowed", "Null characters are not allowed.")
            if "\0" in value
            else None
        )
    if isinstance(value, float) and not math.isfinite(value):
        return "invalid", "NaN, infinities and numbers beyond double precision are not allowed."
    if isinstance(value, dict):
        value = chain.from_iterable(value.items())
    elif not isinstance(value, list):
        return None
    return next(filter(None, map(flaw, value)), None)


def is_harmless(attributes: Any) -> bool:
    """A quick check that nothing is wrong with attributes: their text is short, without NUL and NaN.

    False proves nothing. It takes a third of the time of the full check.
    """
    try:
        text = orjson.dumps(attributes)
    except TypeError:  # an integer of more than 64 bits
        return False
    return (
        len(text) <= MAX_KEY_LENGTH
        and b"\\u0000" not in text
        and b"null" not in text
        and b'"":' not in text
    )


def plain_json(attributes: dict[str, Any]) -> bytes | None:
    """The JSON text of ordinary attributes; None if something about them needs the full check.

    That is: what orjson cannot write, what jsonb would change, and what must be refused.
    """
    if not attributes:
        return b"{}"
    if not _PLAIN.issuperset(map(type, attributes.values())) and not _is_plain(attributes):
        return None
    try:
        text = orjson.dumps(attributes)
    except TypeError:  # an integer of more than 64 bits
        return None
    if (
        b"\\u0000" in text
        or "" in attributes
        or (len(text) > MAX_KEY_LENGTH and max(map(len, attributes)) > MAX_KEY_LENGTH)
    ):
        return None
    return text


def attributes_json(attributes: dict[str, Any]) -> bytes:
    """The attributes, which have no ``flaw``, as JSON text that reads back equal: integers exactly, floats as floats."""
    return plain_json(attributes) or _exact_json(attributes).encode()


def _values(value: Any) -> int:
    """How many values there are in an object or array."""
    inner = value.values() if type(value) is dict else value
    return len(value) + sum(_values(each) for each in inner if type(each) in _CONTAINERS)


def _is_plain(value: Any) -> bool:
    """Whether an object or array is small enough, and jsonb returns its numbers unchanged."""
    if len(value) > MAX_BYTES // 2:
        return False
    for inner in value.values() if type(value) is dict else value:
        kind = type(inner)
        if kind is float:
            if not -_SAFE_FLOAT < inner < _SAFE_FLOAT:  # or NaN
                return False
        elif kind not in _PLAIN and not (kind in _CONTAINERS and _is_plain(inner)):
            return False
    return True


def _exact_json(value: Any) -> str:
    """JSON text of what orjson cannot write, or jsonb would change: it stores 1e16 as an integer, 1.0e16 as well."""
    if isinstance(value, str):
        return orjson.dumps(value).decode()
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{_exact_json(key)}:{_exact_json(inner)}" for key, inner in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_exact_json, value)) + "]"
    if isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else text + ".0"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if type(value) is int else orjson.dumps(value).decode()
