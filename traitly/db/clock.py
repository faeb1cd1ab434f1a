"""One order of arrival for all writes, and up to where it is complete.

Rows carry the time at which their statement ran (``ARRIVAL``), but become visible when it commits,
in any order. Who reads them in the order of that time must stop where something earlier may still
appear: at ``settled()``.

A time is settled in three steps. First it is *promised*: written where every statement that starts
later sees it, and so takes a later time, whatever the clock says by then. Then everything is waited
for that had begun to write before. Then it is written down, for all to read. ``ARRIVAL`` takes the
transaction's id before it looks at the promise, so a statement either is among those that are
waited for, or has seen the promise.

Nothing here compares clocks. A clock that is set back, or a standby that takes over with another
one, makes times advance by microseconds until the clock has caught up. A transaction that stays
open holds readers back, never writers.
"""

import datetime
import threading
import time

from django.db import connection
from django.db.backends.utils import CursorWrapper

from traitly.db.citus import is_distributed

_EPOCH = "timestamptz 'epoch'"
_PROMISED = "pg_sequence_last_value('traitly_clock'::regclass)"

# SQL of a statement's time of arrival, later than what is promised. Use it once per statement, as a
# subquery. Only CASE makes PostgreSQL evaluate in this order.
ARRIVAL = f"""(
    SELECT CASE WHEN pg_current_xact_id() IS NOT NULL THEN
        greatest(clock_timestamp(), {_EPOCH} + ({_PROMISED} + 1) * interval '1 microsecond') END
)"""

# Take the lock first, in its own statement: of two concurrent promises the later one must not
# promise less.
_PROMISE = f"""
SELECT FROM traitly_settled FOR UPDATE;
SELECT {_EPOCH} + setval(
    'traitly_clock',
    greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, coalesce({_PROMISED}, 0) + 1)
) * interval '1 microsecond'
"""
# Transactions that had an id before this statement have a smaller one. It runs after the promise is
# committed.
_BEGUN = "SELECT pg_current_xact_id()::text::bigint"
# Whether all of those have ended, except any known to write to another database; and whether this
# is still the server that the number came from.
_ENDED = """
SELECT NOT EXISTS (
    SELECT FROM pg_snapshot_xip(now) AS writing WHERE writing::text::bigint < %(begun)s AND writing::xid::text NOT IN (
        SELECT backend_xid::text FROM pg_stat_activity WHERE datname <> current_database() AND backend_xid IS NOT NULL
    )
), pg_snapshot_xmax(now)::text::bigint > %(begun)s FROM pg_current_snapshot() AS now
"""
# On Citus, a transaction that wrote on a worker is committed there after its id has ended here. Its
# table lock lasts until then. (Querying the workers' prepared transactions takes 35 ms, this less
# than one.)
_HOLDING = """
SELECT virtualtransaction FROM pg_locks JOIN pg_class ON pg_class.oid = relation AND relkind = 'r'
WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# It need not survive a crash: what is lost is determined again.
_SETTLE = """
SET LOCAL synchronous_commit = off;
UPDATE traitly_settled SET settled = greatest(settled, %(promised)s::timestamptz) RETURNING settled
"""


def settled() -> datetime.datetime:
    """The time up to which all rows have arrived: a statement that starts now sees all rows there will ever be up to it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT settled FROM traitly_settled")
        found: datetime.datetime = cursor.fetchone()[0]
    return found


def settle(*, patience: float = 0.1) -> datetime.datetime:
    """Bring ``settled()`` up to the present and return it. Waits at most ``patience`` seconds for running writers.

    Does nothing inside a transaction, because it would wait for its own writes.
    """
    return settled() if connection.in_atomic_block else _barrier.settle(patience)


class _Barrier:
    """Settles for this process. One thread's result serves all threads that were waiting before it began."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rounds = 0  # rounds that were begun
        self._pending: tuple[datetime.datetime, int] | None = (
            None  # the promised time, and the transaction id up to which to wait
        )
        self._holding: set[str] | None = (
            None  # on Citus: those that had a lock when the last of these had ended here
        )
        self._settled: datetime.datetime | None = None

    def settle(self, patience: float) -> datetime.datetime:
        ends = time.monotonic() + patience
        rounds_before = self._rounds
        with self._lock:
            if self._rounds > rounds_before and self._settled is not None:
                return self._settled
            found = (
                self._finish(ends) if self._pending else None
            )  # left over from an earlier call that ran out of patience
            if not self._pending:
                self._rounds += 1
                self._promise()
                found = self._finish(ends) or found
            self._settled = found or settled()
            return self._settled

    def _promise(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_PROMISE)
            promised = cursor.fetchone()[0]
            cursor.execute(_BEGUN)
            self._pending = promised, cursor.fetchone()[0]
            self._holding = None

    def _finish(self, ends: float) -> datetime.datetime | None:
        """Settle what is pending. None, and it stays pending, while its writers have not ended."""
        assert self._pending
        promised, begun = self._pending
        pause = 0.0005
        with connection.cursor() as cursor:
            while True:
                cursor.execute(_ENDED, {"begun": begun})
                ended, same_server = cursor.fetchone()
                ended = ended and (not is_distributed() or self._all_committed(cursor))
                if ended or not same_server:
                    self._pending = None
                if ended and same_server:
                    cursor.execute(_SETTLE, {"promised": promised})
                    found: datetime.datetime = cursor.fetchone()[0]
                    return found
                if not same_server or time.monotonic() + pause > ends:
                    return None
                time.sleep(pause)
                pause = min(2 * pause, 0.02)

    def _all_committed(self, cursor: CursorWrapper) -> bool:
        """Whether those that have ended here are committed on Citus's workers too."""
        cursor.execute(_HOLDING)
        holding = {transaction for (transaction,) in cursor.fetchall()}
        self._holding = holding if self._holding is None else self._holding & holding
        return not self._holding


_barrier = _Barrier()
