"""Runs a statement again when that is safe."""

import functools
import logging
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import Error as AnyDatabaseError
from django.db import connection, connections
from psycopg2 import errors

from traitly.db.citus import is_distributed

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
# Another transaction won; PostgreSQL asks clients to try again.
_CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure)
# Citus says this if shards were moved or split between planning and execution ("could not find
# valid entry for shard").
_SHARDS_MOVED = errors.InternalError_
# A statement that ran longer before its connection was lost may be the cause: an operator killed
# it, or it crashed the server. Run again, it would do so again, three times per request.
_MAX_SECONDS = 2.0


def connection_is_lost() -> bool:
    """Whether a connection of this thread's is closed, or that to the primary could not be made.

    Call it after an error. The error's class does not tell: a killed backend may raise a plain
    ``DatabaseError``.
    """
    made = [
        each.connection
        for each in connections.all(initialized_only=True)
        if each.connection is not None
    ]
    return connection.connection is None or any(each.closed for each in made)


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service again if its connection turns out to be lost, or PostgreSQL rolled its transaction back.

    Connections outlive requests, so the first statement after a restart of the database finds a
    dead one. What was cancelled is not run again, nor what had run for long when its connection was
    lost. Only for services whose arguments decide everything (ids were made before), so that a run
    whose commit was not heard of stores nothing twice. Within a transaction of the caller's nothing
    is tried again: it is gone as a whole.
    """
    return _run_again(service, if_lost=True)


def retried_if_rolled_back(service: Callable[P, R]) -> Callable[P, R]:
    """The same for services that must not run twice, such as deletions that report what they deleted.

    They run again only after a deadlock, or if Citus moved shards meanwhile: then nothing of the
    first run remains.
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
                connections.close_all()
        return service(*args, **kwargs)

    return run


def _was_rolled_back(error: AnyDatabaseError) -> bool:
    """Whether nothing remains of the transaction and the next one may succeed."""
    cause = error.__cause__
    return isinstance(cause, _CONFLICTS) or (isinstance(cause, _SHARDS_MOVED) and is_distributed())
