"""The tests' databases on a Citus cluster, where DATABASE_URL names a database of one; elsewhere nothing happens."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import Any, NamedTuple

import psycopg2
import pytest
from django.conf import settings
from psycopg2 import sql

SHARDS = 4  # few, so that a database is made and dropped fast; queries go to one in any case


class Node(NamedTuple):
    host: str
    port: int


@cache
def nodes() -> list[Node]:
    """The coordinator and the workers of DATABASE_URL's cluster, the coordinator first; none if it is a plain server."""
    if not settings.DATABASE_URL:
        return []
    with (
        closing(psycopg2.connect(settings.DATABASE_URL)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
        if cursor.fetchone() != (True,):
            return []
        cursor.execute("SELECT nodename, nodeport FROM pg_dist_node ORDER BY groupid")
        return [Node(*row) for row in cursor.fetchall()]


PLAIN_ONLY = pytest.mark.skipif(
    bool(nodes()), reason="looks at what one PostgreSQL does; on Citus a worker does it"
)
NEEDS_CITUS = pytest.mark.skipif(
    not nodes(), reason="needs Citus: DATABASE_URL of a database with the extension and workers"
)


@contextmanager
def joined(database: str) -> Iterator[None]:
    """While it lasts, the coordinator's database ``database`` has workers, each with a database of its name."""
    if not nodes():
        yield
        return
    coordinator, *workers = nodes()
    name = sql.Identifier(database)
    for worker in workers:
        _execute(worker, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        _execute(worker, sql.SQL("CREATE DATABASE {}").format(name))
    for node in nodes():
        _execute(node, sql.SQL("CREATE EXTENSION IF NOT EXISTS citus"), database)
    _execute(
        coordinator,
        sql.SQL("SELECT citus_set_coordinator_host({}, {})").format(*map(sql.Literal, coordinator)),
        database,
    )
    for worker in workers:
        _execute(
            coordinator,
            sql.SQL("SELECT citus_add_node({}, {})").format(*map(sql.Literal, worker)),
            database,
        )
    yield
    # Citus's own sessions, or the coordinator's database could not be dropped.
    ended = sql.SQL(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {} AND pid <> pg_backend_pid()"
    )
    _execute(coordinator, ended.format(sql.Literal(database)))
    for worker in workers:
        _execute(worker, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _execute(node: Node, statement: Any, database: str | None = None) -> None:
    parts: dict[str, Any] = {"host": node.host, "port": node.port} | (
        {"dbname": database} if database else {}
    )
    with closing(psycopg2.connect(settings.DATABASE_URL, **parts)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(
            "SET statement_timeout = 0"
        )  # to make or drop a database waits for a checkpoint
        cursor.execute(statement)
