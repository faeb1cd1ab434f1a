"""From a body's bytes to typed items: each item of a batch is judged on its own, with every error of it.

An app says what its items look like with a ``Schema`` and what they become with a function. pydantic makes dictionaries
of the valid ones: models cost three times as much (docs/performance.md).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from django.conf import settings
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from traitly.input.errors import Error, InvalidRequestError, MalformedError, TooLargeError
from traitly.input.hints import Hint, KnownFields, hints_for, intended_fields
from traitly.input.values import LONGEST_KEY, MOST_DIGITS, attributes_json, flaw, is_harmless, plain_json

MOST_ATTRIBUTE_BYTES = 64 * 1024
# Parsed, an empty object takes 250 bytes and a number up to 100: 16 MiB of objects, which gzip makes 16 KiB, took 1.4 GB.
_MOST_CONTAINERS = 1 << 20
_MOST_VALUES = 1 << 22
# A search begins at the first digit of a number only: begun at each digit, it is quadratic, and holds the interpreter's
# lock all the while (50 s for 16 MiB).
_LONG_NUMBER = re.compile(rb"(?<![0-9])[0-9]{%d,}" % (MOST_DIGITS + 1))

T = TypeVar("T")

# How an app makes a ``T`` of a valid item's place in the request, its fields, all its attributes, and their JSON text.
Make = Callable[[int, dict[str, Any], dict[str, Any], bytes], T]


class Body(NamedTuple):
    """What was sent, decompressed. ``lines``: one JSON value a line, else one in all."""

    data: bytes
    lines: bool


@dataclass(frozen=True)
class Schema:
    """What an object of a request looks like. A field that is not part of it is kept as an attribute."""

    item: Any  # a TypedDict that takes further keys
    # Fields that only the server decides, and the values of them that answers carry: what was read may be sent back,
    # and must not become attributes.
    answered: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    kind: str = ""  # both for hints: see ``KnownFields``
    synonyms: tuple[tuple[str, str], ...] = ()

    @cached_property
    def known(self) -> KnownFields:
        """The fields, for hints about misspelled ones."""
        return KnownFields(self.fields, self.kind, self.synonyms)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names that are part of the object."""
        return frozenset(self.item.__annotations__)

    @cached_property
    def items(self) -> TypeAdapter[list[Any]]:
        """Makes items of values, or finds every error of all of them."""
        items: Any = list[self.item]  # type: ignore[name-defined]
        return TypeAdapter(items)


class RejectedItem(NamedTuple):
    """An item that was refused: its place in the request, why, and what was sent."""

    index: int  # type: ignore[assignment]  # a tuple has a method of this name, which nobody needs
    errors: list[Error]
    sent: Any


class Batch(NamedTuple, Generic[T]):
    """A request's items in order, each accepted as a ``T`` or rejected."""

    results: list[T | RejectedItem]
    single: bool
    hints: Sequence[Hint] = ()  # about what was accepted

    @property
    def accepted(self) -> list[T]:
        """The valid ones."""
        return [result for result in self.results if not isinstance(result, RejectedItem)]

    @property
    def rejected(self) -> list[RejectedItem]:
        """The others."""
        return [result for result in self.results if isinstance(result, RejectedItem)]


def read_items(body: Body, schema: Schema, make: Make[T]) -> Batch[T]:
    """Judge every item of the body.

    Raises 400 for what is not JSON, 413 for too many of items, objects or arrays. A single object that is invalid is a rejection
    too, so that it can be kept; ``traitly.http.envelope.batch_response`` answers it with 400. ``make`` may refuse an item
    by ``InvalidRequestError``.
    """
    if len(body.data) > _MOST_CONTAINERS and (
        sum(map(body.data.count, (b"[", b"{"))) > _MOST_CONTAINERS or body.data.count(b",") > _MOST_VALUES
    ):
        raise TooLargeError("There are millions of values in the body. Send them in parts.")
    single = not body.lines and not body.data.lstrip().startswith(b"[")
    values = list(_lines(body.data)) if body.lines else _parse(body.data)
    if single:
        values = [values]
    if not values:
        raise InvalidRequestError([Error("empty", "There are no objects in the body. Send at least one.")])
    if len(values) > settings.MAX_ITEMS:
        raise _too_many()
    items, errors = _validated(values, schema)
    results = [
        _reject(index, value, errors[index], schema) if item is None else _judge(index, value, item, schema, make)
        for index, (value, item) in enumerate(zip(values, items, strict=True))
    ]
    accepted = (
        ("" if single else f"{index}.", item)
        for index, item in enumerate(items)
        if item is not None and not isinstance(results[index], RejectedItem)
    )
    return Batch(results, single, hints_for(accepted, schema.known))


def _parse(data: bytes) -> Any:
    """What the JSON text says."""
    try:
        return from_json(data)
    except ValueError as error:
        if not str(error).startswith("number out of range"):
            raise MalformedError(f"The body is not valid JSON: {error}.") from None
    # Integers that are longer than the fast parser reads become ``Decimal``, exactly. The fast parser still judges the
    # rest of the text: Python's own takes lone surrogates and any depth.
    try:
        from_json(_LONG_NUMBER.sub(b"0", data))
        return json.loads(data, parse_int=lambda text: int(text) if len(text) <= MOST_DIGITS else Decimal(text))
    except ValueError as error:
        raise MalformedError(f"The body is not valid JSON: {error}.") from error


def _lines(data: bytes) -> Iterator[Any]:
    """The values of NDJSON, blank lines passed over."""
    count = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        count += 1
        if count > settings.MAX_ITEMS:
            raise _too_many()
        try:
            yield _parse(line)
        except MalformedError as error:
            raise MalformedError(f"Line {number}: {error.detail}") from error


def _too_many() -> TooLargeError:
    return TooLargeError(f"There are more than {settings.MAX_ITEMS} objects in the body. Send them in parts.")


def _judge(index: int, value: Any, item: dict[str, Any], schema: Schema, make: Make[T]) -> T | RejectedItem:
    """What ``make`` makes of an item, or why it was refused. ``value`` is what was sent."""
    attributes, checked = _attributes(item, schema)
    if not isinstance(checked, bytes):
        return RejectedItem(index, checked, value)
    try:
        return make(index, item, attributes, checked)
    except InvalidRequestError as invalid:
        return RejectedItem(index, invalid.errors, value)


def _validated(values: list[Any], schema: Schema) -> tuple[list[dict[str, Any] | None], dict[int, list[Error]]]:
    """The item of each value, None where it is refused, and everything that is wrong with those, by their places.

    pydantic gives the items or the errors: where there are errors, the valid values are validated again, without them.
    """
    errors: dict[int, list[Error]] = {}
    try:
        return schema.items.validate_python(values), errors
    except ValidationError as invalid:
        for details in invalid.errors(include_url=False):
            errors.setdefault(details["loc"][0], []).append(_error(details))  # type: ignore[arg-type]  # a place in the list
    valid = [value for index, value in enumerate(values) if index not in errors]
    items = iter(schema.items.validate_python(valid))
    return [None if index in errors else next(items) for index in range(len(values))], errors


def _reject(index: int, value: Any, errors: list[Error], schema: Schema) -> RejectedItem:
    """A value that pydantic refused, with what is wrong with its attributes too."""
    if isinstance(value, dict) and not value.keys() <= schema.fields:
        errors = _naming_what_was_sent(errors, intended_fields(value, schema.known))
    if isinstance(value, dict) and not (value.keys() <= schema.fields and is_harmless(value.get("custom_attributes"))):
        _, checked = _attributes(value, schema)
        if not isinstance(checked, bytes):
            errors += checked
    return RejectedItem(index, errors, value)


def _naming_what_was_sent(errors: list[Error], intended: Mapping[str, str]) -> list[Error]:
    """The errors; one about a missing field names the field that was sent in its place."""
    sent = {field: name for name, field in intended.items()}
    return [
        error._replace(detail=f"{error.detail} You sent {sent[error.attr]}; the field is {error.attr}.")
        if error.code == "required" and error.attr in sent
        else error
        for error in errors
    ]


def _attributes(item: dict[str, Any], schema: Schema) -> tuple[dict[str, Any], bytes | list[Error]]:
    """All attributes of an item, and their JSON text or everything that is wrong with them."""
    extra, custom = _extra_fields(item, schema), item.get("custom_attributes")
    if not isinstance(custom, dict):
        custom = {}
    attributes = extra | custom if extra and custom else extra or custom
    text = plain_json(attributes)
    if text is None or len(text) > MOST_ATTRIBUTE_BYTES or len(attributes) < len(extra) + len(custom):
        return attributes, _checked_attributes(attributes, extra, custom, text)
    return attributes, text


def _extra_fields(item: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The fields of an item that are not part of the object: they become attributes."""
    fields = schema.fields
    if item.keys() <= fields:
        return {}
    extra = {key: value for key, value in item.items() if key not in fields}
    for key, is_answer in schema.answered.items():
        if key in extra and is_answer(extra[key]):
            del extra[key]
    return extra


def _checked_attributes(
    attributes: dict[str, Any], extra: dict[str, Any], custom: dict[str, Any], text: bytes | None
) -> bytes | list[Error]:
    """The JSON text of all attributes, ``extra`` and ``custom`` together, or everything that is wrong with them."""
    errors = [
        Error("duplicate", "Sent both as a field and in custom_attributes.", key) for key in extra if key in custom
    ]
    if text is None:
        for key in attributes:
            if not 0 < len(key) <= LONGEST_KEY:
                detail = f"Ensure that this key has 1 to {LONGEST_KEY} characters."
                errors.append(Error("invalid_key", detail, _path(key, extra)))
        unstorable = [
            Error(*found, _path(key, extra)) for key, value in attributes.items() if (found := flaw(key) or flaw(value))
        ]
        if unstorable:
            return errors + unstorable
        text = attributes_json(attributes)
    if len(text) > MOST_ATTRIBUTE_BYTES:
        detail = f"Ensure that all attributes together are no more than {MOST_ATTRIBUTE_BYTES} bytes of JSON."
        errors.append(Error("max_length", detail, "custom_attributes"))
    return errors or text


def _path(key: str, extra: dict[str, Any]) -> str:
    return key if key in extra else f"custom_attributes.{key}"


_DETAILS = {
    "missing": ("required", "This field is required."),
    "string_type": ("invalid", "Not a valid string."),
    "string_too_long": ("max_length", "Ensure this field has no more than {max_length} characters."),
    "string_too_short": ("blank", "This field may not be blank."),
    "is_instance_of": ("not_a_dict", "Expected an object."),
}


def _error(details: ErrorDetails) -> Error:
    """One of pydantic's errors in a list of items, in DRF's words."""
    kind, value = details["type"], details["input"]
    path = ".".join(map(str, details["loc"][1:]))
    if not path:
        return Error("invalid", "Expected a JSON object.")
    if value is None:
        return Error("null", "This field may not be null.", path)
    if kind == "string_pattern_mismatch":
        if "\0" in value:
            return Error("null_characters_not_allowed", "Null characters are not allowed.", path)
        return Error("blank", "This field may not be blank.", path)
    code, detail = _DETAILS.get(kind) or (kind, details["msg"])
    context = details.get("ctx")
    return Error(code, detail.format(**context) if context else detail, path)
