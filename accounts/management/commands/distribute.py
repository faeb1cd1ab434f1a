"""``manage.py distribute``: the accounts' data over the machines of a Citus cluster (docs/scale.md)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import account_owned_models
from traitly.db.citus import CitusError, check_cluster

_KEY = "account_id"
_FIRST = "customers_customer"  # beside whose shards those of the other tables lie: an account's rows are on one machine
_SIZE = """
SELECT greatest(reltuples, 0)::bigint, pg_size_pretty(pg_total_relation_size(oid)), pg_relation_size(oid) > 0
FROM pg_class WHERE oid = %s::regclass
"""


def _tables() -> list[str]:
    """The tables of every account's data, customers first."""
    return sorted((model._meta.db_table for model in account_owned_models()), key=lambda table: table != _FIRST)


class Command(BaseCommand):
    """Not a migration: one that found no Citus would be recorded as done, and never run again."""

    help = "Distribute the tables of the accounts' data (customers, events, ...) by account. Needs PostgreSQL's extension Citus."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say how many parts, and whether writers may wait."""
        parser.add_argument("--shards", type=int, default=32, help="parts of each table, over all machines (32)")
        parser.add_argument(
            "--concurrently",
            action="store_true",
            help="let others write meanwhile; needs wal_level = logical, and is undone by hand if it fails",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Distribute what is not distributed yet; the second time there is nothing left to do."""
        try:
            holding = [node for node in check_cluster() if node.holds]
        except CitusError as error:
            raise CommandError(str(error)) from error
        self.verbose = options["verbosity"] > 0
        self._say(f"Over {len(holding)} nodes, in {options['shards']} shards: {', '.join(map(str, holding))}.")
        if options["concurrently"]:
            self._check_wal_level()
        with connection.cursor() as cursor:
            # Of this session: these statements copy whole tables, and wait for whoever is writing.
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            try:
                if options["concurrently"]:
                    self._distribute_all(cursor, "create_distributed_table_concurrently", options["shards"])
                else:
                    # All or nothing: stopped half-way, nothing has changed, and no server meets tables that are apart.
                    with transaction.atomic():
                        # Tables that share a shard key are changed one shard after the other.
                        cursor.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
                        self._distribute_all(cursor, "create_distributed_table", options["shards"])
            finally:
                if not connection.in_atomic_block and connection.is_usable():
                    cursor.execute("RESET statement_timeout; RESET lock_timeout")

    def _distribute_all(self, cursor: CursorWrapper, function: str, shards: int) -> None:
        tables = _tables()
        for number, table in enumerate(tables, start=1):
            cursor.execute("SELECT FROM citus_tables WHERE table_name = %s::regclass", [table])
            done = cursor.fetchone() is not None
            cursor.execute(_SIZE, [table])
            rows, size, has_local_rows = cursor.fetchone()
            step = f"{number} of {len(tables)}: {table}"
            if not done:
                self._say(f"{step}, about {rows:,} rows, {size}, is being distributed by {_KEY}.")
                count, beside = ("%s", "none") if table == _FIRST else ("NULL", _FIRST)
                cursor.execute(
                    f"SELECT {function}(%s, %s, colocate_with => %s, shard_count => {count})",
                    [table, _KEY, beside, *([shards] if table == _FIRST else [])],
                )
                cursor.execute(_SIZE, [table])
                has_local_rows = cursor.fetchone()[2]
            # The rows have been copied: those of the coordinator are read and erased by nobody any more.
            if has_local_rows:
                self._say(f"{step}: its copy on the coordinator is removed.")
                cursor.execute("SELECT truncate_local_data_after_distributing_table(%s::regclass)", [table])
            if done:
                self._say(f"{step} is already distributed.")
            else:
                self._say(f"{step} is distributed.")

    def _check_wal_level(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nodename || ':' || nodeport, result"
                " FROM run_command_on_all_nodes('SHOW wal_level') JOIN pg_dist_node USING (nodeid)"
            )
            wrong = [f"{name} has {level}" for name, level in cursor.fetchall() if level != "logical"]
        if wrong:
            raise CommandError(f"--concurrently needs wal_level = logical on every node: {', '.join(wrong)}.")

    def _say(self, text: str) -> None:
        if self.verbose:
            self.stdout.write(text)
            self.stdout.flush()
