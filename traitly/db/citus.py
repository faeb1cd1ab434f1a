"""Whether the accounts are spread over the machines of a Citus cluster (docs/scale.md)."""

from functools import cache

from django.db import connection


@cache
def is_distributed() -> bool:
    """Whether the database has the extension Citus. Asked once by each process: nobody installs it under a running one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
        return bool(cursor.fetchone()[0])
