"""Lists from the database, as pages and as streams of pages."""

import dataclasses
import functools
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import OperationalError
from psycopg2.errors import QueryCanceled

from traitly.db.prepared import Prepared
from traitly.db.replica import read_cursor
from traitly.db.retries import retried
from traitly.input.errors import TooSlowError
from traitly.lists.attributes import select_by_attributes
from traitly.lists.cursors import make_cursor
from traitly.lists.definition import DEFAULT_LIMIT, MAX_LIMIT, ListQuery
from traitly.lists.names import sorted_keys, stepped, with_all_names
from traitly.lists.sql import conditions_of, merged

_MAX_BYTES = 16 * 2**20  # of a page or of a stream's part, about
_FIRST_ROWS = (
    DEFAULT_LIMIT + 1
)  # read before the size of the rows is known; at most 13 MiB of customers
_USUAL_LIMITS = {DEFAULT_LIMIT + 1, MAX_LIMIT}  # worth preparing a statement for
READ_AS_ONE = 2  # one value of a parameter stands for up to two: the text, and what it parses as


def page(query: ListQuery, *, account_id: int) -> tuple[list[bytes], str | None]:
    """One page of the list: the rows' JSON text, and the cursor of the next page if there is one.

    Keyset paging: the cost is that of the page, wherever it lies, and rows that others insert or
    delete meanwhile shift nothing. A page of large rows has fewer than ``asked.limit``.
    ``TooSlowError`` if the database gives up on what the filters ask for.
    """
    rows: list[bytes] = []
    limit = query.limit
    with _explain_timeout(query):
        for part in _parts(query, account_id, limit=limit + 1):
            rows += [row.encode() for row in part]
            if sum(map(len, rows)) > _MAX_BYTES:
                limit = min(limit, max(1, len(rows) - 1))
                break
    if len(rows) <= limit:
        return rows, None
    del rows[limit:]
    last = _fields(rows[-1])
    return rows, make_cursor(query, [last[query.sort.lstrip("-")], last[query.definition.key]])


def pages(query: ListQuery, *, account_id: int, cells: bool = False) -> Iterator[list[Any]]:
    """The whole list in pages of ``MAX_LIMIT`` rows at most: each the JSON text of a row, or its ``cells`` as text.

    Nothing is held between pages, neither rows nor a transaction, so a slow reader costs the
    database nothing.
    """
    return _parts(query, account_id, cells=cells)


def keys(query: ListQuery, *, account_id: int) -> list[Any]:
    """The keys of the list's first ``query.limit`` rows, in its order."""
    rows = _select(with_all_names(query, account_id), query.definition.key, account_id, query.limit)
    return [key for (key,) in rows]


def _parts(
    query: ListQuery, account_id: int, *, limit: int | None = None, cells: bool = False
) -> Iterator[list[Any]]:
    """The list, or its first ``limit`` rows, in parts of one statement each.

    A part has as many rows as fit into ``_MAX_BYTES`` if they are like those before; all parts
    together, if there is a limit.
    """
    definition = query.definition
    sort = query.sort.lstrip("-")
    head, what = ("", definition.cells) if cells else _known_columns(query)
    query = with_all_names(query, account_id)
    size, room = _FIRST_ROWS, _MAX_BYTES
    while True:
        size = size if limit is None else min(size, limit)
        rows = [head + row if head else row for (row,) in _select(query, what, account_id, size)]
        if rows:
            yield rows
        if len(rows) < size or size == limit:
            return
        characters = sum(
            len(row) if isinstance(row, str) else sum(len(cell or "") for cell in row)
            for row in rows
        )
        if limit is not None:
            limit -= size
            room -= characters
        size = min(MAX_LIMIT, max(2, room * size // characters))
        last = (
            _fields(rows[-1])
            if isinstance(rows[-1], str)
            else dict(zip(definition.columns, rows[-1], strict=True))
        )
        query = dataclasses.replace(
            query, after=[definition.sorts[sort].value(last[sort]), last[definition.key]]
        )


def _known_columns(query: ListQuery) -> tuple[str, str]:
    """With what JSON text every row begins, since filters give these columns one value each, and SQL of the rest."""
    known = {}
    for name, sql in query.definition.columns.items():
        if sql != name or len(query.equal.get(name, ())) != 1:
            break
        [known[name]] = query.equal[name]
    head = orjson.dumps(known).decode().removesuffix("}") if known else ""
    return head, query.definition.json_tails[len(known)]


@retried
def _select(query: ListQuery, what: str, account_id: int, limit: int) -> list[tuple[Any, ...]]:
    """``limit`` rows in order, after ``asked.after``."""
    definition = query.definition
    equal = {column: sorted(set(values)) for column, values in query.equal.items()}
    combinations = math.prod(map(len, equal.values()))
    if not combinations:
        return []
    if query.attributes:
        return select_by_attributes(query, what, equal, account_id, limit)
    conditions, order_by = conditions_of(query, account_id)
    if definition.stepped_columns and definition.stepped_columns[-1] not in equal:
        statement, parameters = sorted_keys(definition, what, equal, conditions, order_by, limit)
    elif definition.stepped_columns and combinations > 1:
        statement, parameters = stepped(definition, what, equal, conditions, order_by, limit)
    else:
        statement, parameters = merged(query, what, equal, conditions, order_by, limit)
    with read_cursor() as cursor:
        if (
            definition.stepped_columns and limit in _USUAL_LIMITS
        ):  # one index has the rows in order: one plan is best for all
            _prepared(statement).execute(cursor, parameters)
        else:
            cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


@functools.lru_cache(maxsize=100)
def _prepared(statement: str) -> Prepared:
    return Prepared(statement)


def _fields(json_sql: str | bytes) -> dict[str, Any]:
    """A row's fields, with numbers as digits: a double would round the position where a page ends."""
    fields: dict[str, Any] = json.loads(json_sql, parse_int=str, parse_float=str)
    return fields


@contextmanager
def _explain_timeout(query: ListQuery) -> Iterator[None]:
    """``TooSlowError`` where a statement is cancelled though it could have been made quicker: tried again, it is as slow."""
    try:
        yield
    except OperationalError as error:
        remedies = [
            *(f"fewer values of {name}" for name, values in query.equal.items() if len(values) > 1),
            *(
                f"fewer values of custom_attributes[{name}]"
                for name, values in query.attributes.items()
                if len(values) > READ_AS_ONE
            ),
            *(["fewer custom_attributes"] if len(query.attributes) > 1 else []),
            *(["the order of created_at"] if query.sort.lstrip("-") != "created_at" else []),
            *(["a range of created_at"] if query.conditions or query.attributes else []),
            *([f"a limit of less than {query.limit}"] if query.limit > DEFAULT_LIMIT else []),
        ]
        if not remedies or not isinstance(error.__cause__, QueryCanceled):
            raise
        raise TooSlowError(
            f"The list took too long. Ask for less: {', or '.join(remedies)}."
        ) from error
