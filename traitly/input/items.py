"""From a body's bytes to typed items: each item of a batch is validated separately, with all its errors.

An app says what its items look like with a ``Schema`` and what they become with a function.
pydantic makes dictionaries of the valid ones: models cost three times as much
(docs/performance.md).
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
from traitly.input.parsing import MAX_DEPTH, Body, check_depth, parse_body

T = TypeVar("T")

# How an app makes a ``T`` from a valid item's index in the request, its fields, all its attributes,
# and their JSON text.
Make = Callable[[int, dict[str, Any], dict[str, Any], bytes], T]


@dataclass(frozen=True)
class Schema:
    """The schema of a request's object. Fields that are not part of it are kept as attributes."""

    item: Any  # a TypedDict that allows further keys
    # Fields that only the server sets, with the values that responses contain: a client may send
    # back what it read, and these must not become attributes.
    read_only: ReadOnlyFields = field(default_factory=dict)
    kind: str = ""  # both are for hints: see ``KnownFields``
    synonyms: tuple[tuple[str, str], ...] = ()

    @cached_property
    def known(self) -> KnownFields:
        """The fields, for hints about misspelled ones."""
        return KnownFields(self.fields, self.kind, self.synonyms)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names of the object's fields."""
        return frozenset(self.item.__annotations__)

    @cached_property
    def items(self) -> TypeAdapter[list[Any]]:
        """Validates values to items, or finds every error of all of them."""
        items: Any = list[self.item]  # type: ignore[name-defined]
        return TypeAdapter(items)


class RejectedItem(NamedTuple):
    """A refused item: its index in the request, the errors, and what was sent."""

    index: int  # type: ignore[assignment]  # a tuple has a method of this name, which nobody needs
    errors: list[Error]
    sent: Any


class Batch(NamedTuple, Generic[T]):
    """A request's items in order, each accepted as a ``T`` or rejected."""

    results: list[T | RejectedItem]
    single: bool
    hints: Sequence[Hint] = ()  # about accepted items

    @property
    def accepted(self) -> list[T]:
        """The valid items."""
        return [result for result in self.results if not isinstance(result, RejectedItem)]

    @property
    def rejected(self) -> list[RejectedItem]:
        """The rejected items."""
        return [result for result in self.results if isinstance(result, RejectedItem)]


def read_items(body: Body, schema: Schema, make: Make[T]) -> Batch[T]:
    """Validate every item of the body.

    Raises 400 for what is not JSON, 413 for too many of items, objects or arrays. A single object
    that is invalid is a rejection too, so that it can be kept;
    ``traitly.http.envelope.batch_response`` answers it with 400. ``make`` may refuse an item by
    ``InvalidRequestError``.
    """
    values, single = parse_body(body)
    if not values:
        raise InvalidRequestError(
            [Error("empty", "The body contains no objects. Send at least one.")]
        )
    return validate_items(
        values, schema, make, single=single, outer=0 if single or body.lines else 1
    )


def validate_items(
    values: list[Any], schema: Schema, make: Make[T], *, single: bool = False, outer: int = 0
) -> Batch[T]:
    """The same for parsed values; ``outer`` is the number of nesting levels around each."""
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
        if item is not None
        and not item.keys() <= schema.fields
        and not isinstance(results[index], RejectedItem)
    )
    return Batch(results, single, hints_for(accepted, schema.known))


def _validate(
    index: int, value: Any, item: dict[str, Any], schema: Schema, make: Make[T], outer: int
) -> T | RejectedItem:
    """The result of ``make``, or the rejected item. ``value`` is what was sent."""
    attributes, checked = read_attributes(item, schema.fields, schema.read_only)
    if not isinstance(checked, bytes):
        return RejectedItem(index, checked, value)
    if len(checked) > MAX_DEPTH:
        check_depth(index, value, checked, outer)
    try:
        return make(index, item, attributes, checked)
    except InvalidRequestError as invalid:
        return RejectedItem(index, invalid.errors, value)


def _validated(
    values: list[Any], schema: Schema
) -> tuple[list[dict[str, Any] | None], dict[int, list[Error]]]:
    """The item of each value, None if it is refused, and all errors of the refused ones by their index.

    pydantic gives the items or the errors: where there are errors, the valid values are validated
    again, without them.
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
    """A value that pydantic refused, with the errors of its attributes."""
    if isinstance(value, dict) and not value.keys() <= schema.fields:
        errors = _naming_what_was_sent(errors, intended_fields(value, schema.known))
    if isinstance(value, dict) and not (
        value.keys() <= schema.fields and is_harmless(value.get("custom_attributes"))
    ):
        _, checked = read_attributes(value, schema.fields, schema.read_only)
        if not isinstance(checked, bytes):
            errors += checked
    return RejectedItem(index, errors, value)


def _naming_what_was_sent(errors: list[Error], intended: Mapping[str, str]) -> list[Error]:
    """The errors; one about a missing field names the field that was sent instead."""
    sent = {field: name for name, field in intended.items()}
    return [
        error._replace(
            detail=f"{error.detail} You sent {sent[error.attr]}; the field is {error.attr}."
        )
        if error.code == "required" and error.attr in sent
        else error
        for error in errors
    ]


_DETAILS = {
    "missing": ("required", "This field is required."),
    "string_type": ("invalid", "Not a valid string."),
    "string_too_long": (
        "max_length",
        "Ensure this field has no more than {max_length} characters.",
    ),
    "string_too_short": ("blank", "This field may not be blank."),
    "is_instance_of": ("not_a_dict", "Expected an object."),
}


def _error(details: ErrorDetails) -> Error:
    """One of pydantic's errors about a list of items, worded like DRF's."""
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
