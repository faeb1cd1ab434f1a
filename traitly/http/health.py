"""Whether the server lives and can answer: for load balancers, which probe addresses and have no key."""

import threading
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

_DEADLINE_SECONDS = 0.8


class _Probe:
    """Asks the database on a thread and a connection of its own: nothing in libpq ends the wait for a server that hangs.

    One at a time in a process: however many ask, a hanging server costs a single thread, and new connections come one
    after the other.
    """

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def __call__(self) -> Any:
        """What ``ask`` gives. ``DatabaseError``, also when it is not there in time."""
        with self._lock:
            if self._running is None or self._running.done.is_set():
                self._running = _Running(self._ask)
            running = self._running
        if not running.done.wait(_DEADLINE_SECONDS):
            raise DatabaseError("The database does not answer.")
        if running.error:
            raise DatabaseError("The database cannot be asked.") from running.error
        return running.result


class _Running:
    def __init__(self, ask: Callable[[], Any]) -> None:
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        # A daemon: the process may end while it waits.
        threading.Thread(target=self._run, args=(ask,), daemon=True, name="health").start()

    def _run(self, ask: Callable[[], Any]) -> None:
        try:
            self.result = ask()
        except BaseException as error:  # noqa: BLE001  whatever it is, the database has not answered
            self.error = error
        finally:
            connection.close()
            self.done.set()


def _database_answers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _missing_migrations() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return len(_migrations() - set(cursor.fetchall()))


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Those that this version of the code has."""
    return frozenset(MigrationLoader(None).graph.nodes)


_answers = _Probe(_database_answers)
_missing = _Probe(_missing_migrations)


@csrf_exempt
def live(_request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all: one that does not is to be restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
def health(_request: HttpRequest) -> HttpResponse:
    """200 while requests can be answered, 503 within a second while the database cannot be reached."""
    try:
        _answers()
    except DatabaseError:
        return HttpResponse("database away\n", status=HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
def ready(_request: HttpRequest) -> HttpResponse:
    """200 while this server is to be sent requests, else 503; the body says what is not as it should be."""
    state = {"database": "ok", "migrations": "ok"}
    try:
        if missing := _missing():
            state["migrations"] = f"{missing} not applied: run manage.py migrate"
    except DatabaseError:
        state = {"database": "away"}
    is_ready = set(state.values()) == {"ok"}
    return JsonResponse(state, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)
