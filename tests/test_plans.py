"""What PostgreSQL does for each documented query, on accounts of several sizes; ``benchmarks.plans`` has the large set."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from benchmarks import plans
from benchmarks.plans import Case, Explained
from customers.queries import LIST
from events.queries import LIST as EVENTS
from tests.cluster import PLAIN_ONLY
from traitly.db.prepared import Prepared
from traitly.lists import attributes
from traitly.lists.definition import ListQuery

pytestmark = [
    pytest.mark.django_db,
    PLAIN_ONLY,
]  # makes the database, though the rows are the fixture's

SORTS = ("created_at", "-created_at")


@pytest.fixture(scope="module")
def found(django_db_setup, django_db_blocker):
    """Every documented query of the largest account and of a small one, with the plan that it ran by."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        with transaction.atomic():
            made = plans.fill(accounts=40, customers=20_000, events=60_000)
            # As autovacuum does; entries that still wait for it make every other index look
            # cheaper.
            cursor.execute("SELECT gin_clean_pending_list('customers_change_attributes')")
            cursor.execute("ANALYZE customers_customer, customers_change, events_event")
            everything = "created_at[gte]=0&created_at[lt]=99999999999&sort={}"
            ranged = [
                Case(query.format(sort), LIST)
                for query in ("sort={}", everything)
                for sort in SORTS
            ]
            explained = {
                "ranged": [list(plans.explain(case, made[0]))[-1] for case in ranged],
                "generic": list(_generic_plans(made[0])),
            } | {
                size: [
                    each for case in plans.cases(account) for each in plans.explain(case, account)
                ]
                for size, account in (("largest", made[0]), ("small", made[20]))
            }
            transaction.set_rollback(True)
        cursor.execute(
            "VACUUM customers_customer, customers_change, events_event"
        )  # other tests find the tables empty and small
    return explained


def _generic_plans(account_id: int) -> Iterator[str]:
    """The plans of a customer's events of a name and of two that PostgreSQL keeps for all customers and names."""
    afters: tuple[list[Any] | None, ...] = (None, [datetime.now(UTC), "x"])
    for names, sort, after in itertools.product(
        (["Event 0"], ["Event 0", "Event 1"]), SORTS, afters
    ):
        asked = ListQuery(
            EVENTS, {"customer_id": ["customer-0"], "name": names}, sort=sort, after=after
        )
        ((statement, parameters),) = plans.statements(asked, account_id)
        prepared = Prepared(statement)
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL plan_cache_mode = force_generic_plan; {prepared._prepare}")
            cursor.execute(f"EXPLAIN {prepared._execute}", parameters)
            yield "\n".join(line for (line,) in cursor.fetchall())
            cursor.execute("SET LOCAL plan_cache_mode = auto; DEALLOCATE ALL")


def test_a_prepared_list_walks_its_index_whatever_the_values(found: dict[str, list[str]]) -> None:
    one_name, two_names = found["generic"][:4], found["generic"][4:]
    assert len(two_names) == 4
    for plan in one_name:
        assert plan.count("using events_by_customer_name") == 1
        assert "Sort" not in plan
    for plan in two_names:
        assert plan.count("using events_by_customer_name") == 2
        assert "Bitmap" not in plan


@pytest.mark.parametrize("size", ["largest", "small"])
def test_an_index_gives_each_list_in_order(found: dict[str, list[Explained]], size: str) -> None:
    served = [each for each in found[size] if each.case.served]
    assert len(served) > 40
    assert [
        (each.case.address, each.where, each.problems, each.plan)
        for each in served
        if each.problems
    ] == []


def test_no_query_reads_another_accounts_rows(found: dict[str, list[Explained]]) -> None:
    read = {each.case.address: each.read for each in found["small"]}
    assert {address: rows for address, rows in read.items() if rows > 600} == {}


@pytest.mark.parametrize("size", ["largest", "small"])
@pytest.mark.parametrize(
    "attribute", ["tier]=tier-9", "beta]=true", "logins]=", "none]=none", "signup]=new form"]
)
def test_a_rare_attribute_is_found_without_those_of_other_accounts_or_a_long_walk(
    found: dict[str, list[Explained]], size: str, attribute: str
) -> None:
    rare = [
        each for each in found[size] if each.case.query.startswith(f"custom_attributes[{attribute}")
    ]
    assert len(rare) >= 2
    walked = attributes._WALKS[0] * (plans.PAGE + 1)
    # Each is an entry of the index, and a row.
    assert [each.read for each in rare if each.read > 2 * each.of + walked] == []


def test_a_frequent_attribute_is_found_on_the_way(found: dict[str, list[Explained]]) -> None:
    frequent = [
        each
        for each in found["largest"]
        if each.case.query.startswith("custom_attributes[role]=manager&sort")
    ]
    assert {each.where for each in frequent} == {"first", "deep"}
    walked = attributes._WALKS[0] * (plans.PAGE + 1)  # by updated_at in two tables
    assert [
        each.plan for each in frequent if each.read > 2 * walked or each.most_sorted > walked
    ] == []


def test_a_page_costs_no_more_the_deeper_it_lies(found: dict[str, list[Explained]]) -> None:
    buffers = {
        (each.case.address, each.where): each.buffers
        for each in found["largest"]
        if each.case.served
    }
    deep = {address: count for (address, where), count in buffers.items() if where == "deep"}
    assert len(deep) > 20
    # Rows that were stored together lie on fewer pages of the table: never more than one for each
    # row.
    dearer = {
        address: count
        for address, count in deep.items()
        if count > buffers[address, "first"] + plans.PAGE
    }
    assert dearer == {}


def test_a_deep_page_in_a_range_does_not_begin_at_the_ranges_end(
    found: dict[str, list[Explained]],
) -> None:
    *without, ascending, descending = [each.buffers for each in found["ranged"]]
    assert {each.where for each in found["ranged"]} == {"deep"}
    assert ascending <= without[0] + 5
    assert descending <= without[1] + 5
