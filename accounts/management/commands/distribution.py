"""``manage.py distribution``: what lies where on a Citus cluster (docs/scale.md)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.template.defaultfilters import filesizeformat

from accounts.models import Account
from traitly.db.citus import CitusError, nodes
from traitly.db.timeouts import slow_statements

_ON_NODE = """
SELECT count(DISTINCT shardid), coalesce(sum(shard_size), 0) FROM citus_shards WHERE nodename = %s AND nodeport = %s
    AND citus_table_type = 'distributed'
"""
_OF_TABLE = """
SELECT table_name::text, count(*), sum(shard_size), max(shard_size) FROM citus_shards
WHERE citus_table_type = 'distributed' GROUP BY 1 ORDER BY 3 DESC
"""
# Of every machine at once, and nothing for a request: it reads an index of all events.
_LARGEST = """
SELECT account_id, count(*), get_shard_id_for_distribution_column('events_event', account_id)
FROM events_event GROUP BY account_id ORDER BY 2 DESC LIMIT 10
"""
_NODE_OF_SHARD = "SELECT nodename || ':' || nodeport FROM citus_shards WHERE shardid = %s"


class Command(BaseCommand):
    """Reads only."""

    help = "Show the nodes of the Citus cluster, the tables' shards and sizes, and the largest accounts."

    @slow_statements()
    def handle(self, *args: Any, **options: Any) -> None:
        """Print all of it."""
        try:
            found = nodes()
        except CitusError as error:
            raise CommandError(str(error)) from error
        with connection.cursor() as cursor:
            for node in found:
                cursor.execute(_ON_NODE, [node.host, node.port])
                shards, size = cursor.fetchone()
                role = "coordinator" if node.group == 0 else "worker"
                self.stdout.write(f"{node} ({role}): {shards} shards, {filesizeformat(size)}")
            cursor.execute(_OF_TABLE)
            for table, shards, size, largest in cursor.fetchall():
                sizes = f"{filesizeformat(size)}, the largest {filesizeformat(largest)}"
                self.stdout.write(f"{table}: {shards} shards, {sizes}")
            cursor.execute(_LARGEST)
            for account_id, events, shard in cursor.fetchall():
                cursor.execute(_NODE_OF_SHARD, [shard])
                (place,) = cursor.fetchone()
                name = Account.objects.filter(pk=account_id).values_list("name", flat=True).first()
                self.stdout.write(f"Account {account_id} ({name}): {events:,} events, on {place}")
