"""A key that may only write, as web pages hold it, learns nothing of what is stored (contract, "Authentication")."""

import json
from typing import Any

import pytest

from customers.models import Customer
from tests.client import Api
from tests.factories import a_customer, an_event, make_key

SECRET = "a secret of somebody else"
CUSTOMER: dict[str, Any] = {
    "name": SECRET,
    "email": "secret@example.com",
    "plan": SECRET,
    "location": SECRET,
    "phone_number": SECRET,
    "organisation_id": SECRET,
    "monthly_payment_amount": 2718281828.5,
    "created_at": 1234567890,
    "custom_attributes": {"stored": SECRET, "number": 2718281828.5},
}
SENT = {"name": "Mine", "email": "mine@example.com", "plan": "Mine"}


@pytest.fixture
def writer(acme):
    return Api(make_key(acme, scopes=["write"]).key)


@pytest.fixture
def stored(api):
    """A customer and an event, stored with another key."""
    assert api.post("customer", a_customer("123", **CUSTOMER)).status == 201
    event = an_event(
        "123", id="e1", name=SECRET, created_at=1234567890, custom_attributes={"stored": SECRET}
    )
    assert api.post("event", event).status == 201


WRITES = [
    ("POST", "customer", {"customer_id": "123", **SENT}),
    (
        "POST",
        "customer",
        [{"customer_id": "123", **SENT}, {"customer_id": "123", **SENT, "location": "Mine"}],
    ),
    ("POST", "customer", [{"customer_id": "123", **SENT}] * 150),
    ("POST", "customer", [{"customer_id": "123", **SENT}, {"customer_id": "123"}]),
    ("PATCH", "customer/123", {}),
    ("PATCH", "customer/123", {"location": "Mine", "mine": 1}),
    ("PATCH", "customer/123", {"custom_attributes": {"mine": None}}),
    ("DELETE", "customer/123", b""),
    ("POST", "event", an_event("123", id="e1")),
    ("POST", "event", [an_event("123", id="e1"), {"id": "e1"}]),
    ("DELETE", "event/e1", b""),
]


@pytest.mark.parametrize(("method", "address", "body"), WRITES)
def test_no_write_of_such_a_key_shows_what_is_stored(writer, stored, method, address, body):
    response = writer.send(method, address, body)

    assert response.status in {200, 201, 207}
    for secret in (b"secret", b"2718281828", b"1234567890"):
        assert secret not in response.content


@pytest.mark.parametrize(("method", "address", "body"), WRITES)
def test_answers_have_the_same_fields_as_for_other_keys(writer, api, stored, method, address, body):
    fields = [list(row) for row in writer.send(method, address, body).data]
    Customer.objects.all().delete()
    api.post("customer", a_customer("123", **CUSTOMER))
    api.post("event", an_event("123", id="e1"))

    assert [list(row) for row in api.send(method, address, body).data] == fields


def test_a_new_customer_is_answered_in_full(writer):
    body = a_customer(
        "new",
        location="Berlin",
        monthly_payment_amount=99.5,
        score=10**25,
        custom_attributes={"a": 0.1},
    )
    row = writer.post("customer", body).row

    assert row["created_at"] == row["updated_at"].partition(".")[0]
    assert row | {"created_at": "", "updated_at": ""} == {
        "customer_id": "new",
        "name": "John Smith",
        "created_at": "",
        "monthly_payment_amount": 99.5,
        "location": "Berlin",
        "email": "john.smith@example.com",
        "phone_number": None,
        "organisation_id": None,
        "plan": "Starter",
        "custom_attributes": {"score": 10**25, "a": 0.1},
        "updated_at": "",
    }


def test_an_update_is_answered_with_what_was_sent(writer, stored):
    row = writer.post(
        "customer", {"customer_id": "123", **SENT, "location": "Berlin", "mine": [1, None]}
    ).row

    assert row.pop("updated_at")
    assert row == {
        "customer_id": "123",
        **SENT,
        "created_at": None,
        "monthly_payment_amount": None,
        "location": "Berlin",
        "phone_number": None,
        "organisation_id": None,
        "custom_attributes": {"mine": [1, None]},
    }
    assert Customer.objects.get().custom_attributes == {
        **CUSTOMER["custom_attributes"],
        "mine": [1, None],
    }


def test_a_time_that_was_sent_is_answered(writer, stored):
    row = writer.post(
        "customer", {"customer_id": "123", **SENT, "created_at": "2017-05-05T21:34:59.5Z"}
    ).row

    assert row["created_at"] == "1494020099.5"


def test_a_patch_is_answered_with_what_was_sent(writer, stored):
    row = writer.patch(
        "customer/123", {"monthly_payment_amount": "999999999999.9999", "mine": 1, "gone": None}
    ).row

    assert row.pop("updated_at")
    assert row.pop("monthly_payment_amount") == 999999999999.9999
    assert row.pop("custom_attributes") == {"mine": 1}
    assert row.pop("customer_id") == "123"
    assert set(row.values()) == {None}


def test_an_erased_customer_is_not_shown(writer, stored):
    response = writer.delete("customer/123")

    assert response.json["metadata"] == {"events": 1}
    shown = {name: value for name, value in response.row.items() if value is not None}
    assert shown == {"customer_id": "123", "custom_attributes": {}}


def test_a_deleted_event_is_not_shown(writer, stored):
    row = writer.delete("event/e1").row

    assert {name: value for name, value in row.items() if value is not None} == {
        "id": "e1",
        "success": 1,
        "custom_attributes": {},
    }


def test_other_keys_are_answered_in_full(api, stored):
    assert (
        json.loads(api.patch("customer/123", {"mine": 1}).content)["data"][0]["location"] == SECRET
    )
    assert api.delete("customer/123").row["location"] == SECRET
