"""Rate limits per key: exact over all processes, because PostgreSQL counts; off unless API_RATE_LIMIT is set."""

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import connection
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from traitly.db.retries import retried

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module, by the settings


class Allowance(NamedTuple):
    """What a key may still do in this window, for the RateLimit headers."""

    limit: int
    remaining: int
    reset: int  # seconds until the next window


class KeyRateThrottle(BaseThrottle):
    """At most API_RATE_LIMIT requests in a fixed window; above, 429 with ``Retry-After``."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request, and keep the allowance for the response."""
        limit, seconds = settings.API_RATE_LIMIT or (
            0,
            1,
        )  # the settings name this class only when it is set
        now = time.time()
        window = int(now // seconds)
        used = _count(request.auth.key_id, window)  # type: ignore[union-attr]  # authentication refuses to be without
        if used is None:
            raise AuthenticationFailed("Unknown, revoked or expired API key.")
        self.allowance = Allowance(
            limit, max(limit - used, 0), math.ceil((window + 1) * seconds - now)
        )
        request._request.allowance = self.allowance  # type: ignore[attr-defined]
        return used <= limit

    def wait(self) -> float:
        """Seconds until the next window."""
        return float(self.allowance.reset)


@retried
def _count(key_id: int, window: int) -> int | None:
    """The number of this request in the window, None if the key is revoked. The table is unlogged: a count is not worth a wait for the disk."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_keywindow AS counted (key_id, number, used) "
            "SELECT %(key_id)s, %(number)s, 1 "
            # The keys of an account are revoked before it is erased, and must not leave a count
            # behind.
            "WHERE EXISTS (SELECT FROM accounts_apikey WHERE id = %(key_id)s AND revoked_at IS NULL) "
            "ON CONFLICT (key_id) DO UPDATE SET number = EXCLUDED.number, "
            "used = CASE WHEN counted.number = EXCLUDED.number THEN counted.used + 1 ELSE 1 END RETURNING used",
            {"key_id": key_id, "number": window},
        )
        row: tuple[int] | None = cursor.fetchone()
    return row and row[0]
