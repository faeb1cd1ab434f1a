"""Citus, the extension that distributes accounts over machines (docs/scale.md): whether it is installed, and its nodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from django.db import DatabaseError, connection

_OLDEST = (
    12  # major version; earlier ones cannot join the coordinator's tables with those of workers
)


class CitusError(Exception):
    """Why the cluster cannot do what was requested, and what to do about it."""


class Node(NamedTuple):
    """A PostgreSQL server of the cluster; ``holds``: whether it may hold shards."""

    id: int
    host: str
    port: int
    group: int
    holds: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@cache
def is_distributed() -> bool:
    """Whether the database has the extension Citus. Cached, because nobody installs it while the server runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
        return bool(cursor.fetchone()[0])


def nodes() -> list[Node]:
    """The coordinator and the workers. ``CitusError`` without the extension."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_extension WHERE extname = 'citus'")
        if cursor.fetchone() is None:
            raise CitusError(
                "This database does not have the extension Citus, which distributes tables over machines. Install "
                "it on every node, then: CREATE EXTENSION citus. Without it everything works on one machine."
            )
        cursor.execute(
            "SELECT nodeid, nodename, nodeport, groupid, shouldhaveshards FROM pg_dist_node"
            " WHERE noderole = 'primary' AND isactive ORDER BY groupid"
        )
        return [Node(*row) for row in cursor.fetchall()]


def check_cluster() -> list[Node]:
    """The nodes, all there and fit to hold tables. ``CitusError`` says what is missing."""
    found = nodes()
    if not any(node.group == 0 for node in found):
        raise CitusError(
            "The coordinator has no address: SELECT citus_set_coordinator_host('its-host', 5432)."
        )
    if not any(node.holds for node in found):
        raise CitusError(
            "The cluster has no worker: SELECT citus_add_node('worker-1', 5432) on the coordinator."
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT groupid FROM pg_dist_local_group")
        if cursor.fetchone()[0]:
            raise CitusError("This is a worker. DATABASE_URL must name the coordinator.")
        cursor.execute(
            "SELECT node.nodename || ':' || node.nodeport, success, result"
            " FROM run_command_on_all_nodes($$SELECT extversion || ' on PostgreSQL '"
            " || current_setting('server_version_num')::int / 10000 FROM pg_extension WHERE extname = 'citus'$$)"
            " JOIN pg_dist_node AS node USING (nodeid)"
        )
        rows = cursor.fetchall()
    for name, success, result in rows:
        if not success:
            raise CitusError(f"The node {name} does not answer: {result}")
    versions = {name: result for name, _, result in rows}
    if len(set(versions.values())) > 1:
        told = ", ".join(f"{name} has {version}" for name, version in sorted(versions.items()))
        raise CitusError(f"All nodes must have the same version of Citus and PostgreSQL; {told}.")
    if int(rows[0][2].split(".")[0].split("-")[0]) < _OLDEST:
        raise CitusError(f"Citus must be {_OLDEST} or later, not {rows[0][2]}.")
    return found


@contextmanager
def explained(again: str) -> Iterator[None]:
    """Turns what the cluster refuses meanwhile into a ``CitusError`` that says what to do: ``again``."""
    try:
        yield
    except DatabaseError as error:
        raise CitusError(f"The cluster refused: {str(error).strip()}\n{again}") from error


def check_moves_online() -> None:
    """``CitusError`` unless every node lets Citus copy shards while others write to them."""
    levels = _setting_of_nodes("wal_level")
    wrong = [f"{node} has {level}" for node, level in levels.items() if level != "logical"]
    if wrong:
        raise CitusError(
            f"To copy while others write, every node needs wal_level = logical; {', '.join(wrong)}."
            " Set it and restart them, or let writers wait."
        )
    # Some distributions allow the plugins of PostgreSQL itself only. Elsewhere there is no such
    # setting.
    allowed = _setting_of_nodes("output_plugin_libraries")
    wrong = [node for node, plugins in allowed.items() if plugins and "citus" not in plugins]
    if wrong:
        raise CitusError(
            f"To copy while others write, Citus must be allowed as an output plugin; {', '.join(wrong)} does not. On each:"
            " ALTER SYSTEM SET output_plugin_libraries = pgoutput, test_decoding, citus; SELECT pg_reload_conf()."
        )


def _setting_of_nodes(name: str) -> dict[str, str]:
    """A setting of each node, empty where it has none of that name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nodename || ':' || nodeport, result FROM run_command_on_all_nodes(%s) JOIN pg_dist_node USING (nodeid)",
            [f"SELECT current_setting('{name}', true)"],
        )
        return {node: value or "" for node, value in cursor.fetchall()}
