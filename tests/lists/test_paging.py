"""Paging through lists while others insert and delete: no row that was there throughout is missed or repeated."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.client import Api
from tests.factories import AccountFactory, a_customer, an_event, make_key
from traitly.lists import attributes as by_attributes
from traitly.lists import names

pytestmark = pytest.mark.django_db

Row = dict[str, Any]

# Few values, so that many rows have the same.
ids = st.text("aB0é😀. %", min_size=1, max_size=3).filter(lambda text: text.strip(" ."))
times = st.sampled_from(["0", "1", "1.000001", "1.1", "1.5", "2", "1493933699.123456"])
attributes = st.sampled_from([{}, {"role": "manager"}, {"role": "cashier"}])
customers = st.fixed_dictionaries(
    {
        "customer_id": ids,
        "plan": st.sampled_from(["Starter", "Atom", "Team"]),
        "created_at": times,
        "monthly_payment_amount": st.sampled_from([None, 0, 0.0001, 1, 99.5, 999999999999.9999]),
        "location": st.sampled_from([None, "Berlin"]),
        "custom_attributes": attributes,
    }
).map(lambda fields: a_customer(**fields))
events = st.fixed_dictionaries(
    {
        "id": ids,
        "customer_id": st.sampled_from(["1", "2"]),
        "name": st.sampled_from("wxyz"),
        "created_at": times,
    }
).map(lambda fields: an_event(**fields))


class World:
    """An account's rows of one kind: as the API has them, and as this test knows them."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind, self.key = kind, key
        self.api = Api(make_key(AccountFactory.create()).key)
        self.rows: dict[str, Row] = {}
        self.used: set[str] = set()  # an id is never used again: what is deleted does not come back

    def insert(self, rows: Iterable[Row]) -> None:
        fresh = {row[self.key]: row for row in rows if row[self.key] not in self.used}
        if fresh:
            assert self.api.post(self.kind, list(fresh.values())).status == 201
        self.rows |= fresh
        self.used |= fresh.keys()

    def delete(self, row_id: str) -> None:
        assert self.api.delete(f"{self.kind}/{quote(row_id, safe='')}").status == 200
        del self.rows[row_id]

    def matching(self, matches: Callable[[Row], bool]) -> set[str]:
        return {row_id for row_id, row in self.rows.items() if matches(row)}

    def walk(
        self,
        data: st.DataObject,
        address: str,
        query: Row,
        new_rows: Any,
        matches: Callable[[Row], bool],
    ) -> list[Row]:
        """Page to the end, others inserting and deleting after each page. Gives the rows in the order of the list."""
        throughout = self.matching(matches)
        seen: list[Row] = []
        cursor: Row = {}
        while True:
            limit = data.draw(st.integers(1, 5), label="limit")
            response = self.api.get(address, query | cursor | {"limit": limit})
            assert response.status == 200, response
            assert len(response.data) <= limit
            seen += response.data
            if "next_cursor" not in response.json["metadata"]:
                break
            assert len(response.data) == limit
            cursor = {"cursor": response.json["metadata"]["next_cursor"]}
            self.insert(data.draw(st.lists(new_rows, max_size=3), label="insert"))
            for row_id in data.draw(
                st.lists(st.sampled_from(sorted(self.rows)), max_size=2, unique=True),
                label="delete",
            ):
                if len(self.rows) > 1:
                    self.delete(row_id)
                    throughout.discard(row_id)
        seen_ids = [row[self.key] for row in seen]
        assert len(set(seen_ids)) == len(seen_ids), "a row came twice"
        assert throughout <= set(seen_ids), "a row was missed"
        assert set(seen_ids) <= self.used
        return seen


def by_time(row: Row) -> Decimal:
    return Decimal(row["created_at"])


CUSTOMER_SORTS: dict[str, Callable[[Row], Any]] = {
    "created_at": by_time,
    "updated_at": lambda row: Decimal(row["updated_at"]),
    "customer_id": lambda row: row["customer_id"],
    "monthly_payment_amount": lambda row: (
        -1 if row["monthly_payment_amount"] is None else row["monthly_payment_amount"]
    ),
}
CUSTOMER_FILTERS: dict[str, tuple[Row, Callable[[Row], bool]]] = {
    "all": ({}, lambda row: True),
    "plan": ({"plan": "Atom"}, lambda row: row["plan"] == "Atom"),
    "plans": ({"plan": ["Atom", "Starter"]}, lambda row: row["plan"] != "Team"),
    "time": ({"created_at[gt]": "1", "created_at[lt]": "2"}, lambda row: 1 < by_time(row) < 2),
    "payment": (
        {"monthly_payment_amount[lt]": "1"},
        lambda row: row["monthly_payment_amount"] in {0, 0.0001},
    ),
    "role": (
        {"custom_attributes[role]": "manager"},
        lambda row: row["custom_attributes"] == {"role": "manager"},
    ),
    "roles": (
        {"custom_attributes[role]": ["manager", "cashier"], "plan": ["Atom", "Starter"]},
        lambda row: row["plan"] != "Team" and row["custom_attributes"] != {},
    ),
    "two": (
        {"location": "Berlin", "plan": "Atom"},
        lambda row: (row["location"], row["plan"]) == ("Berlin", "Atom"),
    ),
}


@given(data=st.data())
@pytest.mark.parametrize("sort", CUSTOMER_SORTS)
def test_customers(sort: str, data: st.DataObject) -> None:
    world = World("customer", "customer_id")
    sign = data.draw(st.sampled_from(["", "-"]), label="sign")
    # In parts, so that some share an updated_at and some do not.
    for part in data.draw(st.lists(st.lists(customers, max_size=10), max_size=3), label="before"):
        world.insert(part)
    query, matches = CUSTOMER_FILTERS[
        data.draw(st.sampled_from(sorted(CUSTOMER_FILTERS)), label="filter")
    ]

    with patch.object(
        by_attributes, "_WALKS", (1, 2)
    ):  # few rows are looked through as thousands are
        seen = world.walk(data, "customer", query | {"sort": f"{sign}{sort}"}, customers, matches)

    order = [(CUSTOMER_SORTS[sort](row), row["customer_id"]) for row in seen]
    assert order == sorted(order, reverse=sign == "-")


EVENT_LISTS: dict[str, tuple[str, Row, Callable[[Row], bool]]] = {
    "one name": (
        "event",
        {"customer_id": "1", "name": "x"},
        lambda row: (row["customer_id"], row["name"]) == ("1", "x"),
    ),
    "four": (
        "event",
        {"customer_id": ["1", "2"], "name": ["x", "y"]},
        lambda row: row["name"] in {"x", "y"},
    ),
    "timeline": ("customer/1/event", {}, lambda row: row["customer_id"] == "1"),
    "timeline since": (
        "customer/1/event",
        {"created_at[gte]": "1.000001"},
        lambda row: row["customer_id"] == "1" and by_time(row) > 1,
    ),
}


@given(data=st.data())
@pytest.mark.parametrize("which", EVENT_LISTS)
def test_events(which: str, data: st.DataObject) -> None:
    address, query, matches = EVENT_LISTS[which]
    world = World("event", "id")
    sign = data.draw(st.sampled_from(["", "-"]), label="sign")
    world.api.post(
        "customer", [a_customer("1"), a_customer("2")]
    )  # so that there is always a timeline
    world.insert(data.draw(st.lists(events, max_size=25), label="before"))

    with patch.object(names, "_SPARE_KEYS", 1):  # pages of five rows are found as those of hundreds
        seen = world.walk(data, address, query | {"sort": f"{sign}created_at"}, events, matches)

    order = [(by_time(row), row["id"]) for row in seen]
    assert order == sorted(order, reverse=sign == "-")
