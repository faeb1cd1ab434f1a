"""What a list can do (``ListDefinition``), and what a request asks of it (``ListQuery``).

A list names its columns, filters and sorts in a ``ListDefinition``. ``traitly.lists.parameters``
turns a query string into a ``ListQuery``; ``traitly.lists.pages`` asks the database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from pydantic_core import PydanticCustomError

from traitly.input.values import parse_decimal, parse_time

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

Condition = tuple[str, list[Any]]  # SQL, and its parameters

# How concat() is given the JSON of a column, by what its SQL is. row_to_json() finds out how to
# write each value of each row.
JSON_TEXT = "coalesce(to_json({})::text, 'null')"  # anything that to_json takes
JSON_DIGITS = "coalesce('\"' || {} || '\"', 'null')"  # text in which nothing has to be escaped
JSON_NUMBER = "coalesce({}::text, 'null')"
JSON_AS_IS = "coalesce({}, 'null')"  # jsonb


class Sort(NamedTuple):
    """An order: the SQL expression of it, and how a cursor's value (taken from a response) becomes a parameter.

    ``joined``: the expression is of the definition's second table.
    """

    expression: str
    value: Callable[[Any], Any]
    joined: bool = False


class Range(NamedTuple):
    """A range filter: the SQL expression that is compared, the parameter's parser, and what else must hold.

    ``joined`` as in ``Sort``.
    """

    expression: str
    parse: Callable[[str], Any]
    also: str = ""
    joined: bool = False


@dataclass(frozen=True)
class ListDefinition:
    """What a list offers. Parameters that are not declared here are refused."""

    table: str
    columns: Mapping[str, str]  # the fields of a row, in order, each with its SQL
    key: str  # the column that breaks ties: unique within the account
    sorts: Mapping[str, Sort]  # the first one is the default
    equal: tuple[str, ...] = ()
    lower_case: tuple[str, ...] = ()  # those of ``equal`` that are indexed in lower case
    ranges: Mapping[str, Range] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    required_hint: str = ""  # appended to the error: where to find the data without them
    # A second table with one row for each row of the first, under the same account_id and key. It
    # has the columns of ``joined`` sorts, ranges and attributes.
    joined: str = ""
    attributes: str = ""  # the indexed column of attributes in the second table
    json: Mapping[str, str] = field(
        default_factory=dict
    )  # how columns become JSON: JSON_TEXT, if not named here
    texts: Mapping[str, str] = field(
        default_factory=dict
    )  # SQL of cells that differ from the text of ``columns``
    # The columns before the time in the index that provides every order of the list. If no filter
    # names the values of the last one, they are looked up; that saves an index without it.
    stepped_columns: tuple[str, ...] = ()

    @property
    def json_sql(self) -> str:
        """SQL of a row's JSON text. PostgreSQL writes it: numbers and attributes reach the client as stored."""
        return self.json_tails[0]

    @cached_property
    def json_tails(self) -> list[str]:
        """SQL of what follows in a row's JSON text after none of its columns, after the first, and so on."""
        parts = [
            f"""'{"," if place else "{"}"{name}":', {self.json.get(name, JSON_TEXT).format(sql)}"""
            for place, (name, sql) in enumerate(self.columns.items())
        ]
        return [f"concat({', '.join(parts[known:])}, '}}')" for known in range(len(parts) + 1)]

    @property
    def cells(self) -> str:
        """SQL of a row's fields, each as text, in one array."""
        columns = {**self.columns, **self.texts}
        return f"ARRAY[{', '.join(f'({sql})::text' for sql in columns.values())}]"

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
            "raw",
        ]


@dataclass(slots=True)
class ListQuery:
    """A requested list: filters, order, page."""

    definition: ListDefinition
    equal: dict[str, list[str]] = field(default_factory=dict)  # column to its allowed values
    conditions: list[Condition] = field(default_factory=list)  # SQL with its parameters
    attributes: dict[str, list[str]] = field(
        default_factory=dict
    )  # key to its allowed values, as JSON
    joined: list[Condition] = field(
        default_factory=list
    )  # like ``conditions``, for the second table
    sort: str = ""  # the default if none was requested
    limit: int = DEFAULT_LIMIT
    after: list[Any] | None = None  # the sort value and key of the row before the page
    raw: bool = False  # CSV as it is stored, cells that a spreadsheet takes for formulas too

    def __post_init__(self) -> None:
        """Take the default order."""
        self.sort = self.sort or next(iter(self.definition.sorts))

    @property
    def by_joined(self) -> bool:
        """Whether the order is that of the second table."""
        return self.definition.sorts[self.sort.lstrip("-")].joined

    @property
    def source(self) -> str:
        """SQL of what the list is read from."""
        definition = self.definition
        if not (self.joined or self.by_joined):
            return definition.table
        # The key must come from the table whose index provides the order, or a page could not start
        # there.
        first, second = (definition.joined, definition.table)[:: 1 if self.by_joined else -1]
        return f"{first} JOIN {second} USING (account_id, {definition.key})"


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


def time_sort(column: str) -> Sort:
    """The order of a time column, which responses show as unix seconds."""
    return Sort(column, parse_time)


def time_range(column: str) -> Range:
    """The range filters of a time column."""
    return Range(column, parse_time)
