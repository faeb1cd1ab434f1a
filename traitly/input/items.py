"""From a body's bytes to typed items: each item of a batch is judged on its own, with every error of it.

An app says what its items look like with a ``Schema`` and what they become with a function. pydantic makes dictionaries
of the valid ones: models cost three times as much (docs/performance.md).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from traitly.input.attributes import ReadOnlyFields, is_harmless, read_attributes
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.hints import Hint, KnownFields, hints_for, intended_fields
from traitly.input.parsing import Body, check_depth, parse_body

T = TypeVar("T")

# How an app makes a ``T`` of a valid item's place in the request, its fields, all its attributes, and their JSON text.
Make = Callable[[int, dict[str, Any], dict[str, Any], bytes], T]


@dataclass(frozen=True)
class Schema:
    """What an object of a request looks like. A field that is not part of it is kept as an attribute."""

    item: Any  # a TypedDict that takes further keys
    # Fields that only the server decides, and the values of them that answers carry: what was read may be sent back,
    # and must not become attributes.
    read_only: ReadOnlyFields = field(default_factory=dict)
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
    values, single = parse_body(body)
    if not values:
        raise InvalidRequestError([Error("empty", "The body contains no objects. Send at least one.")])
    return validate_items(values, schema, make, single=single, outer=0 if single or body.lines else 1)


def validate_items(
    values: list[Any], schema: Schema, make: Make[T], *, single: bool = False, outer: int = 0
) -> Batch[T]:
    """The same for values that are parsed already; ``outer`` is how many levels are around each."""
    items, errors = _validated(values, schema)
    results = [
        _reject(index, value, errors[index], schema)
        if item is None
        else _validate(index, value, item, schema, make, outer)
        for index, (value, item) in enumerate(zip(values, items, strict=True))
    ]
    accepted = (
        ("" if single else f"{index}.", item)
        for index, item in enumerate(items)
        if item is not None and not isinstance(results[index], RejectedItem)
    )
    return Batch(results, single, hints_for(accepted, schema.known))


def _validate(
    index: int, value: Any, item: dict[str, Any], schema: Schema, make: Make[T], outer: int
) -> T | RejectedItem:
    """What ``make`` makes of an item, or why it was refused. ``value`` is what was sent."""
    attributes, checked = read_attributes(item, schema.fields, schema.read_only)
    if not isinstance(checked, bytes):
        return RejectedItem(index, checked, value)
    check_depth(index, value, checked, outer)
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
        _, checked = read_attributes(value, schema.fields, schema.read_only)
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
