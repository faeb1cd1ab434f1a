"""``manage.py isolate_account``: shards of its own for a very large account, on a node if one is named (docs/scale.md)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from accounts.queries import find_account
from traitly.db.citus import CitusError, Node, check_cluster, check_moves_online, explained

_SHARD = "SELECT get_shard_id_for_distribution_column('customers_customer', %s)"
_IS_ALONE = "SELECT shardminvalue = shardmaxvalue FROM pg_dist_shard WHERE shardid = %s"
_NODE_OF_SHARD = "SELECT nodename, nodeport FROM citus_shards WHERE shardid = %s"
# CASCADE: the shards of all tables, which lie together.
_ISOLATE = "SELECT isolate_tenant_to_new_shard('customers_customer', %s::bigint, 'CASCADE', shard_transfer_mode => %s)"
_MOVE = "SELECT citus_move_shard_placement(%s, %s::int, %s::int, %s::citus.shard_transfer_mode)"


class Command(BaseCommand):
    """May be run again: what is done already is left."""

    help = "Give one account shards of its own, which hold no other's rows; with --node, move them there."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which account, where to, and whether writers may wait."""
        parser.add_argument("account", help="its id, its name, or a member's email address")
        parser.add_argument("--node", help="HOST:PORT of the worker that is to hold them")
        parser.add_argument(
            "--block-writes",
            action="store_true",
            help="for nodes whose wal_level is not logical: writers wait",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Isolate, then move."""
        try:
            account_id = find_account(options["account"])
            self._run(account_id, options["node"], block_writes=options["block_writes"])
        except (LookupError, CitusError) as error:
            raise CommandError(str(error)) from error

    def _run(self, account_id: int, wanted: str | None, *, block_writes: bool) -> None:
        found = {str(node): node for node in check_cluster()}
        if wanted and wanted not in found:
            raise CommandError(f"The cluster has no node {wanted}, only {', '.join(found)}.")
        if not block_writes:
            check_moves_online()
        mode = "block_writes" if block_writes else "force_logical"
        with (
            explained("What was said to be done is. Run the command again."),
            connection.cursor() as cursor,
        ):
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            cursor.execute(_SHARD, [account_id])
            (shard,) = cursor.fetchone()
            cursor.execute(_IS_ALONE, [shard])
            if cursor.fetchone()[0]:
                self.stdout.write(f"Account {account_id} already has shards of its own.")
            else:
                cursor.execute(_ISOLATE, [account_id, mode])
                (shard,) = cursor.fetchone()
                self.stdout.write(f"Account {account_id} has shards of its own now.")
            if wanted:
                self._move(cursor, shard, found, found[wanted], mode)
            cursor.execute("RESET statement_timeout; RESET lock_timeout")

    def _move(
        self, cursor: Any, shard: int, found: dict[str, Node], target: Node, mode: str
    ) -> None:
        cursor.execute(_NODE_OF_SHARD, [shard])
        source = found["{}:{}".format(*cursor.fetchone())]
        if source == target:
            self.stdout.write(f"They are already on {target}.")
            return
        cursor.execute(_MOVE, [shard, source.id, target.id, mode])
        self.stdout.write(f"They were moved from {source} to {target}.")
