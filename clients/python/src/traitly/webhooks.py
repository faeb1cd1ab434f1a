"""Verifies that a webhook's request comes from your server (Standard Webhooks 1.0)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, cast

from traitly.errors import WebhookVerificationError
from traitly.types import FeedEntry, WebhookBatch

TOLERANCE = 300
SECRET_PREFIX = "whsec_"  # noqa: S105 - says what follows
SIGNATURE_VERSION = "v1"


class Webhook:
    """The requests of one webhook.

        webhook = Webhook("whsec_...")
        payload = webhook.verify(request.body, request.headers)

    Pass the body as it came, before anything parses it. While a secret is being rotated pass both,
    in a list.

    Raises ValueError if a secret is not one.
    """

    def __init__(self, secret: str | Iterable[str], *, tolerance: int = TOLERANCE) -> None:
        secrets = [secret] if isinstance(secret, str) else list(secret)
        if not secrets:
            raise ValueError("A webhook's secret is needed.")
        self._keys = [_key(one) for one in secrets]
        self._tolerance = tolerance

    def verify(self, body: bytes | str, headers: Mapping[str, Any]) -> FeedEntry | WebhookBatch:
        """The payload: an entry of the feed, or ``{"type": "batch", "data": [entries], ...}``.

        ``webhook-id`` of the headers stays the same when a request is sent again: keep it to handle
        each once.

        Raises WebhookVerificationError if it is not signed with the secret, or not within
        ``tolerance`` seconds of now.
        """
        content = body.encode() if isinstance(body, str) else bytes(body)
        message_id = _header(headers, "webhook-id")
        timestamp = _header(headers, "webhook-timestamp")
        signatures = _header(headers, "webhook-signature")
        self._check_time(timestamp)
        signed = b".".join([message_id.encode(), timestamp.encode(), content])
        if not any(self._matches(one, signed) for one in signatures.split()):
            raise WebhookVerificationError(
                "No signature matches: another secret, or the body was changed."
            )
        try:
            return cast("FeedEntry | WebhookBatch", json.loads(content))
        except ValueError as error:
            raise WebhookVerificationError("The body is not JSON.") from error

    def _check_time(self, timestamp: str) -> None:
        try:
            age = time.time() - int(timestamp)
        except ValueError:
            raise WebhookVerificationError(
                f"webhook-timestamp is not a time: {timestamp!r}"
            ) from None
        if abs(age) > self._tolerance:
            raise WebhookVerificationError(
                f"webhook-timestamp is {abs(age):.0f} s {'old' if age > 0 else 'ahead'}: an old request, or a wrong clock."
            )

    def _matches(self, signature: str, signed: bytes) -> bool:
        version, _, encoded = signature.partition(",")
        if version != SIGNATURE_VERSION:
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return any(
            hmac.compare_digest(hmac.digest(key, signed, hashlib.sha256), given)
            for key in self._keys
        )


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError(
            "That is not a webhook's secret: it looks like whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw."
        )
    return key


def _header(headers: Mapping[str, Any], name: str) -> str:
    """The header, whatever the mapping's letters: dicts of frameworks differ, WSGI's too."""
    for given, value in headers.items():
        text = given.decode("latin-1") if isinstance(given, bytes) else str(given)
        if text.lower().replace("_", "-").removeprefix("http-") == name:
            one = value[0] if isinstance(value, (list, tuple)) and value else value
            return one.decode("latin-1") if isinstance(one, bytes) else str(one)
    raise WebhookVerificationError(f"The header {name} is missing.")
