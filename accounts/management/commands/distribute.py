"""``manage.py distribute``: the accounts' data over the machines of a Citus cluster (docs/scale.md)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg2.errors import InternalError_, LockNotAvailable

from accounts.models import account_owned_models
from traitly.db.citus import CitusError, check_cluster, check_moves_online, explained

_KEY = "account_id"
# Beside whose shards those of the other tables lie: an account's rows are on one machine
_FIRST = "customers_customer"
_SIZE = """
SELECT greatest(reltuples, 0)::bigint, pg_size_pretty(pg_total_relation_size(oid)), pg_relation_size(oid) > 0
FROM pg_class WHERE oid = %s::regclass
"""
# One that is "local" was left by a run of --concurrently that was stopped.
_IS_DISTRIBUTED = (
    "SELECT FROM citus_tables WHERE table_name = %s::regclass AND citus_table_type = 'distributed'"
)
_COPIED = """
SELECT coalesce(sum(result::bigint), 0) FROM run_command_on_workers(
    $$SELECT coalesce(sum(tuples_processed), 0) FROM pg_stat_progress_copy WHERE datname = current_database()$$
) WHERE success
"""
_TELL_SECONDS = 5
# Before it copies while others write, Citus waits for every transaction that runs, on all databases
# of the server.
_ATTEMPTS = 20


class _Size(NamedTuple):
    """What of a table lies on this node."""

    rows: int
    pretty: str
    has_rows: bool


def _size(cursor: CursorWrapper, table: str) -> _Size:
    cursor.execute(_SIZE, [table])
    return _Size(*cursor.fetchone())


def _tables() -> list[str]:
    """The tables of every account's data, customers first."""
    return sorted(
        (model._meta.db_table for model in account_owned_models()),
        key=lambda table: table != _FIRST,
    )


class Command(BaseCommand):
    """Not a migration: one that found no Citus would be recorded as done, and never run again."""

    help = "Distribute the tables of the accounts' data (customers, events, ...) by account. Needs PostgreSQL's extension Citus."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say how many parts, and whether writers may wait."""
        parser.add_argument(
            "--shards", type=int, default=32, help="parts of each table, over all machines (32)"
        )
        parser.add_argument(
            "--concurrently",
            action="store_true",
            help="let others write meanwhile; needs wal_level = logical on every node",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Distribute what is not distributed yet; the second time there is nothing left to do."""
        self.verbose = options["verbosity"] > 0
        try:
            self._distribute(concurrently=options["concurrently"], shards=options["shards"])
        except CitusError as error:
            raise CommandError(str(error)) from error

    def _distribute(self, *, concurrently: bool, shards: int) -> None:
        holding = [node for node in check_cluster() if node.holds]
        if concurrently:
            check_moves_online()
        self._say(f"Over {len(holding)} nodes, in {shards} shards: {', '.join(map(str, holding))}.")
        with connection.cursor() as cursor:
            # Of this session: these statements copy whole tables, and wait for whoever is writing.
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            try:
                if concurrently:
                    # Each statement is whole by itself: what is distributed stays so, and the rest
                    # is done the next time.
                    with explained(
                        "What was said to be distributed is. Run the command again for the rest."
                    ):
                        self._distribute_all(
                            cursor, "create_distributed_table_concurrently", shards
                        )
                else:
                    # All or nothing: stopped half-way, nothing has changed, and no server meets
                    # tables that are apart.
                    with (
                        explained("Nothing has changed. Run the command again."),
                        transaction.atomic(),
                    ):
                        # Tables that share a shard key are changed one shard after the other.
                        cursor.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
                        self._distribute_all(cursor, "create_distributed_table", shards)
            finally:
                if not connection.in_atomic_block and connection.is_usable():
                    cursor.execute("RESET statement_timeout; RESET lock_timeout")

    def _distribute_all(self, cursor: CursorWrapper, function: str, shards: int) -> None:
        tables = _tables()
        for number, table in enumerate(tables, start=1):
            step = f"{number} of {len(tables)}: {table}"
            cursor.execute(_IS_DISTRIBUTED, [table])
            outcome = "is already distributed"
            if cursor.fetchone() is None:
                begin = time.monotonic()
                self._distribute_one(cursor, function, step, table, shards)
                outcome = f"is distributed, after {time.monotonic() - begin:.1f} s"
            # The rows have been copied: those of the coordinator are read and erased by nobody any
            # more.
            if _size(cursor, table).has_rows:
                self._say(f"{step}: its copy on the coordinator is removed.")
                cursor.execute(
                    "SELECT truncate_local_data_after_distributing_table(%s::regclass)", [table]
                )
            self._say(f"{step} {outcome}.")

    def _distribute_one(
        self, cursor: CursorWrapper, function: str, step: str, table: str, shards: int
    ) -> None:
        size = _size(cursor, table)
        self._say(
            f"{step}, about {size.rows:,} rows, {size.pretty}, is being distributed by {_KEY}."
        )
        count, beside = ("%s", "none") if table == _FIRST else ("NULL", _FIRST)
        statement = f"SELECT {function}(%s, %s, colocate_with => %s, shard_count => {count})"
        parameters: list[str | int] = [table, _KEY, beside, *([shards] if table == _FIRST else [])]
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._telling(step):
                    cursor.execute(statement, parameters)
            except DatabaseError as error:
                # The role's lock_timeout, in a session of Citus's own, which tells of it as an
                # internal error.
                waited = isinstance(error.__cause__, (LockNotAvailable, InternalError_))
                if connection.in_atomic_block or not waited or attempt == _ATTEMPTS:
                    raise
                self._say(
                    f"{step} is tried again (attempt {attempt + 1}): {error.args[0].splitlines()[0]}"
                )
            else:
                return

    @contextmanager
    def _telling(self, step: str) -> Iterator[None]:
        """Say, every few seconds, how many rows the workers have taken."""
        ended = threading.Event()

        def tell() -> None:
            with suppress(DatabaseError):  # the table is distributed all the same
                while not ended.wait(_TELL_SECONDS):
                    with connection.cursor() as cursor:
                        cursor.execute(_COPIED)
                        (copied,) = cursor.fetchone()
                    if copied:
                        self._say(f"{step}: {copied:,} rows are copied.")
            connection.close()

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _say(self, text: str) -> None:
        if self.verbose:
            self.stdout.write(text)
            self.stdout.flush()
