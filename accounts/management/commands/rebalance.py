"""``manage.py rebalance``: spread the shards over the nodes of a Citus cluster while it serves (docs/scale.md)."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from traitly.db.citus import CitusError, check_cluster, check_moves_online, explained

_RUNNING = "SELECT job_id FROM citus_rebalance_status() WHERE state IN ('scheduled', 'running')"
_STATUS = """
SELECT state, coalesce(details -> 'task_state_counts', '{}')::text FROM citus_rebalance_status() ORDER BY job_id DESC LIMIT 1
"""
_PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    """Citus does it in the background: whoever stops this command leaves that running, and may look again."""

    help = "Spread shards evenly over the nodes, by their size, while everything serves; --stop ends it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say whether to end it instead, and whether writers may wait."""
        parser.add_argument(
            "--stop", action="store_true", help="end the one that runs; what was moved stays moved"
        )
        parser.add_argument(
            "--block-writes",
            action="store_true",
            help="for nodes whose wal_level is not logical: writers wait",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start it, unless it runs, and tell how far it is until it ends."""
        try:
            check_cluster()
            with explained("Run the command again."), connection.cursor() as cursor:
                if options["stop"]:
                    cursor.execute("SELECT citus_rebalance_stop()")
                    self.stdout.write("Stopped.")
                    return
                state = self._run(cursor, block_writes=options["block_writes"])
        except CitusError as error:
            raise CommandError(str(error)) from error
        if state not in {"finished", ""}:
            raise CommandError(f"It ended as {state}; citus_rebalance_status() says why.")

    def _run(self, cursor: Any, *, block_writes: bool) -> str:
        cursor.execute(_RUNNING)
        if cursor.fetchone() is None:
            if not block_writes:
                check_moves_online()
            mode = "block_writes" if block_writes else "force_logical"
            cursor.execute("SELECT citus_rebalance_start(shard_transfer_mode => %s)", [mode])
            if cursor.fetchone()[0] is None:
                self.stdout.write("The shards are already spread evenly.")
                return ""
        return self._follow(cursor)

    def _follow(self, cursor: Any) -> str:
        told = ""
        while True:
            cursor.execute(_STATUS)
            state, tasks = cursor.fetchone()
            text = f"{state}: {tasks}"
            if text != told:
                self.stdout.write(text)
                told = text
            if state not in {"scheduled", "running", "cancelling"}:
                return str(state)
            time.sleep(_PAUSE_SECONDS)
