"""From a query string to a ``ListQuery``, or a 400 that names everything wrong with it."""

import re
from collections.abc import Mapping, Sequence

import orjson
from django.http import QueryDict
from pydantic_core import PydanticCustomError

from traitly.input.errors import Error, InvalidRequestError
from traitly.input.values import parse_decimal
from traitly.lists.cursors import read_cursor
from traitly.lists.definition import MAX_LIMIT, Condition, ListDefinition, ListQuery, parse_text

_OPERATORS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_PARAMETER = re.compile(r"(?P<name>[a-z_]+)\[(?P<inner>.+)\]", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
MAX_VALUES = 100  # per parameter
_MAX_ATTRIBUTES = 10  # in filters: each one unpacks the attributes of every scanned row
_OTHER_PAGING = {"page", "offset", "skip", "per_page", "page_size"}  # as other APIs have it
_LARGEST_EXPONENT = (
    308  # of a double. Longer numbers would make the statement much longer than the request.
)


def read_list(
    definition: ListDefinition,
    params: QueryDict,
    *,
    paged: bool = True,
    equal: Mapping[str, Sequence[str]] | None = None,
) -> ListQuery:
    """The list that the query string asks for, or ``InvalidRequestError`` with everything wrong with it.

    ``paged`` is False for a stream, which has no pages: limit and cursor are refused, not ignored.
    ``equal`` restricts the list to what its URL names.
    """
    query = ListQuery(
        definition, {column: list(values) for column, values in (equal or {}).items()}
    )
    errors = [
        Error("required", f"This parameter is required.{definition.required_hint}", name)
        for name in definition.required
        if not any(params.getlist(name))
    ]
    cursor = ""
    for name, values in sorted(params.lists()):
        try:
            if name == "sort":
                query.sort = _one_of(
                    [*definition.sorts, *(f"-{sort}" for sort in definition.sorts)], values[-1]
                )
            elif name in {"limit", "cursor"} and not paged:
                errors.append(
                    Error("invalid", "A stream has no pages: it sends every matching row.", name)
                )
            elif name == "limit":
                query.limit = _limit(values[-1])
            elif name == "cursor":
                cursor = values[-1]
            elif name == "raw":
                query.raw = _one_of(["0", "1"], values[-1]) == "1"
            else:
                _filter(query, name, values)
        except PydanticCustomError as error:
            errors.append(Error(error.type, error.message(), name))
    if errors:
        raise InvalidRequestError(errors)
    if cursor:
        query.after = read_cursor(query, cursor)
    return query


def _filter(query: ListQuery, name: str, values: list[str]) -> None:
    definition = query.definition
    if len(values) > MAX_VALUES:
        detail = f"At most {MAX_VALUES} values of a parameter are allowed."
        raise PydanticCustomError("too_many_values", detail)
    if name in definition.equal:
        query.equal[name] = [parse_text(value) for value in values]
        return
    match = _PARAMETER.fullmatch(name)
    if match and match["name"] in definition.ranges and match["inner"] in _OPERATORS:
        expression, parse, also, joined = definition.ranges[match["name"]]
        # If it is repeated, any of its values is enough, so the widest decides.
        widest = (min if match["inner"].startswith("g") else max)(map(parse, values))
        condition: Condition = (f"{expression} {_OPERATORS[match['inner']]} %s", [widest])
        (query.joined if joined else query.conditions).append(condition)
        if also:
            query.conditions.append((also, []))
    elif match and match["name"] == "custom_attributes" and definition.attributes:
        wanted = (scalar for value in values for scalar in _attribute_scalars(value))
        query.attributes[parse_text(match["inner"])] = list(dict.fromkeys(wanted))
        if len(query.attributes) > _MAX_ATTRIBUTES:
            detail = f"At most {_MAX_ATTRIBUTES} custom attributes can be filtered on at once."
            raise PydanticCustomError("too_many_filters", detail)
    else:
        detail = f"Unknown parameter. {_advice(name, definition)}"
        raise PydanticCustomError("unknown_parameter", detail)


def _advice(name: str, definition: ListDefinition) -> str:
    advice = ""
    if name in definition.ranges:
        advice = f"Use {', '.join(f'{name}[{operator}]' for operator in _OPERATORS)}. "
    elif name in _OTHER_PAGING:
        advice = (
            "For the next page send metadata.next_cursor as cursor; limit is the size of a page. "
        )
    return f"{advice}Known parameters: {', '.join(definition.parameters)}."


def _attribute_scalars(value: str) -> list[str]:
    """The JSON values that an attribute filter matches: the text, and what it parses as."""
    scalars = [orjson.dumps(parse_text(value)).decode()]
    if value in {"true", "false", "null"}:
        scalars.append(value)
    elif (number := parse_decimal(value)) is not None and abs(number.adjusted()) <= max(
        len(value), _LARGEST_EXPONENT
    ):
        scalars.append(f"{number:f}")
    return scalars


def _one_of(choices: list[str], value: str) -> str:
    if value not in choices:
        raise PydanticCustomError("invalid_choice", f"Must be one of: {', '.join(choices)}.")
    return value


def _limit(value: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(value) or not 1 <= int(value) <= MAX_LIMIT:
        raise PydanticCustomError("invalid", f"Must be a whole number from 1 to {MAX_LIMIT}.")
    return int(value)
