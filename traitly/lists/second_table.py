"""Lists that a second table orders or filters, as customers_change does for customers."""

from collections.abc import Sequence
from typing import Any

from traitly.lists.definition import Condition, ListQuery

# bigint: with any other type, customers_change_attributes would return the rows of all accounts.
ACCOUNT = "account_id = %s::bigint"


def walked_in_second(
    query: ListQuery, what: str, conditions: list[Condition], order_by: str, limit: int
) -> Condition:
    """The statement of a list that the second table has in order, and all that it is narrowed by: a page of it first."""
    joined = query.definition.joined
    where = " AND ".join(sql for sql, _ in conditions)
    walked = f"SELECT * FROM {joined} WHERE {where} {order_by} LIMIT {limit:d}"
    order = ", ".join(
        f"walked.{column}" for column in order_by.removeprefix("ORDER BY ").split(", ")
    )
    account: Any = conditions[0][1]
    return f"{looked_up(query, what, walked)} ORDER BY {order}", [*values_of(conditions), *account]


def looked_up(query: ListQuery, what: str, walked: str) -> str:
    """SQL: the row of the first table for each row of the second that ``walked`` gives. It has the account once more.

    OFFSET 0 keeps the planner from reading the whole account to join a few rows.
    """
    definition = query.definition
    if what == "*" and query.by_joined:
        what = f"*, walked.{definition.sorts[query.sort.lstrip('-')].expression}"
    return (
        f"SELECT found.* FROM ({walked}) AS walked, LATERAL (SELECT {what} FROM {definition.table} "
        f"WHERE {ACCOUNT} AND {definition.key} = walked.{definition.key} OFFSET 0) AS found"
    )


def values_of(conditions: Sequence[Condition]) -> list[Any]:
    """The parameters of the conditions, in order."""
    return [value for _, values in conditions for value in values]
