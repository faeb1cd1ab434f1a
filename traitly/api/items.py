"""From a body's bytes to typed items: each item of a batch is judged on its own, with every error of it.

An app says what its items look like with a ``Schema`` and what they become with a function. Valid items are validated
by pydantic in one pass over the bytes, into dictionaries: models cost three times as much (docs/performance.md). Only
the items that it refuses are looked at again, for their errors.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

from django.conf import settings
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_jsonable_python
from rest_framework.exceptions import ParseError

from traitly.api.bodies import Body
from traitly.api.errors import Error, InvalidRequest, TooLarge
from traitly.api.values import LONGEST_KEY, MOST_DIGITS, UnstorableError, attributes_json, plain_json

MOST_ATTRIBUTE_BYTES = 64 * 1024
# Parsed, an empty object takes 250 bytes and a number up to 100: 16 MiB of objects, which gzip makes 16 KiB, took 1.4 GB.
_MOST_CONTAINERS = 1 << 20
_MOST_VALUES = 1 << 22
_LONG_NUMBER = re.compile(rb"[0-9]{%d,}" % (MOST_DIGITS + 1))

T = TypeVar("T")

# How an app makes a ``T`` of a valid item's place in the request, its fields, all its attributes, and their JSON text.
Make = Callable[[int, dict[str, Any], dict[str, Any], bytes], T]


@dataclass(frozen=True)
class Schema:
    """What an object of a request looks like. A field that is not part of it is kept as an attribute."""

    item: Any  # a TypedDict that takes further keys
    # Fields that only the server decides, and the values of them that answers carry: what was read may be sent back,
    # and must not become attributes.
    answered: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names that are part of the object."""
        return frozenset(self.item.__annotations__)

    @cached_property
    def strict(self) -> TypeAdapter[dict[str, Any]]:
        """Finds every error of an item."""
        return TypeAdapter(self.item)

    @cached_property
    def one(self) -> TypeAdapter[Any]:
        """Parses an item, or hands what does not fit on as ``_Refused``."""
        return TypeAdapter(self._item_or_refused)

    @cached_property
    def many(self) -> TypeAdapter[Any]:
        """The same for a list."""
        items: Any = list[self._item_or_refused]  # type: ignore[name-defined]
        return TypeAdapter(Annotated[items, Field(max_length=settings.MAX_ITEMS)])

    @property
    def _item_or_refused(self) -> Any:
        return Annotated[self.item | Annotated[Any, AfterValidator(_Refused)], Field(union_mode="left_to_right")]


class _Refused(NamedTuple):
    """Any JSON value that is not a valid item."""

    value: Any


class Rejection(NamedTuple):
    """An item that was refused: its place in the request, why, and what was sent."""

    index: int  # type: ignore[assignment]  # a tuple has a method of this name, which nobody needs
    errors: list[Error]
    sent: Any


class Batch(NamedTuple, Generic[T]):
    """A request's items in order, each accepted as a ``T`` or rejected."""

    results: list[T | Rejection]
    single: bool

    @property
    def accepted(self) -> list[T]:
        """The valid ones."""
        return [result for result in self.results if not isinstance(result, Rejection)]

    @property
    def rejected(self) -> list[Rejection]:
        """The others."""
        return [result for result in self.results if isinstance(result, Rejection)]


def read_items(body: Body, schema: Schema, make: Make[T]) -> Batch[T]:
    """Judge every item of the body.

    Raises 400 for what is not JSON, 413 for too many of items, objects or arrays. A single object that is invalid is a rejection
    too, so that it can be kept; ``traitly.api.envelope.batch_response`` answers it with 400. ``make`` may refuse an item
    by ``InvalidRequest``.
    """
    if len(body.data) > _MOST_CONTAINERS and (
        sum(map(body.data.count, (b"[", b"{"))) > _MOST_CONTAINERS or body.data.count(b",") > _MOST_VALUES
    ):
        raise TooLarge("There are millions of values in the body. Send them in parts.")
    single = not body.lines and not body.data.lstrip().startswith(b"[")
    if body.lines:
        found = list(_lines(body.data, schema))
    else:
        found = [_parse(body.data, schema.one)] if single else _parse(body.data, schema.many)
    if not found:
        raise InvalidRequest([Error("empty", "There are no objects in the body. Send at least one.")])
    return Batch([_judge(index, item, schema, make) for index, item in enumerate(found)], single)


def _parse(data: bytes, adapter: TypeAdapter[Any]) -> Any:
    """What the adapter makes of the text."""
    try:
        return adapter.validate_json(data)
    except ValidationError as invalid:
        if not _reason(invalid).startswith("number out of range"):
            raise ParseError(f"The body is not valid JSON: {_reason(invalid)}.") from None
        return adapter.validate_python(_parse_long_numbers(data, adapter))


def _parse_long_numbers(data: bytes, adapter: TypeAdapter[Any]) -> Any:
    """JSON with integers that are longer than the fast parser reads; they become ``Decimal``, exactly.

    The fast parser still judges the rest of the text: Python's own takes lone surrogates and any depth.
    """
    try:
        adapter.validate_json(_LONG_NUMBER.sub(b"0", data))
        return json.loads(data, parse_int=lambda text: int(text) if len(text) <= MOST_DIGITS else Decimal(text))
    except ValidationError as invalid:
        raise ParseError(f"The body is not valid JSON: {_reason(invalid)}.") from None
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}.") from error


def _reason(invalid: ValidationError) -> str:
    """Why the parser refused the text, or 413 for a list that is too long."""
    error = invalid.errors(include_url=False, include_input=False)[0]
    if error["type"] == "too_long":
        raise _too_many() from None
    reason: str = error["ctx"]["error"]
    return reason


def _lines(data: bytes, schema: Schema) -> Iterator[Any]:
    """The items of NDJSON, blank lines passed over."""
    count = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        count += 1
        if count > settings.MAX_ITEMS:
            raise _too_many()
        try:
            yield _parse(line, schema.one)
        except ParseError as error:
            raise ParseError(f"Line {number}: {error.detail}") from error


def _too_many() -> TooLarge:
    return TooLarge(f"There are more than {settings.MAX_ITEMS} objects in the body. Send them in parts.")


def _judge(index: int, item: Any, schema: Schema, make: Make[T]) -> T | Rejection:
    """What ``make`` makes of the item, or why it was refused."""
    if isinstance(item, _Refused):
        return _reject(index, item.value, schema)
    extra, custom = _extra_fields(item, schema), item.get("custom_attributes") or {}
    attributes = extra | custom if extra and custom else extra or custom
    text = plain_json(attributes)
    if text is None or len(text) > MOST_ATTRIBUTE_BYTES or len(attributes) < len(extra) + len(custom):
        checked = _checked_attributes(attributes, extra, custom)
        if not isinstance(checked, bytes):
            return Rejection(index, checked, to_jsonable_python(item))
        text = checked
    try:
        return make(index, item, attributes, text)
    except InvalidRequest as invalid:
        return Rejection(index, invalid.errors, to_jsonable_python(item))


def _reject(index: int, value: Any, schema: Schema) -> Rejection:
    """Look again at a value that pydantic refused, for everything that is wrong with it."""
    errors = []
    try:
        schema.strict.validate_python(value)
    except ValidationError as invalid:
        errors = [_error(details) for details in invalid.errors(include_url=False)]
    if isinstance(value, dict):
        extra, custom = _extra_fields(value, schema), value.get("custom_attributes")
        if not isinstance(custom, dict):
            custom = {}
        checked = _checked_attributes(extra | custom, extra, custom)
        if not isinstance(checked, bytes):
            errors += checked
    return Rejection(index, errors, value)


def _extra_fields(item: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The fields of an item that are not part of the object: they become attributes."""
    fields = schema.fields
    extra = {key: value for key, value in item.items() if key not in fields}
    for key, is_answer in schema.answered.items():
        if key in extra and is_answer(extra[key]):
            del extra[key]
    return extra


def _checked_attributes(
    attributes: dict[str, Any], extra: dict[str, Any], custom: dict[str, Any]
) -> bytes | list[Error]:
    """The JSON text of all attributes, ``extra`` and ``custom`` together, or everything that is wrong with them."""
    errors = []
    if len(attributes) < len(extra) + len(custom):
        errors = [
            Error("duplicate", "Sent both as a field and in custom_attributes.", key) for key in extra if key in custom
        ]
    for key in attributes:
        if not 0 < len(key) <= LONGEST_KEY:
            detail = f"Ensure that this key has 1 to {LONGEST_KEY} characters."
            errors.append(Error("invalid_key", detail, _path(key, extra)))
    try:
        text = attributes_json(attributes)
    except UnstorableError:
        return errors + [
            Error(reason.code, str(reason), _path(key, extra))
            for key, value in attributes.items()
            if (reason := _unstorable(key, value))
        ]
    if len(text) > MOST_ATTRIBUTE_BYTES:
        detail = f"Ensure that all attributes together are no more than {MOST_ATTRIBUTE_BYTES} bytes of JSON."
        errors.append(Error("max_length", detail, "custom_attributes"))
    return errors or text


def _path(key: str, extra: dict[str, Any]) -> str:
    return key if key in extra else f"custom_attributes.{key}"


def _unstorable(key: str, value: Any) -> UnstorableError | None:
    try:
        attributes_json({key: value})
    except UnstorableError as error:
        return error
    return None


_DETAILS = {
    "missing": ("required", "This field is required."),
    "string_type": ("invalid", "Not a valid string."),
    "string_too_long": ("max_length", "Ensure this field has no more than {max_length} characters."),
    "string_too_short": ("blank", "This field may not be blank."),
    "dict_type": ("not_a_dict", "Expected an object."),
}


def _error(details: ErrorDetails) -> Error:
    """One of pydantic's errors, in DRF's words."""
    path = ".".join(str(part) for part in details["loc"])
    value = details["input"]
    if not path:
        return Error("invalid", "Expected a JSON object.")
    if details["type"] == "missing":
        return Error(*_DETAILS["missing"], path)
    if value is None:
        return Error("null", "This field may not be null.", path)
    if details["type"] == "string_pattern_mismatch":
        if "\0" in value:
            return Error("null_characters_not_allowed", "Null characters are not allowed.", path)
        return Error("blank", "This field may not be blank.", path)
    code, detail = _DETAILS.get(details["type"], (details["type"], details["msg"]))
    return Error(code, detail.format(**details.get("ctx", {})), path)
