"""Decides which requests to a webhook are kept for inspection, and what is kept of them."""

import datetime
import time
import uuid

from feed.models import Attempt
from feed.sending import SendResult

_MAX_TEXT = 16 * 1024  # characters of a body, and of a response
# The successes of a webhook that are kept: some at once, then one every few seconds. Keeping all of
# them for a hundred busy webhooks cost PostgreSQL and the worker more than sending them.
_AT_ONCE = 5
_SECONDS_EACH = 2.0


class AttemptLog:
    """Of one webhook: says what is to be kept."""

    def __init__(self) -> None:
        self._left = float(_AT_ONCE)
        self._asked_at = time.monotonic()

    def wants(self, *, accepted: bool) -> bool:
        """Whether to keep the current attempt: every failure, and some of the successes."""
        if not accepted:
            return True
        now = time.monotonic()
        self._left = min(_AT_ONCE, self._left + (now - self._asked_at) / _SECONDS_EACH)
        self._asked_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def new_attempt(
    webhook_id: uuid.UUID,
    message_id: str,
    at: datetime.datetime,
    seconds: float,
    entries: int,
    body: bytes,
    result: SendResult,
) -> Attempt:
    """What is kept of a request and its response."""
    return Attempt(
        webhook_id=webhook_id,
        message_id=message_id,
        at=at,
        milliseconds=int(seconds * 1000),
        entries=entries,
        body=body[:_MAX_TEXT].decode("utf-8", "replace"),
        status=result.status,
        answer=result.text[:_MAX_TEXT],
    )
