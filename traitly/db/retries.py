"""Trying a statement again, when that is right."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection
from psycopg2 import errors

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
# Another transaction won; trying again is what PostgreSQL asks for.
_CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure)


def connection_is_lost() -> bool:
    """Whether what just failed has failed because the connection is gone, or none could be made."""
    return connection.connection is None or bool(connection.connection.closed)


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service again when its connection turns out to be lost, or it lost against another transaction.

    Connections outlive requests, so the first statement after a restart of the database finds a dead one. Only for
    services whose arguments decide everything (ids were made before), so that a run whose commit was not heard of
    stores nothing twice. Within a transaction of the caller's nothing is tried again: it is gone as a whole.
    """

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, _ATTEMPTS):
            try:
                return service(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                if connection.in_atomic_block:
                    raise
                if not connection_is_lost() and not isinstance(error.__cause__, _CONFLICTS):
                    raise
                logger.warning("Trying again (attempt %d): %s", attempt + 1, error)
                connection.close()
        return service(*args, **kwargs)

    return run
