"""Metrics collected at each scrape: the state of the database, and the workers' connections."""

from collections.abc import Callable, Iterable, Iterator

from django.db import DatabaseError, connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from traitly.db.probe import Probe
from traitly.server import shared

_SESSIONS = """
SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1
"""
_DATABASE = """
SELECT pg_database_size(current_database()), coalesce(extract(epoch FROM max(now() - xact_start)), 0)
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

# Other apps add theirs in AppConfig.ready(): functions that return metrics and may query the
# database.
SOURCES: list[Callable[[], Iterable[Metric]]] = []


class StateCollector(Collector):
    """Reports only ``traitly_database_up 0`` if the database does not respond in time."""

    def collect(self) -> Iterator[Metric]:
        """The metrics, as they are now."""
        yield from _connections()
        up = GaugeMetricFamily("traitly_database_up", "1 while the database responds.")
        try:
            metrics = _probe()
            up.add_metric([], 1)
            yield from metrics
        except DatabaseError:
            up.add_metric([], 0)
        yield up


def _connections() -> Iterator[Metric]:
    """Clients' connections to all of gunicorn's workers; none without gunicorn."""
    load = shared.load()
    yield GaugeMetricFamily(
        "traitly_workers", "Worker processes that serve requests.", value=shared.workers()
    )
    states = GaugeMetricFamily(
        "traitly_http_connections", "Client connections by state.", labels=["state"]
    )
    states.add_metric(["idle"], load.connections - load.running - load.queued)
    states.add_metric(["queued"], load.queued)
    states.add_metric(["running"], load.running)
    yield states
    depth = GaugeMetricFamily(
        "traitly_queue_depth", "Requests that wait for a thread or a commit.", labels=["queue"]
    )
    depth.add_metric(["thread"], load.queued)
    depth.add_metric(["group_commit"], load.grouped)
    yield depth


def _ask() -> list[Metric]:
    sessions = GaugeMetricFamily(
        "traitly_database_sessions", "Sessions of the database by state.", labels=["state"]
    )
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
        for state, number in cursor.fetchall():
            sessions.add_metric([state], number)
        cursor.execute(_DATABASE)
        size, oldest = cursor.fetchone()
    return [
        sessions,
        GaugeMetricFamily("traitly_database_bytes", "Size of the database.", value=size),
        GaugeMetricFamily(
            "traitly_oldest_transaction_seconds",
            "Age of the oldest transaction.",
            value=float(oldest),
        ),
        *(metric for source in SOURCES for metric in source()),
    ]


_probe: Probe[list[Metric]] = Probe(_ask)
