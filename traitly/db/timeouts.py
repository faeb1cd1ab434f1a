"""How long statements may run and wait for locks: set on the database role, not on each connection.

PgBouncer refuses them as start-up options and Citus does not pass those on to its workers; what
ALTER ROLE sets holds wherever PostgreSQL begins a session. Every role may set its own. ``manage.py
migrate`` does so for the role that migrates, the web server for its own when it starts, and a
system check (traitly.W002) tells where they are missing.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connection, transaction

logger = logging.getLogger(__name__)


def wanted() -> dict[str, int]:
    """The timeouts of the settings, in milliseconds."""
    return {
        "lock_timeout": settings.LOCK_TIMEOUT_MS,
        "statement_timeout": settings.STATEMENT_TIMEOUT_MS,
    }


def found() -> dict[str, int]:
    """The timeouts that this session started with, in milliseconds; 0 is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, reset_val::int FROM pg_settings WHERE name = ANY(%s)", [list(wanted())]
        )
        return dict(cursor.fetchall())


def set_timeouts() -> bool:
    """Set the timeouts on the current role, for its new sessions; False if it has them already."""
    if found() == wanted():
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        # Servers that start at the same time would change the same row, and PostgreSQL would refuse
        # the second.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('traitly.timeouts'))")
        cursor.execute(
            "SELECT format('ALTER ROLE %I IN DATABASE %I', current_user, current_database())"
        )
        (alter,) = cursor.fetchone()
        for name, milliseconds in wanted().items():
            cursor.execute(f"{alter} SET {name} = %s", [milliseconds])
    return True


def set_in_background() -> None:
    """``set_timeouts`` on a thread, so that nobody waits for an unreachable database."""
    threading.Thread(target=_set_or_warn, daemon=True, name="timeouts").start()


def _set_or_warn() -> None:
    try:
        set_timeouts()
    except DatabaseError as error:
        logger.warning("The timeouts of the database role are not set: %s", error)
    finally:
        connection.close()


@contextmanager
def slow_statements() -> Iterator[None]:
    """A transaction whose statements may run for ``SLOW_STATEMENT_TIMEOUT_MS``: erasures, and other work of many rows.

    Within a transaction of the caller's it lasts until that one's end. SET LOCAL, so that behind a
    pooler no other client's session has it.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)",
                [str(settings.SLOW_STATEMENT_TIMEOUT_MS)],
            )
        yield
