"""What each of Segment's messages becomes."""

import datetime

import pytest

from segment.messages import Alias, Clock, translate
from traitly.input.errors import InvalidRequestError

NOW = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)
EXACT = Clock.of(NOW, "2026-11-24T11:59:59Z")


def event_of(message, clock=EXACT):
    translated = translate(message, clock)
    assert translated.customer is None
    return translated.event


def customer_of(message):
    translated = translate(message, EXACT)
    assert translated.event is None
    return translated.customer


def errors_of(message):
    with pytest.raises(InvalidRequestError) as raised:
        translate(message, EXACT)
    return [(error.code, error.attr) for error in raised.value.errors]


def test_track():
    message = {
        "type": "track",
        "messageId": "m-1",
        "userId": "u-1",
        "anonymousId": None,
        "event": "Order Completed",
        "properties": {"total": 12.5},
        "timestamp": "2026-11-24T11:00:00.000Z",
    }

    assert event_of(message) == {
        "customer_id": "u-1",
        "name": "Order Completed",
        "id": "m-1",
        "created_at": "2026-11-24T11:00:00.000Z",
        "custom_attributes": {"total": 12.5},
    }


def test_the_context_is_kept():
    event = event_of({"type": "track", "userId": "1", "event": "x", "context": {"ip": "192.0.2.1"}})

    assert event["custom_attributes"] == {"context": {"ip": "192.0.2.1"}}


def test_somebody_unknown_is_their_anonymous_id():
    assert (
        event_of({"type": "track", "userId": None, "anonymousId": "a-1", "event": "x"})[
            "customer_id"
        ]
        == "a-1"
    )
    assert (
        event_of({"type": "track", "userId": "", "anonymousId": "a-1", "event": "x"})["customer_id"]
        == "a-1"
    )
    assert (
        event_of({"type": "track", "userId": "u", "anonymousId": "a-1", "event": "x"})[
            "customer_id"
        ]
        == "u"
    )


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"type": "page", "name": "Index"}, "Viewed Index Page"),
        ({"type": "page", "category": "Docs", "name": "Index"}, "Viewed Docs Index Page"),
        ({"type": "page"}, "Viewed Page"),
        ({"type": "page", "properties": {"name": "Index"}}, "Viewed Index Page"),
        ({"type": "screen", "name": "Home"}, "Viewed Home Screen"),
    ],
)
def test_pages_and_screens(message, name):
    assert event_of({"userId": "1", **message})["name"] == name


def test_identify():
    traits = {
        "name": "Ann",
        "email": "ann@example.com",
        "plan": "Grow",
        "phone": "0123",
        "address": {"city": "Berlin", "zip": "10115"},
        "createdAt": "2026-01-01T00:00:00Z",
        "company": {"id": "c-7", "name": "Acme"},
        "logins": 5,
    }

    assert customer_of({"type": "identify", "userId": "u-1", "traits": traits}) == {
        "customer_id": "u-1",
        "name": "Ann",
        "email": "ann@example.com",
        "plan": "Grow",
        "phone_number": "0123",
        "location": "Berlin",
        "organisation_id": "c-7",
        "created_at": "2026-01-01T00:00:00Z",
        "custom_attributes": {
            "address": {"city": "Berlin", "zip": "10115"},
            "company": {"id": "c-7", "name": "Acme"},
            "logins": 5,
        },
    }


def test_a_first_and_a_last_name_are_a_name():
    customer = customer_of(
        {"type": "identify", "userId": "1", "traits": {"firstName": "Ann", "lastName": "Lee"}}
    )

    assert customer["name"] == "Ann Lee"
    assert customer["custom_attributes"] == {"firstName": "Ann", "lastName": "Lee"}


@pytest.mark.parametrize(
    "traits", [{"email": "none"}, {"plan": 5}, {"createdAt": "soon"}, {"phone": {"home": "1"}}]
)
def test_a_trait_that_does_not_fit_its_field_is_an_attribute(traits):
    customer = customer_of({"type": "identify", "userId": "1", "traits": traits})

    assert customer == {"customer_id": "1", "custom_attributes": traits}


def test_an_identify_with_both_ids_says_that_they_are_one():
    translated = translate({"type": "identify", "userId": "u", "anonymousId": "a"}, EXACT)

    assert translated.alias == Alias("a", "u", "identify")
    assert translate({"type": "identify", "anonymousId": "a"}, EXACT).alias is None


def test_alias():
    assert translate({"type": "alias", "previousId": "old", "userId": "new"}, EXACT) == (
        None,
        None,
        Alias("old", "new", "alias"),
    )


def test_group():
    customer = customer_of(
        {"type": "group", "userId": "u", "groupId": 7, "traits": {"name": "Acme"}}
    )

    assert customer == {
        "customer_id": "u",
        "organisation_id": "7",
        "custom_attributes": {"organisation": {"name": "Acme"}},
    }


@pytest.mark.parametrize(
    ("offset", "corrected"), [(61, True), (3600, True), (-61, True), (60, False), (-60, False)]
)
def test_a_clock_that_is_off_by_more_than_a_minute_is_corrected(offset, corrected):
    timestamp = NOW - datetime.timedelta(hours=1)
    clock = Clock.of(NOW, (NOW - datetime.timedelta(seconds=offset)).isoformat())

    event = event_of(
        {"type": "track", "userId": "1", "event": "x", "timestamp": timestamp.isoformat()}, clock
    )

    if corrected:
        assert float(event["created_at"]) == timestamp.timestamp() + offset
        assert event["custom_attributes"] == {"original_timestamp": timestamp.isoformat()}
    else:
        assert event["created_at"] == timestamp.isoformat()
        assert event["custom_attributes"] == {}


@pytest.mark.parametrize("sent_at", [None, "", "soon", 10**30, {}, []])
def test_a_request_that_does_not_say_when_it_was_sent_corrects_nothing(sent_at):
    assert Clock.of(NOW, sent_at).offset == datetime.timedelta()


@pytest.mark.parametrize(
    ("message", "errors"),
    [
        ("track", [("invalid", None)]),
        ({}, [("invalid_choice", "type")]),
        ({"type": ["track"]}, [("invalid_choice", "type")]),
        ({"type": "delete", "userId": "1"}, [("invalid_choice", "type")]),
        ({"type": "track", "event": "x"}, [("required", "userId")]),
        (
            {"type": "track", "event": "x", "userId": "1", "properties": []},
            [("not_a_dict", "properties")],
        ),
        ({"type": "group", "userId": "1"}, [("required", "groupId")]),
        ({"type": "alias"}, [("required", "previousId"), ("required", "userId")]),
    ],
)
def test_what_is_no_message(message, errors):
    assert errors_of(message) == errors
