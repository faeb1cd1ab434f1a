"""What every list shares: parameters, sort orders, keyset cursors.

A list names its filters and sorts in a ``ListDefinition``; ``read_list`` turns a query string into a ``ListQuery`` or
a 400 that names everything wrong with it; ``page`` asks the database for one page of it.
"""

import base64
import datetime
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
from django.db import connection
from django.http import QueryDict
from pydantic_core import PydanticCustomError

from traitly.api.errors import Error, InvalidRequest
from traitly.api.values import parse_decimal, parse_time

DEFAULT_LIMIT = 100
MOST_LIMIT = 1000
_OPERATORS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_PARAMETER = re.compile(r"(?P<name>[a-z_]+)\[(?P<inner>.+)\]", re.DOTALL)


def parse_text(value: str) -> str:
    """A filter's text."""
    if "\0" in value:
        raise PydanticCustomError("null_characters_not_allowed", "Null characters are not allowed.")
    return value


def parse_number(value: str) -> Decimal:
    """A filter's number."""
    number = parse_decimal(value)
    if number is None:
        raise PydanticCustomError("invalid", "A valid number is required.")
    return number


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: the SQL expression of it, and how a cursor's value (taken from an answer) becomes a parameter."""

    expression: str
    value: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """What a list knows. Parameters that are not named here are refused."""

    table: str
    answer: str  # SQL of a row's JSON text
    key: str  # the column that breaks ties: unique within the account
    sorts: Mapping[str, Sort]
    equal: tuple[str, ...] = ()
    ranges: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    attributes: bool = False

    @property
    def parameters(self) -> list[str]:
        """The parameters, as an error lists them."""
        return [
            *self.equal,
            *(f"{name}[gte|gt|lte|lt]" for name in self.ranges),
            *(["custom_attributes[<key>]"] if self.attributes else []),
            "sort",
            "limit",
            "cursor",
        ]


@dataclass(slots=True)
class ListQuery:
    """A list that was asked for: SQL conditions with their parameters, order, page."""

    definition: ListDefinition
    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    sort: str = "created_at"
    limit: int = DEFAULT_LIMIT
    after: list[Any] | None = None  # the sort value and key of the row before the page

    def where(self, condition: str, value: Any) -> None:
        """Narrow the list."""
        self.conditions.append(condition)
        self.values.append(value)


def read_list(definition: ListDefinition, query: QueryDict) -> ListQuery:
    """The list that the query string asks for, or ``InvalidRequest`` with everything wrong with it."""
    asked = ListQuery(definition)
    errors = [
        Error("required", "This parameter is required.", name)
        for name in definition.required
        if not any(query.getlist(name))
    ]
    cursor = ""
    for name, values in sorted(query.lists()):
        try:
            if name == "sort":
                asked.sort = _one_of([*definition.sorts, *(f"-{sort}" for sort in definition.sorts)], values[-1])
            elif name == "limit":
                asked.limit = _limit(values[-1])
            elif name == "cursor":
                cursor = values[-1]
            else:
                _filter(asked, name, values)
        except PydanticCustomError as error:
            errors.append(Error(error.type, error.message(), name))
    if errors:
        raise InvalidRequest(errors)
    if cursor:
        asked.after = _read_cursor(asked, cursor)
    return asked


def page(asked: ListQuery, *, account_id: int) -> tuple[list[bytes], str | None]:
    """One page of the list: the rows' JSON text, and the cursor of the next page if there is one.

    Keyset paging: the cost is that of the page, wherever it lies, and rows that others insert or delete meanwhile shift
    nothing.
    """
    sort = asked.definition.sorts[asked.sort.lstrip("-")]
    key = asked.definition.key
    columns = [sort.expression] if sort.expression == key else [sort.expression, key]
    direction, comparison = ("DESC", "<") if asked.sort.startswith("-") else ("ASC", ">")
    conditions = ["account_id = %s", *asked.conditions]
    values = [account_id, *asked.values]
    if asked.after:
        conditions.append(f"({', '.join(columns)}) {comparison} ({', '.join(['%s'] * len(columns))})")
        values += asked.after[-len(columns) :]
    order = ", ".join(f"{column} {direction}" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {asked.definition.answer} FROM {asked.definition.table} WHERE {' AND '.join(conditions)} "  # noqa: S608  names from definitions, values as parameters
            f"ORDER BY {order} LIMIT %s",
            [*values, asked.limit + 1],
        )
        rows = [row.encode() for (row,) in cursor.fetchall()]
    if len(rows) <= asked.limit:
        return rows, None
    del rows[asked.limit :]
    return rows, _make_cursor(asked, orjson.loads(rows[-1]))


def _filter(asked: ListQuery, name: str, values: list[str]) -> None:
    definition = asked.definition
    if name in definition.equal:
        asked.where(f"{name} = ANY(%s)", [parse_text(value) for value in values])
        return
    match = _PARAMETER.fullmatch(name)
    if match and match["name"] in definition.ranges and match["inner"] in _OPERATORS:
        parse = definition.ranges[match["name"]]
        for value in values:
            asked.where(f"{match['name']} {_OPERATORS[match['inner']]} %s", parse(value))
    elif match and match["name"] == "custom_attributes" and definition.attributes:
        documents = [document for value in values for document in _attribute_documents(match["inner"], value)]
        asked.conditions.append("(" + " OR ".join(["custom_attributes @> %s::jsonb"] * len(documents)) + ")")
        asked.values += documents
    else:
        known = ", ".join(definition.parameters)
        raise PydanticCustomError("unknown_parameter", f"Unknown parameter. Known are: {known}.")


def _attribute_documents(key: str, value: str) -> list[str]:
    """The JSON objects that an attribute's filter matches: its value as a string, and as what it reads as."""
    parse_text(key)
    documents = [orjson.dumps({key: parse_text(value)}).decode()]
    if value in {"true", "false", "null"}:
        documents.append(f"{{{orjson.dumps(key).decode()}: {value}}}")
    elif (number := parse_decimal(value)) is not None and -400 < number.adjusted() < 4300:  # noqa: PLR2004
        documents.append(f"{{{orjson.dumps(key).decode()}: {number:f}}}")
    return documents


def _one_of(choices: list[str], value: str) -> str:
    if value not in choices:
        raise PydanticCustomError("invalid_choice", f"Must be one of: {', '.join(choices)}.")
    return value


def _limit(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= MOST_LIMIT or len(value) > 9:  # noqa: PLR2004
        raise PydanticCustomError("invalid", f"Must be a whole number from 1 to {MOST_LIMIT}.")
    return int(value)


# A cursor is the sort value and the key of a page's last row, with a hash that binds them to the sort and the filters.


def _make_cursor(asked: ListQuery, last: dict[str, Any]) -> str:
    position = [last[asked.sort.lstrip("-")], last[asked.definition.key]]
    return base64.urlsafe_b64encode(orjson.dumps([_binding(asked, position), *position])).decode().rstrip("=")


def _read_cursor(asked: ListQuery, cursor: str) -> list[Any]:
    try:
        binding, *position = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if binding != _binding(asked, position):
            raise ValueError  # noqa: TRY301
        return [asked.definition.sorts[asked.sort.lstrip("-")].value(position[0]), position[1]]
    except (ValueError, TypeError, IndexError):
        detail = "Broken, or made for another sort or other filters. Begin again without it."
        raise InvalidRequest([Error("invalid", detail, "cursor")]) from None


def _binding(asked: ListQuery, position: list[Any]) -> str:
    meant = [asked.definition.table, asked.sort, sorted(asked.conditions), sorted(map(str, asked.values)), position]
    return hashlib.blake2b(repr(meant).encode(), digest_size=9).hexdigest()


def time_sort(column: str) -> Sort:
    """The order of a column of times, which answers show as unix seconds."""
    return Sort(column, parse_time)


def text_sort(column: str) -> Sort:
    """The order of a column of text."""
    return Sort(column, str)


TIME_RANGE: Mapping[str, Callable[[str], datetime.datetime]] = {"created_at": parse_time}
