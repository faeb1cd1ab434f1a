"""When to try again."""

from __future__ import annotations

import logging
import random

from traitly.errors import TraitlyError

logger = logging.getLogger("traitly")

FIRST_WAIT = 0.25
MAX_WAIT = 30.0
#: A longer Retry-After is not slept through: the error is raised, and its ``retry_after`` says when.
MAX_RETRY_AFTER = 60.0


def wait_before(attempt: int, retry_after: float | None) -> float:
    """The seconds to wait before attempt number ``attempt`` (the first retry is 2).

    They double from 0.25 to 30 s, and each is cut by up to a half at random, so that clients that
    failed together do not come back together. ``Retry-After`` is the least; the random part then
    comes on top of it.
    """
    ceiling = min(MAX_WAIT, FIRST_WAIT * 2.0 ** min(attempt - 2, 20))
    backoff = ceiling * random.uniform(0.5, 1)
    if retry_after is None:
        return backoff
    return retry_after + backoff if retry_after >= backoff else backoff


class Backoff:
    """The attempts of one request."""

    def __init__(self, max_retries: int) -> None:
        self._max_retries = max_retries
        self._attempts = 0

    def wait_after(self, error: TraitlyError) -> float:
        """The seconds to wait before the next attempt; raises the error if there is none."""
        self._attempts += 1
        error.attempts = self._attempts
        if not error.retryable or self._attempts > self._max_retries:
            raise error
        if error.retry_after is not None and error.retry_after > MAX_RETRY_AFTER:
            raise error
        seconds = wait_before(self._attempts + 1, error.retry_after)
        logger.info("%s; trying again in %.1f s", error, seconds)
        return seconds
