"""Requests of the SDKs whose languages are not run here, as their sources make them (docs/guides/segment.md)."""

import base64
import gzip
import json
from typing import Any

import pytest

from events.models import Event
from tests.client import Api
from tests.factories import make_key

NOW = "2026-11-24T12:00:00.000Z"


def messages(timestamp: str = NOW, **common: Any) -> list[dict[str, object]]:
    """One of everything."""
    each = {"userId": "user-1", "timestamp": timestamp, **common}
    return [
        {**each, "type": "identify", "traits": {"name": "Ann", "plan": "Grow"}, "messageId": "m-1"},
        {
            **each,
            "type": "track",
            "event": "Signed Up",
            "properties": {"source": "ad"},
            "messageId": "m-2",
        },
        {**each, "type": "page", "name": "Index", "properties": {"path": "/"}, "messageId": "m-3"},
        {**each, "type": "screen", "name": "Home", "properties": {}, "messageId": "m-4"},
        {
            **each,
            "type": "group",
            "groupId": "org-7",
            "traits": {"name": "Acme"},
            "messageId": "m-5",
        },
        {**each, "type": "alias", "previousId": "anon-1", "messageId": "m-6"},
    ]


def php(key):
    context = {"library": {"name": "analytics-php", "version": "3.8.1", "consumer": "LibCurl"}}
    body = {
        "batch": messages("2026-11-24T12:00:00.000+00:00", context=context),
        "sentAt": "2026-11-24T12:00:00+00:00",
    }
    headers = {"Authorization": _basic(key), "User-Agent": "analytics-php/3.8.1"}
    return "/v1/batch", json.dumps(body).encode(), "application/json", headers


def php_gzip(key):
    path, body, content_type, headers = php(key)
    return path, gzip.compress(body), content_type, headers | {"Content-Encoding": "gzip"}


def ruby(key):
    context = {"library": {"name": "analytics-ruby", "version": "2.5.0"}}
    body = {
        "sentAt": "2026-11-24T12:00:00.000+01:00",
        "batch": messages(context=context, anonymousId=None),
    }
    headers = {
        "Authorization": _basic(key),
        "Accept": "application/json",
        "User-Agent": "analytics-ruby/2.5.0",
    }
    return "/v1/import", json.dumps(body).encode(), "application/json", headers


def csharp(key):
    context = {"library": {"name": "Analytics-CSharp", "version": "2.5.4"}}
    body = {
        "batch": messages(context=context, integrations={}, anonymousId="a-1"),
        "sentAt": NOW,
        "writeKey": key,
    }
    return "/b", json.dumps(body).encode(), "text/plain", {}


def kotlin(key):
    metadata: dict[str, list[str]] = {"bundled": [], "unbundled": [], "bundledIds": []}
    context = {"library": {"name": "analytics-kotlin", "version": "1.19.2"}, "instanceId": "i-1"}
    common: dict[str, Any] = {
        "context": context,
        "integrations": {},
        "anonymousId": "a-1",
        "_metadata": metadata,
    }
    body = {"batch": messages(**common), "sentAt": NOW, "writeKey": key}
    content = gzip.compress(json.dumps(body).encode())
    headers = {"Content-Encoding": "gzip", "User-Agent": "analytics-kotlin/1.19.2"}
    return "/v1/b", content, "text/plain", headers


def swift(key):
    context = {
        "library": {"name": "analytics-swift", "version": "1.9.1"},
        "device": {"type": "ios"},
    }
    common: dict[str, Any] = {
        "context": context,
        "integrations": {},
        "anonymousId": "a-1",
        "_metadata": {"bundled": []},
    }
    body = {"batch": messages(**common), "sentAt": NOW, "writeKey": key}
    headers = {"Authorization": _basic(key), "User-Agent": "analytics-ios/1.9.1"}
    return "/v1/b", json.dumps(body).encode(), "application/json; charset=utf-8", headers


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


SDKS = [php, php_gzip, ruby, csharp, kotlin, swift]


@pytest.mark.parametrize("sdk", SDKS)
def test_one_of_everything(api, acme, sdk):
    path, body, content_type, headers = sdk(make_key(acme, scopes=["write"]).key)

    for _ in range(2):  # sent again, it is stored once
        response = Api().send("POST", path, body, content_type=content_type, headers=headers)
        assert (response.status, response.json) == (200, {"success": True})

    row = api.get("customer/user-1").row
    assert (row["name"], row["plan"], row["organisation_id"]) == ("Ann", "Grow", "org-7")
    assert set(Event.objects.filter(account=acme).values_list("id", "name")) == {
        ("m-2", "Signed Up"),
        ("m-3", "Viewed Index Page"),
        ("m-4", "Viewed Home Screen"),
    }
    assert "anon-1" in [alias["previous_id"] for alias in api.get("customer/user-1/alias").data]


@pytest.mark.parametrize("sdk", SDKS)
def test_a_wrong_key(db, sdk):
    path, body, content_type, headers = sdk("wrong")

    response = Api().send("POST", path, body, content_type=content_type, headers=headers)

    assert response.status == 401
    assert isinstance(response.json["code"], str)
    assert isinstance(response.json["message"], str)
