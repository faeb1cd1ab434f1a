"""Whether the server lives and can answer: for load balancers, which probe addresses and have no key."""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from traitly.db.probe import Probe


def _check_database() -> None:
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


# What else readiness tells of, and who says "ok" or what is wrong: apps register theirs in AppConfig.ready(). It makes no
# server unready: without its background worker each answers all requests, and taking all out would help nobody.
OTHERS: dict[str, Callable[[], str]] = {}


def _state() -> dict[str, str]:
    if missing := _missing_migrations():
        return {"database": "ok", "migrations": f"{missing} not applied: run manage.py migrate"}
    return {"database": "ok", "migrations": "ok"} | {name: ask() for name, ask in OTHERS.items()}


_database = Probe(_check_database)
_readiness = Probe(_state)


@csrf_exempt
def live(_request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all: one that does not is to be restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
def health(_request: HttpRequest) -> HttpResponse:
    """200 while requests can be answered, 503 within a second while the database cannot be reached."""
    try:
        _database()
    except DatabaseError:
        return HttpResponse("database away\n", status=HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
def ready(_request: HttpRequest) -> HttpResponse:
    """200 while this server is to be sent requests, else 503; the body says what is not as it should be."""
    try:
        state = _readiness()
    except DatabaseError:
        state = {"database": "away"}
    is_ready = state.get("migrations") == "ok"
    return JsonResponse(state, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)
