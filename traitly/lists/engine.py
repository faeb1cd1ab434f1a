"""What every list shares: parameters, sort orders, keyset cursors, streams.

A list names its columns, filters and sorts in a ``ListDefinition``; ``read_list`` turns a query string into a
``ListQuery`` or a 400 that names everything wrong with it; ``page`` and ``pages`` ask the database.
"""

import base64
import dataclasses
import functools
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from django.db import OperationalError, connection
from django.http import QueryDict
from django.utils.crypto import salted_hmac
from psycopg2.errors import QueryCanceled
from pydantic_core import PydanticCustomError

from traitly.db.prepared import Prepared
from traitly.db.retries import retried
from traitly.input.errors import Error, InvalidRequestError, TooSlowError
from traitly.input.values import parse_decimal, parse_time

DEFAULT_LIMIT = 100
MOST_LIMIT = 1000
_MOST_BYTES = 16 * 2**20  # of a page or of a stream's part, about
_FIRST_ROWS = DEFAULT_LIMIT + 1  # are read before it is known how large rows are: at most 13 MiB of customers
_USUAL_LIMITS = {DEFAULT_LIMIT + 1, MOST_LIMIT}  # their statements are worth preparing
_OPERATORS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_PARAMETER = re.compile(r"(?P<name>[a-z_]+)\[(?P<inner>.+)\]", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_MOST_BRANCHES = 100  # more combinations of repeated parameters than this are one scan and a sort
_WALKS = (2, 50)  # rows for each of a page that are looked through for attributes, before their index is asked
MAX_VALUES = 100  # of a parameter
_MOST_ATTRIBUTES = 10  # that are filtered by: each unpacks the attributes of each row that is looked at
_READ_AS = 2  # values that one of a parameter stands for: the text, and what it reads as
_MOST_DOCUMENTS = 1000  # that are looked for in the index of attributes
# Where more are looked for, so many rows are looked through before: for accounts of this size the planner may know no
# better than to look through all rows for each document.
_FEW_DOCUMENTS, _LONG_WALK = 4, 20_000
_LARGEST_EXPONENT = 308  # of a double. A number that is longer than it is written would make the statement long.
_SPARE_KEYS = 4  # that are read in the index of each combination of values, beside twice its share of a page


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


Condition = tuple[str, list[Any]]  # SQL, and its parameters
# bigint: customers_change_attributes finds an account by no other type, and would give the rows of all accounts.
_ACCOUNT = "account_id = %s::bigint"


class Sort(NamedTuple):
    """An order: the SQL expression of it, and how a cursor's value (taken from an answer) becomes a parameter.

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


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """What a list knows. Parameters that are not named here are refused."""

    table: str
    columns: Mapping[str, str]  # the fields of an answer, in order, each with its SQL
    key: str  # the column that breaks ties: unique within the account
    sorts: Mapping[str, Sort]  # the first one is the default
    equal: tuple[str, ...] = ()
    lowered: tuple[str, ...] = ()  # those of ``equal`` whose index holds them in lower case
    ranges: Mapping[str, Range] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    # A second table, with a row for each of the first one under the same account_id and key. It has what sorts, ranges and
    # attributes are found by that are ``joined``.
    joined: str = ""
    attributes: str = ""  # the column of the second table in which an index finds attributes
    texts: Mapping[str, str] = field(default_factory=dict)  # SQL of cells where the text of ``columns`` will not do
    # The columns that stand before the time in the index that gives every order of the list. Where no filter names the
    # last one's values, they are looked up: that saves an index without it.
    leading: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """SQL of a row's JSON text. PostgreSQL writes it: numbers and attributes reach the client as stored."""
        fields = ", ".join(f"{sql} AS {name}" for name, sql in self.columns.items())
        return f"(SELECT row_to_json(answer) FROM (SELECT {fields}) AS answer)::text"  # noqa: S608  our own columns

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
        ]


@dataclass(slots=True)
class ListQuery:
    """A list that was asked for: filters, order, page."""

    definition: ListDefinition
    equal: dict[str, list[str]] = field(default_factory=dict)  # column to the values that it may have
    conditions: list[Condition] = field(default_factory=list)  # SQL with its parameters
    attributes: dict[str, list[str]] = field(default_factory=dict)  # key to the values that it may have, as JSON
    joined: list[Condition] = field(default_factory=list)  # the same as ``conditions``, of the second table
    sort: str = ""  # the default, if none was asked for
    limit: int = DEFAULT_LIMIT
    after: list[Any] | None = None  # the sort value and key of the row before the page

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
        # The key is the first table's: it has to be of the one whose index has the order, or a page cannot begin there.
        first, second = (definition.joined, definition.table)[:: 1 if self.by_joined else -1]
        return f"{first} JOIN {second} USING (account_id, {definition.key})"


def read_list(
    definition: ListDefinition, query: QueryDict, *, paged: bool = True, equal: Mapping[str, str] | None = None
) -> ListQuery:
    """The list that the query string asks for, or ``InvalidRequestError`` with everything wrong with it.

    ``paged`` is False for a stream, which is never cut into pages: limit and cursor are refused, not passed over.
    ``equal`` narrows the list to what its address names.
    """
    asked = ListQuery(definition, {column: [value] for column, value in (equal or {}).items()})
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
            elif name in {"limit", "cursor"} and not paged:
                errors.append(Error("invalid", "A stream has no pages: every matching row is sent.", name))
            elif name == "limit":
                asked.limit = _limit(values[-1])
            elif name == "cursor":
                cursor = values[-1]
            else:
                _filter(asked, name, values)
        except PydanticCustomError as error:
            errors.append(Error(error.type, error.message(), name))
    if errors:
        raise InvalidRequestError(errors)
    if cursor:
        asked.after = _read_cursor(asked, cursor)
    return asked


def page(asked: ListQuery, *, account_id: int) -> tuple[list[bytes], str | None]:
    """One page of the list: the rows' JSON text, and the cursor of the next page if there is one.

    Keyset paging: the cost is that of the page, wherever it lies, and rows that others insert or delete meanwhile shift
    nothing. A page of large rows has fewer than ``asked.limit``. ``TooSlowError`` if the database gives up on what the
    filters ask for.
    """
    rows: list[bytes] = []
    limit = asked.limit
    with _told_what_to_narrow(asked):
        for part in _parts(asked, asked.definition.answer, account_id, limit + 1):
            rows += [row.encode() for row in part]
            if sum(map(len, rows)) > _MOST_BYTES:
                limit = min(limit, max(1, len(rows) - 1))
                break
    if len(rows) <= limit:
        return rows, None
    del rows[limit:]
    last = _fields(rows[-1])
    return rows, _make_cursor(asked, [last[asked.sort.lstrip("-")], last[asked.definition.key]])


@contextmanager
def _told_what_to_narrow(asked: ListQuery) -> Iterator[None]:
    """``TooSlowError`` where a statement is cancelled though it could have been made quicker: tried again, it is as slow."""
    try:
        yield
    except OperationalError as error:
        remedies = [
            *(f"fewer values of {name}" for name, values in asked.equal.items() if len(values) > 1),
            *(
                f"fewer values of custom_attributes[{name}]"
                for name, values in asked.attributes.items()
                if len(values) > _READ_AS
            ),
            *(["fewer custom_attributes"] if len(asked.attributes) > 1 else []),
            *(["the order of created_at"] if asked.sort.lstrip("-") != "created_at" else []),
            *(["a range of created_at"] if asked.conditions or asked.attributes else []),
            *([f"a limit of less than {asked.limit}"] if asked.limit > DEFAULT_LIMIT else []),
        ]
        if not remedies or not isinstance(error.__cause__, QueryCanceled):
            raise
        raise TooSlowError(f"The list took too long to find. Ask for less: {', or '.join(remedies)}.") from error


def pages(asked: ListQuery, *, account_id: int, cells: bool = False) -> Iterator[list[Any]]:
    """The whole list in pages of ``MOST_LIMIT`` rows at most: each the JSON text of a row, or its ``cells`` as text.

    Nothing is held between pages, neither rows nor a transaction, so a slow reader costs the database nothing.
    """
    return _parts(asked, asked.definition.cells if cells else asked.definition.answer, account_id)


def _parts(asked: ListQuery, what: str, account_id: int, limit: int | None = None) -> Iterator[list[Any]]:
    """The list, or its first ``limit`` rows, in parts of one statement each.

    A part has as many rows as fit into ``_MOST_BYTES`` if they are like those before; all parts together, if there is a
    limit.
    """
    definition = asked.definition
    sort = asked.sort.lstrip("-")
    asked = _with_leading(asked, account_id)
    size, room = _FIRST_ROWS, _MOST_BYTES
    while True:
        size = size if limit is None else min(size, limit)
        rows = [row for (row,) in _select(asked, what, account_id, size)]
        if rows:
            yield rows
        if len(rows) < size or size == limit:
            return
        characters = sum(len(row) if isinstance(row, str) else sum(len(cell or "") for cell in row) for row in rows)
        if limit is not None:
            limit -= size
            room -= characters
        size = min(MOST_LIMIT, max(2, room * size // characters))
        last = _fields(rows[-1]) if isinstance(rows[-1], str) else dict(zip(definition.columns, rows[-1], strict=True))
        asked = dataclasses.replace(asked, after=[definition.sorts[sort].value(last[sort]), last[definition.key]])


def distinct_values(table: str, column: str, equal: Mapping[str, Any], limit: int | None = None) -> list[str]:
    """The first ``limit`` values of a column, in order, among the rows whose other columns equal these.

    Each is one step in an index of those columns and this one, however many rows have it.
    """
    step = f"SELECT {column} FROM {table} WHERE {' AND '.join(f'{name} = %s' for name in equal)}"  # noqa: S608  our own names
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE found (value) AS (({step} ORDER BY {column} LIMIT 1) UNION ALL "  # noqa: S608  the same
            f"SELECT ({step} AND {column} > value ORDER BY {column} LIMIT 1) FROM found WHERE value IS NOT NULL) "
            "SELECT value FROM found WHERE value IS NOT NULL LIMIT %s",
            [*equal.values(), *equal.values(), limit],
        )
        return [value for (value,) in cursor.fetchall()]


def _fields(answer: str | bytes) -> dict[str, Any]:
    """A row's fields, numbers as their digits: a double would round the place where a page ends."""
    fields: dict[str, Any] = json.loads(answer, parse_int=str, parse_float=str)
    return fields


@retried
def _with_leading(asked: ListQuery, account_id: int) -> ListQuery:
    """The list with every value of the last leading column, where no filter names them."""
    leading = asked.definition.leading
    if not leading or leading[-1] in asked.equal:
        return asked
    # What narrows such a list stands in its address, once: ``[value]`` is all there may be.
    narrowed = {"account_id": account_id} | {column: value for column, [value] in asked.equal.items()}
    values = distinct_values(asked.definition.table, leading[-1], narrowed)
    return dataclasses.replace(asked, equal=asked.equal | {leading[-1]: values})


@retried
def _select(asked: ListQuery, what: str, account_id: int, limit: int) -> list[tuple[Any, ...]]:
    """``limit`` rows in order, after ``asked.after``."""
    definition = asked.definition
    equal = {column: sorted(set(values)) for column, values in asked.equal.items()}
    combinations = math.prod(map(len, equal.values()))
    if not combinations:
        return []
    if asked.attributes:
        return _with_attributes(asked, what, equal, account_id, limit)
    conditions, order_by = _conditions(asked, account_id)
    if definition.leading and combinations > 1:
        statement, parameters = _stepped(definition, what, equal, conditions, order_by, limit)
    else:
        statement, parameters = _merged(asked, what, equal, conditions, order_by, limit)
    with connection.cursor() as cursor:
        if definition.leading and limit in _USUAL_LIMITS:  # one index has the rows in order: one plan is best for all
            _prepared(statement).execute(cursor, parameters)
        else:
            cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _order(asked: ListQuery) -> list[str]:
    """The SQL expressions that a list is ordered by."""
    expression, key = asked.definition.sorts[asked.sort.lstrip("-")].expression, asked.definition.key
    return [expression] if expression == key else [expression, key]


def _conditions(asked: ListQuery, account_id: int) -> tuple[list[Condition], str]:
    """What must hold beside equal values and attributes, and ORDER BY."""
    order = _order(asked)
    direction, comparison = ("DESC", "<") if asked.sort.startswith("-") else ("ASC", ">")
    conditions: list[Condition] = [(_ACCOUNT, [account_id]), *asked.conditions, *asked.joined]
    if asked.after:
        # The page's position implies the range's near end. Given both, PostgreSQL may begin the walk at the range's:
        # then a page costs what lies before it (1,794 buffers instead of 17 at row 160,000).
        implied = {f"{order[0]} {operator} %s" for operator in (comparison, f"{comparison}=")}
        conditions = [condition for condition in conditions if condition[0] not in implied]
        row = f"({', '.join(order)}) {comparison} ({', '.join(['%s'] * len(order))})"
        conditions.append((row, asked.after[-len(order) :]))
    return conditions, f"ORDER BY {', '.join(f'{column} {direction}' for column in order)}"


def _with_attributes(
    asked: ListQuery, what: str, equal: Mapping[str, list[str]], account_id: int, limit: int
) -> list[tuple[Any, ...]]:
    """The rows that have the attributes: no index has these in order, and nobody knows how many have them.

    Looks through the list in order, which finds what is frequent. Where the first rows have too few of them, or the
    next ones, all that follow are found by their index and sorted, which is quick for what is rare. (The planner takes
    rows that have them to lie evenly, and may walk through all others first.)
    """
    condition, wanted = has_attributes(asked.attributes)
    documents, others = _documents(asked.attributes)
    many = len(documents) > _FEW_DOCUMENTS
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for walk in (_WALKS[0] * limit, _LONG_WALK if many else _WALKS[1] * limit):
            conditions, order_by = _conditions(asked, account_id)
            statement, parameters = _merged(asked, "*", equal, conditions, order_by, walk)
            cursor.execute(
                f"SELECT {what}, matches, place, {', '.join(_order(asked))} FROM ("  # noqa: S608  our own names
                f"SELECT *, {condition} AS matches, row_number() OVER ({order_by}) AS place "
                f"FROM ({statement}) AS walked) AS walked "
                f"WHERE matches OR place = {walk:d} {order_by} LIMIT {limit - len(found):d}",
                [*wanted, *parameters],
            )
            rows = cursor.fetchall()
            found += [(answer,) for answer, matches, *_ in rows if matches]
            if len(found) == limit or not rows or rows[-1][2] < walk:
                return found
            asked = dataclasses.replace(asked, after=list(rows[-1][3:]))
            if not many and len(found) * _WALKS[1] < walk:
                break
        statement, parameters = _found_by_attributes(asked, what, equal, account_id, documents, others)
        cursor.execute(f"{statement} LIMIT {limit - len(found):d}", parameters)
        found += cursor.fetchall()
    return found


def _found_by_attributes(
    asked: ListQuery,
    what: str,
    equal: Mapping[str, list[str]],
    account_id: int,
    documents: list[str],
    others: Mapping[str, list[str]],
) -> Condition:
    """The statement of the rows that contain one of the documents and have the other attributes, in order.

    It looks into the index of attributes once for each document: an OR of them all would be asked again of each row
    that is found, and each of its parts would unpack the row's attributes anew (62 s for 330 values and 2,250 customers
    of 60 KB). OFFSET 0: planned for all rows, for which walking in their order has no advantage.
    """
    definition = asked.definition
    inner: list[Condition] = [(_ACCOUNT, [account_id]), *asked.joined]
    walked = (
        "SELECT walked.* FROM (SELECT DISTINCT document FROM unnest(%s::jsonb[]) AS document) AS wanted, LATERAL ("  # noqa: S608
        f"SELECT * FROM {definition.joined} WHERE {' AND '.join(sql for sql, _ in inner)} "
        f"AND {definition.attributes} @> wanted.document OFFSET 0) AS walked"
    )
    conditions, order_by = _conditions(dataclasses.replace(asked, joined=[]), account_id)
    conditions += [_equals(column, column in definition.lowered, values) for column, values in equal.items()]
    if others:
        conditions.append(has_attributes(others))
    where = " AND ".join(sql for sql, _ in conditions)
    found = f"SELECT {what} FROM ({_looked_up(asked, '*', walked)} OFFSET 0) AS found"  # noqa: S608  our own names
    return f"{found} WHERE {where} {order_by}", [documents, *_values(inner), account_id, *_values(conditions)]


def has_attributes(attributes: Mapping[str, list[str]]) -> Condition:
    """That each attribute has one of its values: a row's attributes are unpacked once for each."""
    sql = " AND ".join(["custom_attributes -> %s::text = ANY(%s::jsonb[])"] * len(attributes))
    return sql, [parameter for pair in attributes.items() for parameter in pair]


def _documents(attributes: Mapping[str, list[str]]) -> tuple[list[str], dict[str, list[str]]]:
    """JSON objects of which a row's attributes contain at most one, and the attributes that are not in these.

    Each combines values of several attributes, which the index finds together, but more than ``_MOST_DOCUMENTS`` would
    be slower than a second look at what the others find.
    """
    documents, others = [""], {}
    for key, values in sorted(attributes.items(), key=lambda pair: len(pair[1])):
        if len(documents) * len(values) > _MOST_DOCUMENTS:
            others[key] = values
            continue
        name = orjson.dumps(key).decode()
        documents = [f"{document}, {name}: {value}" for document in documents for value in values]
    return [f"{{{document[2:]}}}" for document in documents], others


@functools.lru_cache(maxsize=100)
def _prepared(statement: str) -> Prepared:
    return Prepared(statement)


def _walked(asked: ListQuery, what: str, conditions: list[Condition], order_by: str, limit: int) -> Condition:
    """The statement of a list that the second table has in order, and all that it is narrowed by: a page of it first."""
    joined = asked.definition.joined
    where = " AND ".join(sql for sql, _ in conditions)
    walked = f"SELECT * FROM {joined} WHERE {where} {order_by} LIMIT {limit:d}"  # noqa: S608  our own names
    order = ", ".join(f"walked.{column}" for column in order_by.removeprefix("ORDER BY ").split(", "))
    account: Any = conditions[0][1]
    return f"{_looked_up(asked, what, walked)} ORDER BY {order}", [*_values(conditions), *account]


def _looked_up(asked: ListQuery, what: str, walked: str) -> str:
    """SQL: the row of the first table for each row of the second that ``walked`` gives. It has the account once more.

    OFFSET 0 keeps the planner from reading the whole account to join a few rows.
    """
    definition = asked.definition
    if what == "*" and asked.by_joined:
        what = f"*, walked.{definition.sorts[asked.sort.lstrip('-')].expression}"
    return (
        f"SELECT found.* FROM ({walked}) AS walked, LATERAL (SELECT {what} FROM {definition.table} "  # noqa: S608  the same
        f"WHERE {_ACCOUNT} AND {definition.key} = walked.{definition.key} OFFSET 0) AS found"
    )


def _values(conditions: Sequence[Condition]) -> list[Any]:
    return [value for _, values in conditions for value in values]


def _merged(
    asked: ListQuery,
    what: str,
    equal: Mapping[str, list[str]],
    conditions: list[Condition],
    order_by: str,
    limit: int,
) -> Condition:
    """The statement of a list: for repeated parameters a scan for each combination of values, merged.

    Each walks its index in order and stops at the page's end, where one scan for any of the values would read and sort
    all that match. Every scan has a plan of its own: an index may suit one value and not another.
    """
    if asked.by_joined and not equal and not asked.conditions:
        return _walked(asked, what, conditions, order_by, limit)
    scans = []
    parameters: list[Any] = []
    for branch in _branches(equal, asked.definition.lowered):
        where = " AND ".join(sql for sql, _ in [*conditions, *branch])
        parameters += [value for _, values in [*conditions, *branch] for value in values]
        scans.append(f"FROM {asked.source} WHERE {where} {order_by} LIMIT {limit:d}")
    statement = f"SELECT {what} {scans[0]}"
    if len(scans) > 1:
        union = " UNION ALL ".join(f"(SELECT * {scan})" for scan in scans)
        statement = f"SELECT {what} FROM ({union}) AS found {order_by} LIMIT {limit:d}"  # noqa: S608  our own names
    return statement, parameters


def _stepped(
    definition: ListDefinition,
    what: str,
    equal: Mapping[str, list[str]],
    conditions: list[Condition],
    order_by: str,
    limit: int,
) -> Condition:
    """The statement of a list whose leading columns have several values: walks the index for each combination of them.

    First some keys of each, from the index alone. The page ends at the ``limit``-th of these or before, and only
    combinations that have a key there have rows in it: of those the rows are read, up to there. So a page costs what
    its rows do and a step for each combination. (Merging them reads no row in vain, but plans each for itself: with 90
    names that takes longer than all of this.)
    """
    columns = ", ".join(equal)
    wanted = ", ".join(f"unnest(%s::text[]) AS {column}" for column in equal)
    where = " AND ".join([sql for sql, _ in conditions] + [f"{column} = wanted.{column}" for column in equal])
    scan = f"FROM {definition.table} WHERE {where}"
    each = 2 * limit // math.prod(map(len, equal.values())) + _SPARE_KEYS
    up_to, never = ("<=", "infinity") if "ASC" in order_by else (">=", "-infinity")
    # A limit that the planner cannot see: it takes a combination for rare, and would rather read and sort all of it.
    statement = f"""
        WITH near AS MATERIALIZED (
            SELECT found.* FROM (SELECT * FROM {wanted}) AS wanted, LATERAL (
                SELECT {columns}, created_at, {definition.key} {scan} {order_by} LIMIT (SELECT %s::int)
            ) AS found {order_by} LIMIT {limit:d}
        ), last AS (
            SELECT coalesce((SELECT created_at FROM near {order_by} OFFSET {limit - 1:d}), '{never}') AS created_at
        )
        SELECT {what} FROM (
            SELECT found.* FROM (SELECT DISTINCT {columns} FROM near) AS wanted, LATERAL (
                SELECT * {scan} AND created_at {up_to} (SELECT created_at FROM last) {order_by} LIMIT (SELECT {limit:d})
            ) AS found {order_by} LIMIT {limit:d}
        ) AS found
    """  # noqa: S608  our own names
    given = [value for _, values in conditions for value in values]
    return statement, [*equal.values(), *given, each, *given]


def _branches(equal: Mapping[str, list[str]], lowered: tuple[str, ...]) -> list[list[Condition]]:
    """The conditions of each combination of values; of all at once where those are too many."""
    if math.prod(map(len, equal.values())) > _MOST_BRANCHES:
        return [[_equals(column, column in lowered, values) for column, values in equal.items()]]
    return [
        [_equals(column, column in lowered, [value]) for column, value in zip(equal, values, strict=True)]
        for values in itertools.product(*equal.values())
    ]


def _equals(column: str, lowered: bool, values: list[str]) -> Condition:
    """That a column has one of the values; by its lower case first, where that is what the index holds."""
    sql, parameters = (f"{column} = %s", values[0]) if len(values) == 1 else (f"{column} = ANY(%s)", values)
    if not lowered:
        return sql, [parameters]
    lower = "lower(%s)" if len(values) == 1 else "ANY(ARRAY(SELECT lower(value) FROM unnest(%s::text[]) AS value))"
    return f'lower({column}) COLLATE "C" = {lower} AND {sql}', [parameters, parameters]


def _filter(asked: ListQuery, name: str, values: list[str]) -> None:
    definition = asked.definition
    if len(values) > MAX_VALUES:
        detail = f"At most {MAX_VALUES} values of a parameter can be asked for at once."
        raise PydanticCustomError("too_many_values", detail)
    if name in definition.equal:
        asked.equal[name] = [parse_text(value) for value in values]
        return
    match = _PARAMETER.fullmatch(name)
    if match and match["name"] in definition.ranges and match["inner"] in _OPERATORS:
        expression, parse, also, joined = definition.ranges[match["name"]]
        # Repeated, any of its values is enough: what the widest lets through.
        widest = (min if match["inner"].startswith("g") else max)(map(parse, values))
        condition: Condition = (f"{expression} {_OPERATORS[match['inner']]} %s", [widest])
        (asked.joined if joined else asked.conditions).append(condition)
        if also:
            asked.conditions.append((also, []))
    elif match and match["name"] == "custom_attributes" and definition.attributes:
        wanted = (scalar for value in values for scalar in _attribute_scalars(value))
        asked.attributes[parse_text(match["inner"])] = list(dict.fromkeys(wanted))
        if len(asked.attributes) > _MOST_ATTRIBUTES:
            detail = f"At most {_MOST_ATTRIBUTES} custom attributes can be filtered by at once."
            raise PydanticCustomError("too_many_filters", detail)
    else:
        known = ", ".join(definition.parameters)
        raise PydanticCustomError("unknown_parameter", f"Unknown parameter. Known are: {known}.")


def _attribute_scalars(value: str) -> list[str]:
    """The JSON values that an attribute's filter matches: the text, and what it reads as."""
    scalars = [orjson.dumps(parse_text(value)).decode()]
    if value in {"true", "false", "null"}:
        scalars.append(value)
    elif (number := parse_decimal(value)) is not None and abs(number.adjusted()) <= max(len(value), _LARGEST_EXPONENT):
        scalars.append(f"{number:f}")
    return scalars


def _one_of(choices: list[str], value: str) -> str:
    if value not in choices:
        raise PydanticCustomError("invalid_choice", f"Must be one of: {', '.join(choices)}.")
    return value


def _limit(value: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(value) or not 1 <= int(value) <= MOST_LIMIT:
        raise PydanticCustomError("invalid", f"Must be a whole number from 1 to {MOST_LIMIT}.")
    return int(value)


# A cursor is the sort value and the key of a page's last row, with a signature that binds them to the sort and the
# filters: what is read from one is what was written into it.


def _make_cursor(asked: ListQuery, position: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([_binding(asked, position), *position])).decode().rstrip("=")


def _read_cursor(asked: ListQuery, cursor: str) -> list[Any]:
    try:
        binding, *position = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if binding != _binding(asked, position):
            raise ValueError  # noqa: TRY301  one answer to every kind of broken
        return [asked.definition.sorts[asked.sort.lstrip("-")].value(position[0]), position[1]]
    except (ValueError, TypeError, IndexError):
        detail = "Broken, or made for another sort or other filters. Begin again without it."
        raise InvalidRequestError([Error("invalid", detail, "cursor")]) from None


def _binding(asked: ListQuery, position: list[Any]) -> str:
    equal = {column: sorted(values) for column, values in sorted(asked.equal.items())}
    conditions = sorted((sql, str(parameters)) for sql, parameters in [*asked.conditions, *asked.joined])
    attributes = {key: sorted(values) for key, values in sorted(asked.attributes.items())}
    meant = repr([asked.definition.table, asked.sort, equal, conditions, attributes, position])
    return salted_hmac("traitly.lists.engine.cursor", meant, algorithm="sha256").hexdigest()[:32]


def time_sort(column: str) -> Sort:
    """The order of a column of times, which answers show as unix seconds."""
    return Sort(column, parse_time)


def time_range(column: str) -> Range:
    """The range filters of a column of times."""
    return Range(column, parse_time)
