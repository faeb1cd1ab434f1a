"""``manage.py distribute``: the accounts' data over the machines of a Citus cluster (docs/scale.md)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts.models import account_owned_models
from traitly.db.timeouts import slow_statements

_KEY = "account_id"
_FIRST = "customers_customer"  # beside whose shards those of the other tables lie: an account's rows are on one machine


def _tables() -> list[str]:
    """The tables of every account's data, customers first."""
    return sorted((model._meta.db_table for model in account_owned_models()), key=lambda table: table != _FIRST)  # noqa: SLF001  documented


class Command(BaseCommand):
    """Not a migration: one that found no Citus would be recorded as done, and never run again."""

    help = "Distribute the tables of the accounts' data (customers, events, ...) by account. Needs PostgreSQL's extension Citus."

    @slow_statements()
    def handle(self, *args: Any, **options: Any) -> None:
        """Distribute what is not distributed yet; the second time there is nothing left to do."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
            if cursor.fetchone() is None:
                raise CommandError(
                    "This database does not have the extension Citus, which distributes tables over machines. Install "
                    "it on every node, then: CREATE EXTENSION citus. Without it everything works on one machine."
                )
            # Tables that share a shard key are changed one shard after the other: see Citus's multi_shard_modify_mode.
            cursor.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
            for table in _tables():
                cursor.execute("SELECT 1 FROM citus_tables WHERE table_name = %s::regclass", [table])
                if cursor.fetchone():
                    self.stdout.write(f"{table} is already distributed.")
                    continue
                with_table = "none" if table == _FIRST else _FIRST
                cursor.execute(
                    "SELECT create_distributed_table(%s, %s, colocate_with => %s)", [table, _KEY, with_table]
                )
                self.stdout.write(f"Distributed {table} by {_KEY}.")
