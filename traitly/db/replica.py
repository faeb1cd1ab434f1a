"""Where lists, exports and pages read: from a streaming replica, if DATABASE_REPLICA_URL names one (docs/operations.md).

A replica is behind by what it has not replayed yet, so whatever decides about a write reads from
the primary, and so do single objects, keys, the feed and everything within a transaction.
"""

import logging
import time

from django.conf import settings
from django.db import OperationalError, connection, connections
from django.db.backends.utils import CursorWrapper

logger = logging.getLogger(__name__)

REPLICA = "replica"  # its name in DATABASES
# A replica that cannot be reached is left alone for so long: each attempt may wait for
# connect_timeout.
_PAUSE_SECONDS = 10.0
_skipped_until = 0.0


def read_cursor() -> CursorWrapper:
    """A cursor for reading what may be behind: the replica's, or the primary's where there is none or it is away."""
    global _skipped_until  # noqa: PLW0603  of the process, like the replica
    if (
        REPLICA not in settings.DATABASES
        or connection.in_atomic_block
        or time.monotonic() < _skipped_until
    ):
        return connection.cursor()
    try:
        return connections[REPLICA].cursor()
    except OperationalError as error:
        _skipped_until = time.monotonic() + _PAUSE_SECONDS
        logger.warning("The replica cannot be reached, the primary is read instead: %s", error)
        return connection.cursor()
