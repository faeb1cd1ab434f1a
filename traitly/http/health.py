"""Liveness and readiness checks for load balancers, which have no key."""

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
    """The migrations of this version of the code."""
    return frozenset(MigrationLoader(None).graph.nodes)


# Further checks that readiness reports: each returns "ok" or what is wrong. Apps register theirs in
# AppConfig.ready(). They never make a server unready: without the background worker, servers still
# handle all requests.
OTHERS: dict[str, Callable[[], str]] = {}


def _state() -> dict[str, str]:
    if missing := _missing_migrations():
        return {"database": "ok", "migrations": f"{missing} not applied: run manage.py migrate"}
    return {"database": "ok", "migrations": "ok"} | {name: ask() for name, ask in OTHERS.items()}


_database = Probe(_check_database)
_readiness = Probe(_state)


@csrf_exempt
def live(_request: HttpRequest) -> HttpResponse:
    """200 while the process responds at all; restart one that does not."""
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
def health(_request: HttpRequest) -> HttpResponse:
    """200 while requests can be handled; 503 within a second while the database is unreachable."""
    try:
        _database()
    except DatabaseError:
        return HttpResponse(
            "database away\n", status=HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/plain"
        )
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
def ready(_request: HttpRequest) -> HttpResponse:
    """200 while this server should receive requests, otherwise 503; the body says what is wrong."""
    try:
        state = _readiness()
    except DatabaseError:
        state = {"database": "away"}
    is_ready = state.get("migrations") == "ok"
    return JsonResponse(state, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)
