"""Lists filtered by custom attributes, which only customers have."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson

from traitly.db.replica import read_cursor
from traitly.lists.definition import Condition, ListQuery
from traitly.lists.second_table import ACCOUNT, looked_up, values_of
from traitly.lists.sql import conditions_of, equals, merged, order_of

_WALKS = (2, 50)  # rows scanned per row of a page before the attribute index is used
_MAX_DOCUMENTS = 1000  # looked up in that index
# If there are more, this many rows are scanned first: for accounts of this size the planner may
# scan all rows for each document.
_FEW_DOCUMENTS, _LONG_WALK = 4, 20_000


def select_by_attributes(
    query: ListQuery, what: str, equal: Mapping[str, list[str]], account_id: int, limit: int
) -> list[tuple[Any, ...]]:
    """The rows that have the attributes. No index has them in order, and their number is unknown.

    Looks through the list in order, which finds what is frequent. Where the first rows have too few
    of them, or the next ones, all that follow are found by their index and sorted, which is quick
    for what is rare. (The planner takes rows that have them to lie evenly, and may walk through all
    others first.)
    """
    condition, wanted = has_attributes(query.attributes)
    documents, others = _documents(query.attributes)
    many = len(documents) > _FEW_DOCUMENTS
    found: list[tuple[Any, ...]] = []
    with read_cursor() as cursor:
        for walk in (_WALKS[0] * limit, _LONG_WALK if many else _WALKS[1] * limit):
            conditions, order_by = conditions_of(query, account_id)
            statement, parameters = merged(query, "*", equal, conditions, order_by, walk)
            cursor.execute(
                f"SELECT {what}, matches, place, {', '.join(order_of(query))} FROM ("
                f"SELECT *, {condition} AS matches, row_number() OVER ({order_by}) AS place "
                f"FROM ({statement}) AS walked) AS walked "
                f"WHERE matches OR place = {walk:d} {order_by} LIMIT {limit - len(found):d}",
                [*wanted, *parameters],
            )
            rows = cursor.fetchall()
            found += [(row_json,) for row_json, matches, *_ in rows if matches]
            if len(found) == limit or not rows or rows[-1][2] < walk:
                return found
            query = dataclasses.replace(query, after=list(rows[-1][3:]))
            if not many and len(found) * _WALKS[1] < walk:
                break
        statement, parameters = _found_by_attributes(
            query, what, equal, account_id, documents, others
        )
        cursor.execute(f"{statement} LIMIT {limit - len(found):d}", parameters)
        found += cursor.fetchall()
    return found


def _found_by_attributes(
    query: ListQuery,
    what: str,
    equal: Mapping[str, list[str]],
    account_id: int,
    documents: list[str],
    others: Mapping[str, list[str]],
) -> Condition:
    """The statement for the rows, in order, that contain one of the documents and have the other attributes.

    It looks into the index of attributes once for each document: an OR of them all would be asked
    again of each row that is found, and each of its parts would unpack the row's attributes anew
    (62 s for 330 values and 2,250 customers of 60 KB). OFFSET 0: planned for all rows, for which
    walking in their order has no advantage.
    """
    definition = query.definition
    inner: list[Condition] = [(ACCOUNT, [account_id]), *query.joined]
    walked = (
        "SELECT walked.* FROM (SELECT DISTINCT document FROM unnest(%s::jsonb[]) AS document) AS wanted, LATERAL ("
        f"SELECT * FROM {definition.joined} WHERE {' AND '.join(sql for sql, _ in inner)} "
        f"AND {definition.attributes} @> wanted.document OFFSET 0) AS walked"
    )
    conditions, order_by = conditions_of(dataclasses.replace(query, joined=[]), account_id)
    conditions += [
        equals(column, column in definition.lower_case, values) for column, values in equal.items()
    ]
    if others:
        conditions.append(has_attributes(others))
    where = " AND ".join(sql for sql, _ in conditions)
    found = f"SELECT {what} FROM ({looked_up(query, '*', walked)} OFFSET 0) AS found"
    return f"{found} WHERE {where} {order_by}", [
        documents,
        *values_of(inner),
        account_id,
        *values_of(conditions),
    ]


def has_attributes(attributes: Mapping[str, list[str]]) -> Condition:
    """The condition that each attribute has one of its values; a row's attributes are unpacked once per attribute."""
    sql = " AND ".join(["custom_attributes -> %s::text = ANY(%s::jsonb[])"] * len(attributes))
    return sql, [parameter for pair in attributes.items() for parameter in pair]


def _documents(attributes: Mapping[str, list[str]]) -> tuple[list[str], dict[str, list[str]]]:
    """JSON objects of which a row contains at most one, and the attributes that they do not cover.

    Each combines values of several attributes, which the index finds together, but more than
    ``_MAX_DOCUMENTS`` would be slower than a second look at what the others find.
    """
    documents, others = [""], {}
    for key, values in sorted(attributes.items(), key=lambda pair: len(pair[1])):
        if len(documents) * len(values) > _MAX_DOCUMENTS:
            others[key] = values
            continue
        name = orjson.dumps(key).decode()
        documents = [f"{document}, {name}: {value}" for document in documents for value in values]
    return [f"{{{document[2:]}}}" for document in documents], others
