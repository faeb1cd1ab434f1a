"""Mistakes that new users make, and what they are told."""

import pytest

from tests.factories import a_customer, an_event

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "body", [b"customer_id=1&name=x", b"customer_id=1", b"custom_attributes=%7B%7D", b"a="]
)
def test_form_data_is_told_to_be_json(api, body):
    response = api.post("event", body, content_type=FORM)

    assert response.status == 400
    assert response.errors == [("parse_error", None)]
    assert "looks form-encoded: send JSON" in response.details


def test_json_that_curl_sends_as_a_form_is_json(api):
    assert api.post("event", an_event(note="a=b&c=d"), content_type=FORM).status == 201
    assert api.post("event", [an_event(note="a=b")], content_type=FORM).status == 201


def test_a_multipart_form_is_told_what_is_taken(api):
    response = api.post("event", b"--x", content_type="multipart/form-data; boundary=x")

    assert response.status == 415
    assert "Send JSON" in response.details


@pytest.mark.parametrize("address", ["customer", "event", "customer/1/event"])
def test_a_list_with_a_body_is_told_where_filters_go(api, address):
    api.post("customer", a_customer("1"))

    response = api.send(
        "GET",
        address,
        {"plan": "Starter"},
        query={"customer_id": "1", "name": "x"} if address == "event" else None,
    )

    assert response.status == 400
    assert "Filters go in the URL" in response.details


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("/api/v1/events", "/api/v1/event"),
        ("/api/v1/customers", "/api/v1/customer"),
        ("/api/Customers/15", "/api/v1/customer"),
        ("/v1/event", "/api/v1/event"),
        ("/events", "/api/v1/event"),
        ("/customers/", "/api/v1/customer"),
        ("/customer", "/api/v1/customer"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_address_is_told_what_there_is(api, method, address, meant):
    response = api.send(method, address, {} if method == "POST" else b"")

    assert response.status == 404
    assert response.errors == [("not_found", None)]
    assert f"Did you mean {meant}?" in response.details
    assert "/api/v1/customer/<customer_id>/event" in response.details


def test_an_address_that_resembles_nothing_lists_all(api):
    response = api.get("/api/v1/zzz")

    assert response.status == 404
    assert "Did you mean" not in response.details
    assert "/api/v1/event/<event_id>" in response.details


def test_a_wrong_method_is_told_the_right_ones(api):
    response = api.send("PUT", "customer/1", a_customer("1"))

    assert response.status == 405
    assert "This URL accepts GET, PATCH, DELETE, HEAD, OPTIONS." in response.details


def test_an_unknown_id_says_what_is_unknown(api):
    assert "no customer with this customer_id" in api.get("customer/nobody").details
    assert "no event with this id" in api.get("event/none").details
    assert (
        "No customer and no event has this customer_id" in api.get("customer/nobody/event").details
    )


def test_a_list_of_events_without_its_parameters_names_the_timeline_and_the_feed(api):
    details = api.get("event").details

    assert "GET /api/v1/customer/<customer_id>/event" in details
    assert "GET /api/v1/feed" in details
