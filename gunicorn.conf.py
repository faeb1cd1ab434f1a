"""gunicorn as production runs it: `gunicorn traitly.wsgi` from this folder. docs/performance.md has the measurements."""

import gc
import io
import os
import resource
import shutil
import sys
import tempfile
from typing import Any

from gunicorn import util

from traitly.server.memory import give_memory_back
from traitly.server.refusals import write_error

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"

# `gthread`, gunicorn's own, is the fallback if a new gunicorn breaks ours. It needs a proxy in
# front that buffers requests and responses.
worker_class = os.environ.get("WEB_WORKER_CLASS", "traitly.server.worker.BufferingThreadWorker")
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
pin_workers = os.environ.get("WEB_PIN_CPUS", "true").lower() in {"1", "true", "yes", "on"}
# Load the application once, before the workers are forked: a bad setting stops the start instead of
# a crash loop, and the workers share the code's memory.
preload_app = True

# Longer than the idle timeout of common load balancers (60 s), so that they never use a connection
# that was just closed.
keepalive = 75
# An idle connection costs some kilobytes and no thread. Beyond this number, the longest idle one is
# closed.
_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (_files, _files))
worker_connections = (
    10_000 if _files == resource.RLIM_INFINITY else max(min(10_000, _files - 200), threads + 1)
)
sendfile = False  # it would wait for slow clients
# A hanging worker is replaced; a stopping worker finishes the requests it has begun.
timeout = 60
graceful_timeout = 30

# Heartbeat files in memory: on a slow disk they would stall the workers.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112
# The processes share their counters here, for /metrics. Set before the application is loaded, and
# kept on reload.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(
        prefix="traitly-metrics-", dir=worker_tmp_dir
    )
control_socket_disable = True
limit_request_line = 8190  # gunicorn's maximum: a list may be filtered by many values
# gunicorn would trust SCRIPT_NAME and X-Forwarded-Proto from every client on this machine. Whether
# to trust a proxy is a setting: Django reads X-Forwarded-Proto itself if TRUST_PROXY_HEADERS is on.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}


def on_starting(_server: Any) -> None:
    """Run the system checks, as manage.py does; errors stop the start."""
    from django.conf import settings
    from django.core.management import call_command
    from django.core.management.base import SystemCheckError

    if not settings.configured:
        return  # another application: benchmarks/constant
    try:
        call_command("check", stdout=io.StringIO())  # warnings go to stderr
    except SystemCheckError as error:
        sys.exit(str(error))


def when_ready(_server: Any) -> None:
    """Before the workers are forked, start the embedded PostgreSQL and exclude loaded objects from garbage collection.

    The first process that connects starts it, and it runs for as long as one that has connected
    lives: that is the master. It connects to no other database: one that accepts and never answers
    would hold up the start, and SIGTERM.
    """
    from django.conf import settings
    from django.db import DatabaseError, connection

    if settings.configured and not getattr(settings, "DATABASE_URL", True):
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            sys.stderr.write(f"The database does not answer yet: {error}\n")
        connection.close()
    gc.collect()
    gc.freeze()
    give_memory_back()


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the CPU that the fewest other workers use, also for a worker that replaces a dead one."""
    if pin_workers and hasattr(os, "sched_getaffinity"):
        taken = [other.processor for other in server.WORKERS.values()]
        worker.processor = min(sorted(os.sched_getaffinity(0)), key=taken.count)


def post_fork(_server: Any, worker: Any) -> None:
    """Pin each worker to one CPU: its threads can never use two, and pay for each move.

    Measured on two cores: 12 % less CPU time per request.
    """
    if pin_workers and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {worker.processor})


def post_worker_init(_worker: Any) -> None:
    """Set the database role's timeouts without waiting for the database (traitly.db.timeouts)."""
    from django.conf import settings

    if settings.configured:
        from traitly.db.timeouts import set_in_background

        set_in_background()


def on_exit(server: Any) -> None:
    """Remove the files in memory, unless another master has taken over (SIGUSR2)."""
    if server.reexec_pid:
        return
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def child_exit(_server: Any, worker: Any) -> None:
    """Reset the connection count of a worker that has exited."""
    if hasattr(worker, "leave"):
        worker.leave()


util.write_error = write_error  # gunicorn has no hook for this, and its own function writes HTML
