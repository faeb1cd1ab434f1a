"""The addresses that Segment's SDKs send to, and the answers that they take."""

import base64
import gzip
import json
import logging

import pytest

from events.models import Event
from rejections.models import Rejection
from tests.client import Api
from tests.factories import make_key

TRACK = {
    "type": "track",
    "messageId": "m-1",
    "userId": "u-1",
    "event": "Signed Up",
    "properties": {"source": "ad"},
}
PAGE = "https://www.example.com"


@pytest.fixture
def key(acme):
    return make_key(acme, scopes=["write"]).key


@pytest.fixture
def sdk(db):
    """A client without the API's header: SDKs have their own."""
    return Api()


def basic(key):
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("address", ["/v1/batch", "/v1/import", "/v1/b", "/b"])
def test_a_batch(sdk, acme, key, address, slash):
    response = sdk.send(
        "POST", address + slash, {"batch": [TRACK], "sentAt": None}, headers=basic(key)
    )

    assert (response.status, response.json) == (200, {"success": True})
    event = Event.objects.get(account=acme)
    assert (event.id, event.customer_id, event.name) == ("m-1", "u-1", "Signed Up")
    assert event.custom_attributes == {"source": "ad"}


@pytest.mark.parametrize("address", ["/v1/track", "/v1/track/", "/t", "/t/", "/v1/t"])
def test_a_single_message(sdk, acme, key, address):
    message = {name: value for name, value in TRACK.items() if name != "type"}

    assert sdk.send("POST", address, message, headers=basic(key)).status == 200
    assert Event.objects.get(account=acme).name == "Signed Up"


@pytest.mark.parametrize("kind", ["page", "screen"])
def test_the_letters_of_the_browser_library(sdk, acme, key, kind):
    assert (
        sdk.send("POST", f"/{kind[0]}", {"userId": "1", "name": "Home"}, headers=basic(key)).status
        == 200
    )
    assert Event.objects.get(account=acme).name == f"Viewed Home {kind.title()}"


def test_the_key_in_the_body(sdk, acme, key):
    response = sdk.send("POST", "/v1/batch", {"batch": [TRACK], "writeKey": key})

    assert (response.status, response.json) == (200, {"success": True})
    assert Event.objects.filter(account=acme).count() == 1


def test_gzip_with_the_key_in_the_body(sdk, acme, key):
    body = gzip.compress(json.dumps({"batch": [TRACK], "writeKey": key}).encode())

    assert sdk.send("POST", "/v1/batch", body, headers={"Content-Encoding": "gzip"}).status == 200
    assert Event.objects.filter(account=acme).count() == 1


def test_a_message_that_is_sent_again_is_stored_once(sdk, acme, key):
    for sent_at in ("2026-11-24T12:00:00Z", "2026-11-24T12:00:09Z"):
        sdk.send("POST", "/v1/batch", {"batch": [TRACK], "sentAt": sent_at}, headers=basic(key))

    assert Event.objects.filter(account=acme).count() == 1


@pytest.mark.parametrize(
    "headers", [basic("wrong"), {"Authorization": "Basic !"}, {"Authorization": "Digest x"}, {}]
)
def test_a_wrong_key_is_401_with_code_and_message(sdk, headers):
    response = sdk.send(
        "POST", "/v1/batch", {"batch": [TRACK], "writeKey": "wrong"}, headers=headers
    )

    assert response.status == 401
    assert response.json["code"] == "authentication_failed"
    assert "write key" in response.json["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"batch": {}}', 400), (b"", 400), (b"\xff", 400)],
)
def test_what_is_no_batch_is_an_error_with_code_and_message(sdk, key, body, status):
    response = sdk.send("POST", "/v1/batch", body, headers=basic(key))

    assert response.status == status
    assert set(response.json) == {"success", "code", "message"}


def test_a_read_only_key_is_403(sdk, acme):
    response = sdk.send(
        "POST", "/v1/batch", {"batch": []}, headers=basic(make_key(acme, scopes=["read"]).key)
    )

    assert response.status == 403
    assert response.json["code"] == "permission_denied"


def test_too_large_a_body_is_413_with_code_and_message(sdk, key, settings):
    settings.MAX_BODY_BYTES = 1024
    response = sdk.send("POST", "/v1/batch", {"batch": [], "x": "x" * 1024}, headers=basic(key))

    assert response.status == 413
    assert set(response.json) == {"success", "code", "message"}


def test_a_message_that_is_refused_is_kept_under_a_200(sdk, acme, key):
    bad = [
        {"type": "track", "userId": "1"},
        {"type": "nothing"},
        {"type": "track", "userId": "1", "event": "x", "timestamp": "soon"},
    ]

    response = sdk.send("POST", "/v1/batch", {"batch": [TRACK, *bad]}, headers=basic(key))

    assert (response.status, response.json) == (200, {"success": True})
    assert Event.objects.filter(account=acme).count() == 1
    assert Rejection.objects.filter(account=acme).count() == 3


@pytest.mark.django_db(transaction=True)  # the connection is closed after such a body
def test_a_body_of_four_mebibytes_is_taken_and_a_message_that_is_too_large_refused_by_itself(
    sdk, acme, key
):
    large = [
        {**TRACK, "messageId": f"m-{n}", "properties": {"text": "x" * 60_000}} for n in range(70)
    ]
    too_large = {**TRACK, "messageId": "too large", "properties": {"text": "x" * 70_000}}

    response = sdk.send("POST", "/v1/batch", {"batch": [*large, too_large]}, headers=basic(key))

    assert response.status == 200
    assert Event.objects.filter(account=acme).count() == 70
    assert Rejection.objects.get(account=acme).errors[0]["code"] == "max_length"


def test_the_settings_that_the_browser_library_asks_for(sdk, db):
    response = sdk.get("/v1/projects/any-key/settings")

    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.json["integrations"]["Segment.io"]["apiHost"] == "testserver/v1"
    assert response.json["integrations"]["Segment.io"]["protocol"] == "http"


def test_a_page_of_an_allowed_origin_may_send_with_a_write_only_key(sdk, acme, key):
    acme.browser_origins = [PAGE]
    acme.save()

    response = sdk.send(
        "POST",
        "/v1/t",
        TRACK | {"writeKey": key},
        content_type="text/plain",
        headers={"Origin": PAGE},
    )

    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert response.headers["Vary"] == "Origin"


def test_a_page_of_another_origin_may_not(sdk, acme, key):
    acme.browser_origins = [PAGE]
    acme.save()

    response = sdk.send(
        "POST", "/v1/t", TRACK | {"writeKey": key}, headers={"Origin": "https://evil.example"}
    )

    assert response.status == 403
    assert "in the portal's settings" in response.json["message"]
    assert not Event.objects.filter(account=acme).exists()


def test_a_page_may_not_send_with_a_key_that_can_read(sdk, acme):
    acme.browser_origins = [PAGE]
    acme.save()

    response = sdk.send(
        "POST", "/v1/t", TRACK | {"writeKey": make_key(acme).key}, headers={"Origin": PAGE}
    )

    assert response.status == 403
    assert "Use a write-only key" in response.json["message"]


def test_a_browser_may_ask_before_it_sends(sdk, db):
    response = sdk.send(
        "OPTIONS", "/v1/batch", headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    )

    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert response.headers["Access-Control-Allow-Methods"] == "POST"


def test_no_key_stands_in_the_log(sdk, key, caplog):
    caplog.set_level(logging.DEBUG)
    sdk.send("POST", "/v1/batch", {"batch": [TRACK], "writeKey": key})
    sdk.send("POST", "/v1/batch", {"batch": [{}]}, headers=basic(key))

    assert key not in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_405(sdk, key, method):
    response = sdk.send(method, "/v1/batch", headers=basic(key))

    assert response.status == 405
    assert "message" in response.json


def test_more_than_the_accounts_quota_is_429(sdk, key, settings):
    settings.ACCOUNT_MAX_EVENTS_PER_DAY = 1
    batch = {"batch": [TRACK, TRACK | {"messageId": "m-2"}]}

    response = sdk.send("POST", "/v1/batch", batch, headers=basic(key))

    assert (response.status, response.json["code"]) == (429, "quota_exceeded")
    assert int(response.headers["Retry-After"]) > 0
    assert not Event.objects.exists()


def test_profiles_need_not_be_whole(sdk, api, acme, key):
    def say(**message):
        response = sdk.send("POST", "/v1/batch", {"batch": [message]}, headers=basic(key))
        assert (response.status, response.json) == (200, {"success": True})

    say(type="group", userId="u", groupId="g")
    row = api.get("customer/u").row
    assert (row["name"], row["email"], row["plan"], row["organisation_id"]) == ("", "", "", "g")

    say(type="identify", userId="u", traits={"name": "Ann", "plan": "Grow"})
    say(type="identify", userId="u", traits={"email": "ann@example.com", "logins": 1})

    row = api.get("customer/u").row
    assert (row["name"], row["email"], row["plan"], row["organisation_id"]) == (
        "Ann",
        "ann@example.com",
        "Grow",
        "g",
    )
    assert row["custom_attributes"] == {"logins": 1}


def test_profiles_of_one_batch_are_applied_in_order(sdk, api, key):
    batch = [
        {
            "type": "identify",
            "userId": "u",
            "traits": {"name": "Ann", "email": "ann@example.com", "plan": "Grow"},
        },
        {"type": "group", "userId": "u", "groupId": "g", "traits": {"name": "Acme"}},
        {"type": "identify", "userId": "v", "traits": {"plan": "Atom"}},
        {"type": "identify", "userId": "u", "traits": {"plan": "Atom"}},
    ]

    assert sdk.send("POST", "/v1/batch", {"batch": batch}, headers=basic(key)).status == 200

    row = api.get("customer/u").row
    assert (row["name"], row["plan"], row["organisation_id"]) == ("Ann", "Atom", "g")
    assert api.get("customer/v").row["plan"] == "Atom"
