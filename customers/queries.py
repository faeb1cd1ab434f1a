"""Everything that reads customers."""

import dataclasses
import datetime
import uuid
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from customers.columns import COLUMNS, HISTORIC, KEY, NEVER_SENT, NUMBER, TEXT, TIME, Column, Kind
from traitly.db.replica import read_cursor
from traitly.db.retries import retried
from traitly.input.values import parse_time
from traitly.lists.attributes import has_attributes
from traitly.lists.definition import (
    MAX_LIMIT,
    ListDefinition,
    ListQuery,
    Range,
    Sort,
    parse_number,
    parse_text,
)
from traitly.lists.distinct import distinct_values
from traitly.lists.second_table import values_of
from traitly.lists.sql import conditions_of, equals

# The columns by which lists are sorted or filtered in customers_change, by its own name for the
# same value.
_CHANGE = {"updated_at": "changed_at"}


def _sort(each: Column) -> Sort:
    read = _READ[each.kind]
    expression = _CHANGE.get(each.name, each.order)
    return Sort(
        expression, lambda value: NEVER_SENT if value is None else read(value), each.name in _CHANGE
    )


def _range(each: Column) -> Range:
    also = f"{each.name} IS NOT NULL" if each.nullable else ""
    return Range(_CHANGE.get(each.name, each.order), _READ[each.kind], also, each.name in _CHANGE)


# How the value of a filter, or of the row where a page ends, is read.
_READ: dict[Kind, Callable[[str], Any]] = {TEXT: parse_text, TIME: parse_time, NUMBER: parse_number}

# Each sort and each filter has the index of its name (customers.models); custom attributes are
# found by customers_change_attributes.
LIST = ListDefinition(
    table="customers_customer",
    columns={each.name: each.json_sql for each in COLUMNS},
    json={each.name: each.kind.json for each in COLUMNS},
    key=KEY,
    sorts={
        each.name: _sort(each)
        for each in sorted(COLUMNS, key=lambda each: each.name != "created_at")
        if each.sorts
    },
    equal=tuple(each.name for each in COLUMNS if each.filters),
    lower_case=tuple(each.name for each in COLUMNS if each.lowered),
    ranges={each.name: _range(each) for each in COLUMNS if each.ranges},
    joined="customers_change",
    attributes="attributes",
)


_NUMBERS = ", ".join(f"'{each.name}'" for each in HISTORIC if each.kind is NUMBER)
_HISTORIC_VALUE = (
    f"CASE WHEN field IN ({_NUMBERS}) THEN to_json({{0}}::numeric) ELSE to_json({{0}}) END"
)

# A customer's changes of the columns with a history; walks the primary key.
HISTORY = ListDefinition(
    table="customers_history",
    columns={
        "field": "field",
        "before": _HISTORIC_VALUE.format("before"),
        "after": _HISTORIC_VALUE.format("after"),
        "changed_at": TIME.json_sql.format("changed_at"),
    },
    texts={"before": "before", "after": "after"},
    key="field",
    sorts={"changed_at": Sort("changed_at", parse_time)},
    equal=("field",),
    ranges={"changed_at": Range("changed_at", parse_time)},
)


@retried
def has_history(*, account_id: int, customer_id: str) -> bool:
    """Whether the account has the customer, and so a history of it, be it empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM customers_customer WHERE account_id = %s AND customer_id = %s)",
            [account_id, customer_id],
        )
        return bool(cursor.fetchone()[0])


class Changed(NamedTuple):
    """A change of a column with a history; amounts as text."""

    label: str
    before: str | None
    after: str | None
    changed_at: datetime.datetime


def newest_changes(*, account_id: int, customer_id: str, limit: int) -> list[Changed]:
    """A customer's last changes, the newest first."""
    labels = {each.name: each.label for each in HISTORIC}
    with read_cursor() as cursor:
        cursor.execute(
            """
            SELECT field, before, after, changed_at FROM customers_history
            WHERE account_id = %s AND customer_id = %s ORDER BY changed_at DESC, field DESC LIMIT %s
            """,
            [account_id, customer_id, limit],
        )
        return [Changed(labels[field], *rest) for field, *rest in cursor.fetchall()]


_EXPORTED = {"customer_id": "customer_id", **HISTORY.columns}
HISTORY_COLUMNS = list(_EXPORTED)  # of an export


def all_history(*, account_id: int, cells: bool = False) -> Iterator[list[Any]]:
    """Every change of every customer, in pages: each the JSON text of a row, or its cells as text."""
    exported = dataclasses.replace(HISTORY, columns=_EXPORTED)
    after: tuple[Any, ...] = ("", "-infinity", "")
    while True:
        with read_cursor() as cursor:
            cursor.execute(
                f"""
                SELECT customer_id, changed_at::text, field, {exported.cells if cells else exported.json_sql}
                FROM customers_history
                WHERE account_id = %s AND (customer_id, changed_at, field) > (%s, %s::timestamptz, %s)
                ORDER BY customer_id, changed_at, field LIMIT {MAX_LIMIT}
                """,
                [account_id, *after],
            )
            rows = cursor.fetchall()
        if rows:
            yield [row for *_, row in rows]
        if len(rows) < MAX_LIMIT:
            return
        after = rows[-1][:3]


@retried
def get_customer(*, account_id: int, customer_id: str) -> bytes | None:
    """The JSON text of the customer's answer, None if the account has no such customer.

    An alias (customers.aliases) is answered with the customer whose it is, if that has been stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {LIST.json_sql} FROM customers_customer WHERE account_id = %(account_id)s AND customer_id = ANY(ARRAY[
                (SELECT root_id FROM customers_alias WHERE account_id = %(account_id)s AND previous_id = %(path)s),
                %(path)s
            ]) ORDER BY customer_id = %(path)s LIMIT 1
            """,
            {"account_id": account_id, "path": customer_id},
        )
        row = cursor.fetchone()
    return row[0].encode() if row else None


def count_customers(*, account_id: int, most: int) -> int:
    """How many customers the account has; ``most`` if it has more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM customers_customer WHERE account_id = %s LIMIT %s) AS found",
            [account_id, most],
        )
        count: int = cursor.fetchone()[0]
    return count


def stored_ids(*, account_id: int, customer_ids: Iterable[str]) -> set[str]:
    """Those of the customer_ids that the account has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id FROM customers_customer WHERE account_id = %s AND customer_id = ANY(%s)",
            [account_id, list(customer_ids)],
        )
        return {customer_id for (customer_id,) in cursor.fetchall()}


def change_times(*, account_id: int, customer_ids: Iterable[str]) -> dict[str, datetime.datetime]:
    """When each of these customers changed last; those that the account has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, updated_at FROM customers_customer WHERE account_id = %s AND customer_id = ANY(%s)",
            [account_id, list(customer_ids)],
        )
        return dict(cursor.fetchall())


# What is typed begins the customer_id, the email, the name, the name's last word or the email's
# domain, or is the organisation_id: in this order, each by its index (customers_customer_id_unique,
# customers_by_email, ..._name, ..._lower_last_word, ..._email_domain, ..._organisation_id). Written
# as ranges: LIKE with a parameter would find no index, and upper and lower case are one except in
# ids.
_LOWERED = (
    "lower(email)",
    "lower(name)",
    "lower(substring(name, '[^ ]+$'))",
    "lower(substring(email, '[^@]+$'))",
)


def _searches(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """SQL of what the text may find, its order, and its parameters."""
    yield "customer_id >= %s AND customer_id < %s", "customer_id", [text, _after(text)]
    lower = text.lower().removeprefix("@") or text
    for expression in _LOWERED:
        column = f'{expression} COLLATE "C"'
        yield f"{column} >= %s AND {column} < %s", column, [lower, _after(lower)]
    yield "organisation_id = %s", "created_at, customer_id", [text]


def search_customers(*, account_id: int, text: str, asked: ListQuery) -> list[bytes]:
    """The first customers that the text finds, best first, each as the JSON text of its row.

    They have the filters of ``asked``, and are at most its ``limit``.
    """
    conditions, _ = conditions_of(dataclasses.replace(asked, sort="", after=None), account_id)
    conditions += [
        equals(column, column in LIST.lower_case, values) for column, values in asked.equal.items()
    ]
    if asked.attributes:
        conditions.append(has_attributes(asked.attributes))
    where = " AND ".join(sql for sql, _ in conditions)
    source = dataclasses.replace(asked, sort="").source
    found: dict[Any, bytes] = {}
    with read_cursor() as cursor:
        for condition, order, values in _searches(text):
            cursor.execute(
                f"SELECT id, {LIST.json_sql} FROM {source} WHERE {where} AND {condition}"
                f" ORDER BY {order} LIMIT {asked.limit:d}",
                [*values_of(conditions), *values],
            )
            for row_id, row_json in cursor.fetchall():
                found.setdefault(row_id, row_json.encode())
            if len(found) >= asked.limit:
                break
    return list(found.values())[: asked.limit]


def find_customers(*, account_ids: list[int], text: str, limit: int) -> list[tuple[int, uuid.UUID]]:
    """The customers of these accounts whose customer_id or email address is just this: their accounts' ids and their own.

    Steps into customers_customer_id_unique and customers_by_email for each account.
    """
    found = (
        "(SELECT id FROM customers_customer WHERE account_id = account.id AND {} LIMIT %(limit)s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT account.id, found.id FROM unnest(%(accounts)s::bigint[]) AS account (id), LATERAL (
                {found.format("customer_id = %(text)s")} UNION ALL
                {found.format('lower(email) COLLATE "C" = %(lower)s')}
            ) AS found LIMIT %(limit)s
            """,
            {"accounts": account_ids, "text": text, "lower": text.lower(), "limit": limit},
        )
        rows: list[tuple[int, uuid.UUID]] = cursor.fetchall()
    return rows


def _after(prefix: str) -> str:
    """The end of the range of texts that begin so, byte by byte: UTF-8 keeps the order of code points."""
    return prefix + "\U0010ffff"


def plans(*, account_id: int, limit: int) -> list[str]:
    """The account's plans in order. Jumps from plan to plan in customers_by_plan, however many customers each has."""
    return distinct_values("customers_customer", "plan", {"account_id": account_id}, limit)


class PlanSum(NamedTuple):
    """A plan's customers and what they pay a month."""

    plan: str
    customers: int
    payments: Decimal


def payments_by_plan(*, account_id: int, limit: int) -> tuple[list[PlanSum], PlanSum]:
    """The ``limit`` plans that bring most, and the sum of all. Reads every customer of the account."""
    with read_cursor() as cursor:
        cursor.execute(
            """
            WITH sums AS (
                SELECT plan, count(*) AS customers, trim_scale(coalesce(sum(monthly_payment_amount), 0)) AS payments
                FROM customers_customer WHERE account_id = %(account_id)s GROUP BY plan
            )
            (SELECT plan, customers, payments FROM sums ORDER BY payments DESC, customers DESC, plan LIMIT %(limit)s)
            UNION ALL SELECT NULL, coalesce(sum(customers), 0)::bigint, trim_scale(coalesce(sum(payments), 0)) FROM sums
            """,
            {"account_id": account_id, "limit": limit},
        )
        rows = [PlanSum(*row) for row in cursor.fetchall()]
    return [row for row in rows if row.plan is not None], next(
        row for row in rows if row.plan is None
    )


def new_customers(
    *, account_id: int, since: datetime.datetime, until: datetime.datetime
) -> dict[datetime.date, int]:
    """How many customers were created on each day (UTC) from ``since`` to ``until``; walks customers_by_created_at."""
    with read_cursor() as cursor:
        cursor.execute(
            """
            SELECT (created_at AT TIME ZONE 'UTC')::date, count(*) FROM customers_customer
            WHERE account_id = %s AND created_at >= %s AND created_at < %s GROUP BY 1
            """,
            [account_id, since, until],
        )
        return dict(cursor.fetchall())
