"""Trying a statement again, when that is right."""

import functools
import logging
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import Error as AnyDatabaseError
from django.db import connection
from psycopg2 import errors

from traitly.db.citus import is_distributed

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
# Another transaction won; trying again is what PostgreSQL asks for.
_CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure)
# What Citus says where shards are moved or split between planning and running ("could not find valid entry for shard").
_SHARDS_MOVED = errors.InternalError_
# A statement that ran for longer before its connection was lost may be why: an operator ended it, or the server fell
# over it. Run again, it would do the same again, three times for each request.
_MAX_SECONDS = 2.0


def connection_is_lost() -> bool:
    """Whether this thread's connection is closed, or could not be made.

    To be asked after an error. Its class does not say so: a killed backend may raise plain ``DatabaseError``.
    """
    return connection.connection is None or bool(connection.connection.closed)


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service again when its connection turns out to be lost, or its transaction was rolled back by no fault of its own.

    Connections outlive requests, so the first statement after a restart of the database finds a dead one. What was
    cancelled is not run again, nor what had run for long when its connection was lost. Only for
    services whose arguments decide everything (ids were made before), so that a run whose commit was not heard of
    stores nothing twice. Within a transaction of the caller's nothing is tried again: it is gone as a whole.
    """
    return _run_again(service, if_lost=True)


def retried_if_rolled_back(service: Callable[P, R]) -> Callable[P, R]:
    """The same for services that may not run twice, such as deletions that say what they found.

    Run again only after a deadlock, or on Citus where shards were moved meanwhile: then nothing of the first run is left.
    """
    return _run_again(service, if_lost=False)


def _run_again(service: Callable[P, R], *, if_lost: bool) -> Callable[P, R]:
    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, _ATTEMPTS):
            begin = time.monotonic()
            try:
                return service(*args, **kwargs)
            except AnyDatabaseError as error:
                if connection.in_atomic_block:
                    raise
                lost = if_lost and connection_is_lost() and time.monotonic() - begin < _MAX_SECONDS
                if not lost and not _was_rolled_back(error):
                    raise
                logger.warning("Trying again (attempt %d): %s", attempt + 1, error)
                connection.close()
        return service(*args, **kwargs)

    return run


def _was_rolled_back(error: AnyDatabaseError) -> bool:
    """Whether nothing is left of the transaction, and the next one may succeed."""
    cause = error.__cause__
    return isinstance(cause, _CONFLICTS) or (isinstance(cause, _SHARDS_MOVED) and is_distributed())
