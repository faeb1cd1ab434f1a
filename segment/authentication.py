"""The two ways in which Segment's SDKs send their key: Basic authentication, and ``writeKey`` in the body."""

import base64
import binascii
from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.authentication import Credential, HasScope, find_credential
from segment.bodies import read_message_body

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module, by the views


class WriteKeyAuthentication(BaseAuthentication):
    """``Authorization: Basic base64("<key>:")``; without the header, ``writeKey`` from the body, which is read for this."""

    def authenticate(self, request: Request) -> tuple[None, Credential]:
        """The key's credential, or 401."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        key = (
            _basic_key(header)
            if header
            else read_message_body(request, authenticated=False).get("writeKey")
        )
        credential = find_credential(key, request.META) if isinstance(key, str) else None
        if credential is None:
            raise AuthenticationFailed(
                "Unknown, revoked or expired write key. Use an API key of your account."
            )
        return None, credential

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return "Basic"


class MayWrite(HasScope):
    """The key must be allowed to write, whatever the method: there is nothing to read here."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the key may write."""
        return isinstance(request.auth, Credential) and "write" in request.auth.scopes


def _basic_key(header: str) -> str:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() in {"token", "bearer"}:
        return encoded.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
