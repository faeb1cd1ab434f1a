"""The whole API against a model of it, in lockstep: whatever is done in whatever order, both say the same.

MODEL_RUNS and MODEL_STEPS say how many runs of how many steps; `make faults` does 10,000 steps.
"""

import os
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.client import Api, Response
from tests.factories import AccountFactory, make_key

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

RUNS = int(os.environ.get("MODEL_RUNS", "10"))
STEPS = int(os.environ.get("MODEL_STEPS", "30"))

CUSTOMER_IDS = st.sampled_from(["a", "b", "c/d", "é 1"])
NAMES = st.sampled_from(["in", "out"])
TIMES = st.integers(0, 3)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["k1", "k2"]), st.none() | st.integers(0, 2) | st.just("x")
)
NOTES = {"note": st.integers(0, 1)}  # no field: it becomes an attribute
CHANGES = {
    "created_at": TIMES,
    "monthly_payment_amount": st.none() | st.integers(0, 3),
    "location": st.none() | st.sampled_from(["", "Rome"]),
    "custom_attributes": ATTRIBUTES,
    **NOTES,
}
PLANS = st.sampled_from(["Starter", "Atom"])
CUSTOMERS = st.fixed_dictionaries(
    {
        "customer_id": CUSTOMER_IDS,
        "name": NAMES,
        "email": st.just("a@example.com"),
        "plan": PLANS | st.just(""),
    },
    optional=CHANGES,
)
EVENTS = st.fixed_dictionaries(
    {"customer_id": CUSTOMER_IDS, "name": NAMES | st.just(""), "created_at": TIMES},
    optional={
        "id": st.sampled_from([f"e{number}" for number in range(8)]),
        "custom_attributes": ATTRIBUTES,
        **NOTES,
    },
)
ADDED = ("custom_attributes", "note")


def _merged(stored: dict[str, Any] | None, sent: dict[str, Any]) -> dict[str, Any]:
    """A customer after a POST or PATCH: what is sent replaces, attributes are merged, and null removes one."""
    blank = dict.fromkeys(["monthly_payment_amount", "location", "phone_number", "organisation_id"])
    fields = {
        **blank,
        **(stored or {}),
        **{name: value for name, value in sent.items() if name not in ADDED},
    }
    attributes = {**(stored or {}).get("custom_attributes", {}), **_attributes(sent)}
    fields["custom_attributes"] = {
        name: value for name, value in attributes.items() if value is not None
    }
    if "created_at" in sent:
        fields["created_at"] = str(sent["created_at"])
    return fields


def _attributes(sent: dict[str, Any]) -> dict[str, Any]:
    return {
        **sent.get("custom_attributes", {}),
        **({"note": sent["note"]} if "note" in sent else {}),
    }


def _customer_id(item: dict[str, Any]) -> str:
    return str(item["customer_id"])


def _valid(item: dict[str, Any]) -> bool:
    return bool(item["name"] and item.get("plan", "x"))


class Machine(RuleBasedStateMachine):
    """What an account holds, and a reader that follows its feed. Customers are kept as answers show them."""

    @initialize()
    def new_account(self) -> None:
        self.api = Api(make_key(AccountFactory.create()).key)
        self.stranger = Api(make_key(AccountFactory.create()).key)
        self.customers: dict[str, dict[str, Any]] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.of_key: dict[
            tuple[str, int], str
        ] = {}  # the id that an Idempotency-Key and a position give
        self.last_post: tuple[list[dict[str, Any]], dict[str, str]] | None = None
        self.read_customers: dict[str, dict[str, Any]] = {}
        self.read_events: dict[str, dict[str, Any]] = {}
        self.cursor = ""

    # Customers

    @rule(items=st.lists(CUSTOMERS, min_size=1, max_size=3, unique_by=_customer_id))
    def post_customers(self, items: list[dict[str, Any]]) -> None:
        created = [
            item for item in items if _valid(item) and item["customer_id"] not in self.customers
        ]
        response = self.api.post("customer", items)

        self._check_batch(response, items, success=201 if created else 200)
        for item, row in zip(items, response.data, strict=True):
            if _valid(item):
                self._check_customer(row, _merged(self.customers.get(item["customer_id"]), item))

    @rule(
        customer_id=CUSTOMER_IDS,
        sent=st.fixed_dictionaries({}, optional={"plan": PLANS, **CHANGES}),
    )
    def patch_customer(self, customer_id: str, sent: dict[str, Any]) -> None:
        response = self.api.patch(f"customer/{quote(customer_id, safe='')}", sent)

        if customer_id not in self.customers:
            assert response.status == 404
        else:
            assert response.status == 200, response
            self._check_customer(response.row, _merged(self.customers[customer_id], sent))

    @rule(customer_id=CUSTOMER_IDS)
    def erase_customer(self, customer_id: str) -> None:
        theirs = [key for key, event in self.events.items() if event["customer_id"] == customer_id]
        known = self.customers.pop(customer_id, None)
        response = self.api.delete(f"customer/{quote(customer_id, safe='')}")

        if known or theirs:
            assert response.status == 200, response
            assert response.data == ([known] if known else [])
            assert response.json["metadata"]["events"] == len(theirs)
        else:
            assert (
                response.status == 404 or response.json["metadata"]["events"] == 0
            )  # rejected items are erased too
        self._forget_events(theirs)

    # Events

    @rule(
        items=st.lists(EVENTS, min_size=1, max_size=4),
        key=st.none() | st.sampled_from(["k0", "k1"]),
    )
    def post_events(self, items: list[dict[str, Any]], key: str | None) -> None:
        self.last_post = (items, {"Idempotency-Key": key} if key else {})
        self._send_events()

    @rule()
    def send_again(self) -> None:
        """As a client does whose response was lost. What has no id and no key is stored once more."""
        if self.last_post:
            self._send_events()

    def _send_events(self) -> None:
        assert self.last_post
        items, headers = self.last_post
        key = headers.get("Idempotency-Key")
        response = self.api.post("event", items, headers=headers)

        duplicates = 0
        for place, (item, row) in enumerate(zip(items, response.data, strict=True)):
            if not _valid(item):
                continue
            if "id" in item:
                assert row["id"] == item["id"]
            elif key:
                assert row["id"] == self.of_key.setdefault((key, place), row["id"])
            else:
                assert row["id"] not in self.events
            duplicates += row["id"] in self.events
            stored = {
                "customer_id": item["customer_id"],
                "name": item["name"],
                "created_at": str(item["created_at"]),
                "success": 1,
                "id": row["id"],
                "custom_attributes": _attributes(item),
            }
            self.events.setdefault(row["id"], stored)
        self._check_batch(response, items, success=201)
        assert response.json.get("metadata", {}).get("duplicates", 0) == duplicates

    @rule(data=st.data())
    def delete_event(self, data: st.DataObject) -> None:
        event_id = data.draw(st.sampled_from([*self.events, "nothing"]))
        response = self.api.delete(f"event/{event_id}")

        assert response.status == (200 if event_id in self.events else 404)
        self._forget_events([event_id] if event_id in self.events else [])

    @rule(customer_id=CUSTOMER_IDS, name=NAMES, before=TIMES)
    def delete_many_events(self, customer_id: str, name: str, before: int) -> None:
        query = {"customer_id": customer_id, "name": name, "created_at[lt]": before}
        theirs = [
            key
            for key in self._matching(customer_id, name)
            if int(self.events[key]["created_at"]) < before
        ]
        response = self.api.send("DELETE", "event", query=query)

        assert response.json["metadata"] == {"events": len(theirs)}
        self._forget_events(theirs)

    # Reading

    @rule(customer_id=CUSTOMER_IDS)
    def one_customer(self, customer_id: str) -> None:
        path = f"customer/{quote(customer_id, safe='')}"
        self._check_one(self.api.get(path), self.customers.get(customer_id))
        assert self.stranger.get(path).status == 404

    @rule(data=st.data())
    def one_event(self, data: st.DataObject) -> None:
        event_id = data.draw(st.sampled_from([*self.events, "nothing"]))
        self._check_one(self.api.get(f"event/{event_id}"), self.events.get(event_id))
        assert self.stranger.get(f"event/{event_id}").status == 404

    @rule(
        limit=st.integers(1, 3),
        sort=st.sampled_from(
            ["created_at", "-created_at", "customer_id", "-monthly_payment_amount", "updated_at"]
        ),
        plan=st.none() | PLANS,
        least=st.none() | st.integers(0, 2),
    )
    def page_customers(self, limit: int, sort: str, plan: str | None, least: int | None) -> None:
        query = {"limit": limit, "sort": sort}
        query |= ({"plan": plan} if plan else {}) | (
            {"monthly_payment_amount[gte]": least} if least is not None else {}
        )
        expected = [
            row
            for row in self.customers.values()
            if (plan is None or row["plan"] == plan)
            and (
                least is None
                or (
                    row["monthly_payment_amount"] is not None
                    and row["monthly_payment_amount"] >= least
                )
            )
        ]
        rows = self._pages("customer", query, limit)

        column = sort.lstrip("-")
        keys = [
            row[column]
            if column == "customer_id"
            else float(-1 if row[column] is None else row[column])
            for row in rows
        ]
        assert keys == sorted(keys, reverse=sort.startswith("-"))
        assert sorted(rows, key=lambda row: row["customer_id"]) == sorted(
            expected, key=lambda row: row["customer_id"]
        )

    @rule(
        customer_id=CUSTOMER_IDS,
        name=st.none() | NAMES,
        limit=st.integers(1, 3),
        newest_first=st.booleans(),
    )
    def page_events(
        self, customer_id: str, name: str | None, limit: int, newest_first: bool
    ) -> None:
        query: dict[str, Any] = {
            "limit": limit,
            "sort": "-created_at" if newest_first else "created_at",
        }
        path = f"customer/{quote(customer_id, safe='')}/event"
        if name:
            path, query = "event", query | {"customer_id": customer_id, "name": name}
        elif customer_id not in self.customers and not self._matching(customer_id):
            assert self.api.get(path).status == 404
            return
        rows = self._pages(path, query, limit)

        times = [int(row["created_at"]) for row in rows]
        assert times == sorted(times, reverse=newest_first)
        assert len(rows) == len({row["id"] for row in rows})
        assert {row["id"]: row for row in rows} == {
            key: self.events[key] for key in self._matching(customer_id, name)
        }

    @rule(limit=st.integers(1, 4))
    def follow_the_feed(self, limit: int) -> None:
        """Whoever applies the entries in their order has what the account has. Deleting single events makes none."""
        while True:
            response = self.api.get(
                "feed", {"limit": limit, **({"cursor": self.cursor} if self.cursor else {})}
            )
            assert response.status == 200, response
            for entry in response.data:
                self._apply(entry["type"], entry["data"])
            self.cursor = response.json["metadata"]["next_cursor"]
            if not response.data:
                break
        assert self.read_customers == self.customers
        assert {
            key: row for key, row in self.read_events.items() if key in self.events
        } == self.events

    def _apply(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "event.created":
            assert data["id"] not in self.read_events, "it was read before"
            self.read_events[data["id"]] = data
        elif kind == "customer.updated":
            self.read_customers[data["customer_id"]] = data
        else:
            self.read_customers.pop(data["customer_id"], None)

    # What the rules share

    def _check_batch(
        self, response: Response, items: list[dict[str, Any]], *, success: int
    ) -> None:
        rejected = [place for place, item in enumerate(items) if not _valid(item)]
        assert response.status == (
            success if not rejected else 207 if len(rejected) < len(items) else 400
        ), response
        assert [row["index"] for row in response.data if "errors" in row] == rejected
        if rejected:
            assert response.json["metadata"]["rejected"] == len(rejected)

    def _check_customer(self, row: dict[str, Any], expected: dict[str, Any]) -> None:
        before = self.customers.get(expected["customer_id"])
        expected.setdefault(
            "created_at", row["created_at"]
        )  # now, where it is new and none was sent
        unchanged = before == expected
        expected["updated_at"] = row["updated_at"]
        assert row == expected
        if before:
            assert (
                (row["updated_at"] == before["updated_at"])
                if unchanged
                else (float(row["updated_at"]) > float(before["updated_at"]))
            )
        self.customers[row["customer_id"]] = row

    def _check_one(self, response: Response, expected: dict[str, Any] | None) -> None:
        assert response.status == (200 if expected else 404), response
        assert expected is None or response.row == expected

    def _pages(self, path: str, query: dict[str, Any], limit: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            response = self.api.get(path, query | cursor)
            assert response.status == 200, response
            rows += response.data
            if "next_cursor" not in response.json["metadata"]:
                return rows
            assert len(response.data) == limit
            cursor = {"cursor": response.json["metadata"]["next_cursor"]}

    def _matching(self, customer_id: str, name: str | None = None) -> list[str]:
        return [
            key
            for key, event in self.events.items()
            if event["customer_id"] == customer_id and name in {None, event["name"]}
        ]

    def _forget_events(self, ids: list[str]) -> None:
        for each in ids:
            del self.events[each]
            self.read_events.pop(each, None)  # its id may be stored again


def test_the_api_and_a_model_of_it_agree() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
