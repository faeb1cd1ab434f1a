"""Fields that were probably meant to be others: nothing is dropped, and the response says so."""

import pytest

from tests.factories import a_customer, an_event
from traitly.input.hints import MAX_HINTS


def hints(response):
    return [(hint["attr"], hint["detail"]) for hint in response.json["metadata"].get("hints", [])]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("createdAt", "created_at"),
        ("created-at", "created_at"),
        ("CREATED_AT", "created_at"),
        ("timestamp", "created_at"),
        ("customerId", "customer_id"),
        ("eventName", "name"),
        ("customAttributes", "custom_attributes"),
    ],
)
def test_a_misspelled_field_of_an_event(api, name, field):
    response = api.post("event", an_event(**{name: "1493933699"}))

    assert response.status == 201
    assert response.row["custom_attributes"] == {name: "1493933699"}
    assert hints(response) == [(name, f"Kept as a custom attribute. Did you mean {field}?")]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("createdAt", "created_at"),
        ("monthlyPaymentAmount", "monthly_payment_amount"),
        ("customerName", "name"),
        ("phone", "phone_number"),
        ("organizationId", "organisation_id"),
    ],
)
def test_a_misspelled_field_of_a_customer(api, name, field):
    response = api.post("customer", a_customer(**{name: "1"}))

    assert response.status == 201
    assert response.row["custom_attributes"] == {name: "1"}
    assert hints(response) == [(name, f"Kept as a custom attribute. Did you mean {field}?")]


def test_a_patch_has_hints_too(api):
    api.post("customer", a_customer("1"))

    response = api.patch("customer/1", {"monthlyPaymentAmount": 5})

    assert response.status == 200
    assert [attr for attr, _ in hints(response)] == ["monthlyPaymentAmount"]


def test_what_the_reference_sends_has_no_hints(api):
    sent = an_event(
        monthly_payment_amount=99, location="New York", plan="Atom", email="support@company.com"
    )

    assert api.post("event", sent).json["metadata"] == {}


def test_a_synonym_beside_the_field_is_an_attribute_like_any_other(api):
    response = api.post("event", an_event(created_at=1, timestamp="2", user_id="7"))

    assert response.json["metadata"] == {}


def test_in_a_batch_each_name_is_hinted_at_once_where_it_stands_first(api):
    sent = [
        an_event(),
        an_event(createdAt=1),
        an_event(createdAt=2, timestamp=3),
        {"name": "no customer"},
    ]

    response = api.post("event", sent)

    assert response.status == 207
    assert sorted(attr for attr, _ in hints(response)) == ["1.createdAt", "2.timestamp"]
    assert response.json["metadata"]["accepted"] == 3


def test_the_number_of_hints_is_bounded(api):
    spellings = [f"created{'_' * count}at" for count in range(2, 2 + MAX_HINTS + 5)]

    response = api.post("event", [an_event(**{name: 1}) for name in spellings])

    assert len(hints(response)) == MAX_HINTS


def test_an_error_for_a_missing_field_names_what_was_sent_instead(api):
    response = api.post("event", {"customerId": "1", "name": "Logged in"})

    assert response.errors == [("required", "customer_id")]
    assert "You sent customerId" in response.details


def test_the_same_for_a_customer_in_a_batch(api):
    response = api.post(
        "customer",
        [
            a_customer("1"),
            {"customer_id": "2", "customerName": "B", "email": "b@example.com", "plan": "A"},
        ],
    )

    assert response.status == 207
    [error] = response.data[1]["errors"]
    assert error["attr"] == "1.name"
    assert "You sent customerName" in error["detail"]
