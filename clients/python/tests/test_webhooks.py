"""Verification of webhooks, against the reference implementation of Standard Webhooks."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import standardwebhooks

from traitly import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
BODY = json.dumps(
    {"type": "event.created", "timestamp": "1493933699", "data": {"name": "é"}}, ensure_ascii=False
)


def _headers(body: str = BODY, secret: str = SECRET, age: float = 0) -> dict[str, Any]:
    when = datetime.now(tz=timezone.utc) - timedelta(seconds=age)
    signature = standardwebhooks.Webhook(secret).sign("msg_1", when, body)
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(when.timestamp())),
        "Webhook-Signature": signature,
        "Content-Type": "application/json",
    }


@pytest.mark.parametrize("body", [BODY, BODY.encode(), bytearray(BODY.encode())])
def test_a_signed_body_is_given_back(body: Any) -> None:
    assert Webhook(SECRET).verify(body, _headers()) == json.loads(BODY)


@pytest.mark.parametrize(
    "shape",
    [
        lambda name: name.lower(),
        lambda name: name.upper(),
        lambda name: "HTTP_" + name.upper().replace("-", "_"),  # WSGI, Django's META
        lambda name: name.lower().encode(),  # ASGI
    ],
)
def test_headers_of_every_framework(shape: Any) -> None:
    headers = {shape(name): value for name, value in _headers().items()}
    assert Webhook(SECRET).verify(BODY, headers)


def test_one_of_several_signatures_is_enough() -> None:
    headers = _headers()
    headers["Webhook-Signature"] = f"v1a,AAAA v1,!! v1,{'A' * 44} {headers['Webhook-Signature']}"
    assert Webhook(SECRET).verify(BODY, headers)


def test_both_secrets_work_during_a_rotation() -> None:
    webhook = Webhook([OTHER, SECRET])
    assert webhook.verify(BODY, _headers())
    assert webhook.verify(BODY, _headers(secret=OTHER))


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (BODY + " ", _headers, "No signature matches"),
        (BODY, lambda: _headers(secret=OTHER), "No signature matches"),
        (BODY, lambda: _headers() | {"Webhook-Id": "msg_2"}, "No signature matches"),
        (
            BODY,
            lambda: _headers() | {"Webhook-Timestamp": str(int(time.time()) + 1)},
            "No signature matches",
        ),
        (BODY, lambda: _headers() | {"Webhook-Signature": ""}, "No signature matches"),
        (BODY, lambda: _headers(age=400), "40. s old"),
        (BODY, lambda: _headers(age=-400), "ahead"),
        (BODY, lambda: _headers() | {"Webhook-Timestamp": "yesterday"}, "not a time"),
        (BODY, dict, "webhook-id is missing"),
        ("no json", lambda: _headers("no json"), "not JSON"),
    ],
)
def test_everything_else_is_refused(
    body: str, headers: Callable[[], dict[str, Any]], message: str
) -> None:
    with pytest.raises(WebhookVerificationError, match=message):
        Webhook(SECRET).verify(body, headers())


def test_the_tolerance_can_be_wider() -> None:
    assert Webhook(SECRET, tolerance=3600).verify(BODY, _headers(age=400))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!", []])
def test_what_is_no_secret_is_refused_at_once(secret: Any) -> None:
    with pytest.raises(ValueError, match="secret"):
        Webhook(secret)
