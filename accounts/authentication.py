"""The ``Authorization: Token <key>`` header: finds a key's account with at most one query, usually none."""

import datetime
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import keys
from accounts.client_ip import client_ip
from accounts.models import ApiKey
from accounts.quotas import Limits, remember_limits
from traitly.db.prepared import Prepared
from traitly.db.retries import retried
from traitly.observability.metrics import count_key_lookup

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module, by the settings


class Credential(NamedTuple):
    """What a request may do, in ``request.auth``."""

    key_id: int
    account_id: int
    scopes: frozenset[str]
    expires_at: datetime.datetime | None

    def still_works(self) -> bool:
        """Whether the key is still valid, for responses that take longer than keys are cached."""
        rows = ApiKey.objects.filter(id=self.key_id, revoked_at=None)
        return rows.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now())).exists()


class RefusedKey(NamedTuple):
    """A key that is revoked or expired, for the log: ``request.refused_key``."""

    key_id: int
    account_id: int


# Looks the key up, its account's quotas with it, and, at most once a minute over all processes,
# records its use: one statement, so that a request never costs two.
_LOOK_UP = Prepared(
    """
WITH found AS (
    SELECT apikey.id, account_id, scopes, expires_at, last_used_at,
        revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %(now)s) AS works,
        max_customers, max_events_per_day
    FROM accounts_apikey AS apikey JOIN accounts_account AS account ON account.id = account_id
    WHERE digest = %(digest)s
), used AS (
    UPDATE accounts_apikey SET last_used_at = %(now)s, last_used_from = %(address)s
    WHERE id = (SELECT id FROM found WHERE works AND (last_used_at IS NULL OR last_used_at < %(minute_ago)s))
)
SELECT id, account_id, scopes, expires_at, works, max_customers, max_events_per_day FROM found
"""
)

_MAX_CACHED = 10_000
_cache: dict[bytes, tuple[float, Credential]] = {}


def find_credential(key: str, environ: Mapping[str, Any]) -> Credential | None:
    """What the key allows; None if it is unknown, revoked or expired."""
    found = find_key(key, environ)
    return found if isinstance(found, Credential) else None


def find_key(key: str, environ: Mapping[str, Any]) -> Credential | RefusedKey | None:
    """The key, None if it is unknown.

    A valid key is cached for ``API_KEY_CACHE_SECONDS``; others are looked up each time, so that a
    new key works at once. ``environ`` says from where it is used.
    """
    digest = keys.digest(key)
    cached = _cache.get(digest)
    if cached and cached[0] > time.monotonic():
        credential = cached[1]
        if credential.expires_at is None or credential.expires_at > timezone.now():
            count_key_lookup(cached=True)
            return credential
    count_key_lookup(cached=False)
    row = _look_up(digest, client_ip(environ))
    if row is None or not row[4]:
        _cache.pop(digest, None)
        return RefusedKey(row[0], row[1]) if row else None
    remember_limits(account_id=row[1], limits=Limits(row[5], row[6]))
    credential = Credential(row[0], row[1], frozenset(row[2]), row[3])
    if len(_cache) >= _MAX_CACHED:
        _cache.clear()
    _cache[digest] = (time.monotonic() + settings.API_KEY_CACHE_SECONDS, credential)
    return credential


@retried
def _look_up(digest: bytes, address: str | None) -> tuple[Any, ...] | None:
    now = timezone.now()
    with connection.cursor() as cursor:
        _LOOK_UP.execute(
            cursor,
            {
                "digest": digest,
                "now": now,
                "minute_ago": now - datetime.timedelta(minutes=1),
                "address": address,
            },
        )
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def forget_credentials() -> None:
    """Empty the cache of keys."""
    _cache.clear()


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Token <key>``, or ``Bearer <key>``; scheme names in any case. Sets ``request.auth`` alone."""

    def authenticate(self, request: Request) -> tuple[None, Credential]:
        """The key's credential, or 401: no view of the API is public."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, key = header.partition(" ")
        key = key.strip()
        if not header:
            raise AuthenticationFailed(
                "Send the header: Authorization: Token <your API key>.", "not_authenticated"
            )
        if scheme.lower() not in {"token", "bearer"} or not key or " " in key:
            raise AuthenticationFailed(
                "Malformed header. Expected: Authorization: Token <your API key>."
            )
        credential = find_key(key, request.META)
        if not isinstance(credential, Credential):
            request._request.refused_key = credential  # type: ignore[attr-defined]
            raise AuthenticationFailed("Unknown, revoked or expired API key.")
        return None, credential

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return "Token"


class HasScope(BasePermission):
    """The key's scopes must cover the method: ``read`` for GET, HEAD and OPTIONS, ``write`` for the others."""

    message = "This API key's scopes do not allow this method."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether they cover it."""
        needed = "read" if request.method in {"GET", "HEAD", "OPTIONS"} else "write"
        return isinstance(request.auth, Credential) and needed in request.auth.scopes
