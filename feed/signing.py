"""Standard Webhooks 1.0 (https://www.standardwebhooks.com): secrets, ids of messages, signatures."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"


def new_secret() -> str:
    """A new secret, in the form that both sides keep."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def message_id(*parts: object) -> str:
    """A message's id, derived from its parts, so that a retry by any worker has the same id."""
    return "msg_" + hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


def signed_headers(
    *, identifier: str, timestamp: int, body: bytes, keys: Iterable[str]
) -> dict[str, str]:
    """The headers of a message, signed with each of the secrets."""
    signed = f"{identifier}.{timestamp}.".encode() + body
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
