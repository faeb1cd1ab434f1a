"""Queries that are made to take long: bounded by what may be asked, by their form, and by the statement's time-out."""

import time
from typing import Any

import pytest
from django.db import connection

from tests.factories import a_customer, an_event

CUSTOMERS = 2250


@pytest.fixture
def large_customers(acme):
    """As many as fill the largest page twice, each with 60 KB of attributes, one of which tells it from all others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL statement_timeout = '60s'"
        )  # to make them is slow, on Citus above all
        cursor.execute(
            """
            INSERT INTO customers_customer
                (account_id, id, customer_id, name, email, plan, created_at, updated_at, custom_attributes)
            SELECT %s, gen_random_uuid(), i::text, 'A', 'a@example.com', 'Starter', to_timestamp(i), to_timestamp(i),
                jsonb_build_object('a', i, 'b', i %% 10, 'text', repeat('x', 60000))
            FROM generate_series(1, %s) AS i
            """,
            [acme.id, CUSTOMERS],
        )
        cursor.execute("SET LOCAL statement_timeout = '20s'")


@pytest.fixture
def took():
    begin = time.monotonic()
    return lambda: time.monotonic() - begin


@pytest.mark.usefixtures("large_customers")
@pytest.mark.parametrize("limit", [100, 1000])
def test_many_values_of_an_attribute_are_one_condition(api, limit, took):
    """330 values took 62 s: each was asked of each row, and each time the row's attributes were unpacked."""
    wanted = range(
        CUSTOMERS - 99, CUSTOMERS + 1
    )  # the last: the walk in the list's order finds none of them

    response = api.get("customer", {"custom_attributes[a]": list(wanted), "limit": limit})

    assert [row["customer_id"] for row in response.data] == [str(i) for i in wanted]
    assert took() < 10


@pytest.mark.usefixtures("large_customers")
def test_many_values_of_many_attributes(api, took):
    query: dict[str, list[Any]] = {
        "custom_attributes[a]": list(range(CUSTOMERS - 99, CUSTOMERS + 1)),
        "custom_attributes[b]": list(range(100)),
        "custom_attributes[text]": [*map(str, range(99)), "x" * 60_000],
    }
    nobody_has = {f"custom_attributes[{i}]": list(range(10)) for i in range(7)}

    assert len(api.get("customer", query).data) == 100
    assert api.get("customer", query | nobody_has).data == []
    assert took() < 20


def test_more_values_of_a_parameter_than_are_taken(api):
    for address, name in (
        ("customer", "custom_attributes[a]"),
        ("customer", "plan"),
        ("customer", "created_at[gte]"),
        ("customer/1/event", "name"),
    ):
        api.post("event", an_event("1"))
        assert api.get(address, {name: list(range(100))}).status == 200
        response = api.get(address, {name: list(range(101))})
        assert (response.status, response.errors) == (400, [("too_many_values", name)])


def test_more_attributes_than_are_taken(api):
    query = {f"custom_attributes[{i:02}]": "x" for i in range(10)}
    assert api.get("customer", query).status == 200

    response = api.get("customer", query | {"custom_attributes[10]": "x"})

    assert (response.status, response.errors) == (
        400,
        [("too_many_filters", "custom_attributes[10]")],
    )


def test_equal_numbers_are_one_value(api):
    """Each is looked for by itself: the customer must not be found twice."""
    api.post("customer", a_customer("1", custom_attributes={"a": 1}))
    query = [("custom_attributes[a]", text) for text in ("1", "1.0", "1e0", "01", "1", "+1")]

    assert [row["customer_id"] for row in api.get("customer", query).data] == ["1"]


@pytest.mark.parametrize("value", ["1e4000", "1e-4000", "1e9999"])
def test_a_number_that_is_longer_than_it_is_written_is_a_text(api, value):
    api.post(
        "customer",
        [
            a_customer("1", custom_attributes={"a": value}),
            a_customer("2", custom_attributes={"a": 1}),
        ],
    )

    response = api.get("customer", {"custom_attributes[a]": value})

    assert [row["customer_id"] for row in response.data] == ["1"]


@pytest.fixture
def _slow_database(monkeypatch):
    """Each part of a list is a statement that PostgreSQL cancels."""

    def select(*_args):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)")

    monkeypatch.setattr("traitly.lists.pages._select", select)


@pytest.mark.usefixtures("_slow_database")
@pytest.mark.parametrize(
    ("query", "remedies"),
    [
        ({"plan": ["a", "b"]}, ["fewer values of plan"]),
        (
            {"custom_attributes[a]": ["1", "2"], "limit": 7},
            ["fewer values of custom_attributes[a]", "of created_at"],
        ),
        ({"custom_attributes[a]": "x", "custom_attributes[b]": "x"}, ["fewer custom_attributes"]),
        (
            {"sort": "-updated_at", "limit": 1000},
            ["the order of created_at", "a limit of less than 1000"],
        ),
    ],
)
def test_a_list_that_takes_too_long_says_what_to_narrow(api, query, remedies):
    response = api.get("customer", query)

    assert (response.status, response.errors) == (400, [("too_slow", None)])
    for remedy in remedies:
        assert remedy in response.details


@pytest.mark.usefixtures("_slow_database")
def test_a_list_that_cannot_be_narrowed_is_503(api):
    """It is the database that is slow."""
    response = api.get("customer")

    assert (response.status, response.errors) == (503, [("service_unavailable", None)])
    assert int(response.headers["Retry-After"]) >= 1


def test_a_write_that_takes_too_long_is_503(api, monkeypatch):
    def store(**_):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)")

    monkeypatch.setattr("events.views.store_events", store)

    response = api.post("event", an_event())

    assert (response.status, response.errors) == (503, [("service_unavailable", None)])
    assert "in smaller parts" in response.details


def test_a_timeline_of_more_names_than_are_stepped_through(api, monkeypatch):
    monkeypatch.setattr("traitly.lists.names._MAX_NAMES", 2)
    api.post(
        "event",
        [an_event("1", name=f"{i % 5}", id=f"{i:02}", created_at=i // 2) for i in range(20)],
    )
    api.post(
        "event",
        [an_event("2", name=f"{i % 5}", id=f"x{i:02}", created_at=i // 2) for i in range(20)],
    )
    ids = [f"{i:02}" for i in range(20)]

    for query, expected in (
        ({}, ids),
        ({"sort": "-created_at"}, ids[::-1]),
        ({"created_at[gte]": 2, "created_at[lt]": 5}, ids[4:10]),
        ({"name": ["1", "3"]}, [row_id for row_id in ids if int(row_id) % 5 in {1, 3}]),
    ):
        seen, cursor = [], None
        while cursor != "":
            response = api.get(
                "customer/1/event", query | {"limit": 3} | ({"cursor": cursor} if cursor else {})
            )
            seen += [row["id"] for row in response.data]
            cursor = response.json["metadata"].get("next_cursor", "")
        assert seen == expected
        streamed = api.get("customer/1/event", query, headers={"Accept": "application/x-ndjson"})
        assert [row["id"] for row in streamed.lines] == expected


def test_a_timeline_of_a_hundred_thousand_names(api, acme, within):
    """Half a million took 4 to 25 s: three steps in the index for each name."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_event
                (account_id, id, customer_id, name, created_at, received_at, custom_attributes)
            SELECT %s, i::text, '1', i::text, to_timestamp(i), now(), '{}' FROM generate_series(1, 100000) AS i
            """,
            [acme.id],
        )

    with within(seconds=2):
        response = api.get("customer/1/event", {"sort": "-created_at", "limit": 2})

    assert [row["id"] for row in response.data] == ["100000", "99999"]
