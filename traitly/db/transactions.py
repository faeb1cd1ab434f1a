"""Waits for other transactions."""

import time

from django.db import connection

# Every transaction holds the lock of its own virtual id while it runs, visible to everyone.
# usesysid is null for PostgreSQL's own processes: autovacuum may run for hours, and stores none of
# our data.
_RUNNING = """
SELECT virtualtransaction FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'virtualxid' AND granted AND mode = 'ExclusiveLock'
    AND datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid()
"""
_PAUSE_SECONDS = 0.02


def wait_for_running_transactions(*, seconds: float) -> bool:
    """Wait at most ``seconds`` until every transaction that runs now has ended; returns whether all have.

    Whatever begins afterwards sees everything that they committed. Call it outside of a
    transaction.
    """
    ends = time.monotonic() + seconds
    running = _running()
    while running:
        if time.monotonic() > ends:
            return False
        time.sleep(_PAUSE_SECONDS)
        running &= _running()
    return True


def _running() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING)
        return {transaction for (transaction,) in cursor.fetchall()}
