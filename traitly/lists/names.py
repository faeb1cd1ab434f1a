"""Lists that step through the names of a customer's events, in one index for all of a customer's lists."""

import dataclasses
import itertools
import math
from collections.abc import Mapping

from traitly.db.retries import retried
from traitly.lists.definition import Condition, ListDefinition, ListQuery
from traitly.lists.distinct import distinct_values
from traitly.lists.second_table import ACCOUNT, values_of
from traitly.lists.sql import equals

# Keys read from the index for each combination of values, in addition to twice its share of a page
_SPARE_KEYS = 4
# With more names (25 ms a page) all keys of the customer are read and sorted: 0.25 s for half a
# million.
_MAX_NAMES = 1000


@retried
def with_all_names(query: ListQuery, account_id: int) -> ListQuery:
    """The list with all values of the last stepped column, if no filter names them and they are not too many."""
    stepped_columns = query.definition.stepped_columns
    if not stepped_columns or stepped_columns[-1] in query.equal:
        return query
    # Such a list is for the customer in its URL, under one id or several.
    found: set[str] = set()
    for values in itertools.product(*query.equal.values()):
        narrowed = {"account_id": account_id} | dict(zip(query.equal, values, strict=True))
        found.update(
            distinct_values(query.definition.table, stepped_columns[-1], narrowed, _MAX_NAMES + 1)
        )
        if len(found) * math.prod(map(len, query.equal.values())) > _MAX_NAMES:
            return query
    return dataclasses.replace(query, equal=query.equal | {stepped_columns[-1]: sorted(found)})


def stepped(
    definition: ListDefinition,
    what: str,
    equal: Mapping[str, list[str]],
    conditions: list[Condition],
    order_by: str,
    limit: int,
) -> Condition:
    """The statement of a list whose stepped columns have several values: walks the index for each combination of them.

    First some keys of each, from the index alone. The page ends at the ``limit``-th of these or
    before, and only combinations that have a key there have rows in it: of those the rows are read,
    up to there. So a page costs what its rows do and a step for each combination. (Merging them
    reads no row in vain, but plans each for itself: with 90 names that takes longer than all of
    this.)
    """
    columns = ", ".join(equal)
    wanted = ", ".join(f"unnest(%s::text[]) AS {column}" for column in equal)
    where = " AND ".join(
        [sql for sql, _ in conditions] + [f"{column} = wanted.{column}" for column in equal]
    )
    scan = f"FROM {definition.table} WHERE {where}"
    each = 2 * limit // math.prod(map(len, equal.values())) + _SPARE_KEYS
    up_to, never = ("<=", "infinity") if "ASC" in order_by else (">=", "-infinity")
    # Hide the limit from the planner: it assumes a combination is rare, and would rather read and
    # sort all of it.
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
    """
    given = values_of(conditions)
    return statement, [*equal.values(), *given, each, *given]


def sorted_keys(
    definition: ListDefinition,
    what: str,
    equal: Mapping[str, list[str]],
    conditions: list[Condition],
    order_by: str,
    limit: int,
) -> Condition:
    """The statement of a list of more names than are stepped through: all keys from the index alone, and a page's rows.

    So it costs what the customer has events, and not a step for each of half a million names.
    """
    conditions = [
        *conditions,
        *(equals(column, lower_case=False, values=values) for column, values in equal.items()),
    ]
    where = " AND ".join(sql for sql, _ in conditions)
    statement = f"""
        WITH near AS MATERIALIZED (
            SELECT {definition.key}, created_at FROM {definition.table} WHERE {where} {order_by} LIMIT {limit:d}
        )
        SELECT {what} FROM (
            SELECT found.* FROM near, LATERAL (
                SELECT * FROM {definition.table} WHERE {ACCOUNT} AND {definition.key} = near.{definition.key} OFFSET 0
            ) AS found
        ) AS found {order_by}
    """
    account = conditions[0][1]
    return statement, [*values_of(conditions), *account]
