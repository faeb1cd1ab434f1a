"""The SQL of lists: conditions, orders, one scan for each combination of values."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

from traitly.lists.definition import Condition, ListQuery
from traitly.lists.second_table import ACCOUNT, values_of, walked_in_second

_MAX_BRANCHES = 100  # with more combinations of repeated parameters, one scan and a sort are used


def order_of(query: ListQuery) -> list[str]:
    """The SQL expressions by which a list is ordered."""
    expression, key = (
        query.definition.sorts[query.sort.lstrip("-")].expression,
        query.definition.key,
    )
    return [expression] if expression == key else [expression, key]


def conditions_of(query: ListQuery, account_id: int) -> tuple[list[Condition], str]:
    """The conditions other than equal values and attributes, and ORDER BY."""
    order = order_of(query)
    direction, comparison = ("DESC", "<") if query.sort.startswith("-") else ("ASC", ">")
    conditions: list[Condition] = [(ACCOUNT, [account_id]), *query.conditions, *query.joined]
    if query.after:
        # The page's position implies one end of the range. Given both, PostgreSQL may start at the
        # range's end, and a page costs everything before it (1,794 buffers instead of 17 at row
        # 160,000).
        implied = {f"{order[0]} {operator} %s" for operator in (comparison, f"{comparison}=")}
        conditions = [condition for condition in conditions if condition[0] not in implied]
        row = f"({', '.join(order)}) {comparison} ({', '.join(['%s'] * len(order))})"
        conditions.append((row, query.after[-len(order) :]))
    return conditions, f"ORDER BY {', '.join(f'{column} {direction}' for column in order)}"


def merged(
    query: ListQuery,
    what: str,
    equal: Mapping[str, list[str]],
    conditions: list[Condition],
    order_by: str,
    limit: int,
) -> Condition:
    """The statement of a list: for repeated parameters a scan for each combination of values, merged.

    Each walks its index in order and stops at the page's end, where one scan for any of the values
    would read and sort all that match. Every scan has a plan of its own: an index may suit one
    value and not another.
    """
    if query.by_joined and not equal and not query.conditions:
        return walked_in_second(query, what, conditions, order_by, limit)
    scans = []
    parameters: list[Any] = []
    for branch in _branches(equal, query.definition.lower_case):
        where = " AND ".join(sql for sql, _ in [*conditions, *branch])
        parameters += values_of([*conditions, *branch])
        scans.append(f"FROM {query.source} WHERE {where} {order_by} LIMIT {limit:d}")
    statement = f"SELECT {what} {scans[0]}"
    if len(scans) > 1:
        union = " UNION ALL ".join(f"(SELECT * {scan})" for scan in scans)
        statement = f"SELECT {what} FROM ({union}) AS found {order_by} LIMIT {limit:d}"
    return statement, parameters


def _branches(equal: Mapping[str, list[str]], lower_case: tuple[str, ...]) -> list[list[Condition]]:
    """The conditions of each combination of values, or of all together if there are too many."""
    if math.prod(map(len, equal.values())) > _MAX_BRANCHES:
        return [[equals(column, column in lower_case, values) for column, values in equal.items()]]
    return [
        [
            equals(column, column in lower_case, [value])
            for column, value in zip(equal, values, strict=True)
        ]
        for values in itertools.product(*equal.values())
    ]


def equals(column: str, lower_case: bool, values: list[str]) -> Condition:
    """That a column has one of the values; by its lower case first, where that is what the index holds."""
    sql, parameters = (
        (f"{column} = %s", values[0]) if len(values) == 1 else (f"{column} = ANY(%s)", values)
    )
    if not lower_case:
        return sql, [parameters]
    lower = (
        "lower(%s)"
        if len(values) == 1
        else "ANY(ARRAY(SELECT lower(value) FROM unnest(%s::text[]) AS value))"
    )
    return f'lower({column}) COLLATE "C" = {lower} AND {sql}', [parameters, parameters]
