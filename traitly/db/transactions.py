"""Waiting for other transactions."""

import time

from django.db import connection

# Every transaction holds the lock of its own virtual id while it runs, and everyone may see that. usesysid is null for
# PostgreSQL's own processes: autovacuum runs for hours, and stores nothing of ours.
_RUNNING = """
SELECT virtualtransaction FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'virtualxid' AND granted AND mode = 'ExclusiveLock'
    AND datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid()
"""
_PAUSE_SECONDS = 0.02


def wait_for_running_transactions(*, seconds: float) -> bool:
    """Wait until every transaction that runs now has ended, at most so long; says whether they all have.

    What begins afterwards sees all that was committed before the call. To be called outside of a transaction.
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
