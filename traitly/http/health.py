"""Whether the server lives and can answer: for load balancers, which probe addresses and have no key."""

from functools import cache
from http import HTTPStatus

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from traitly.db.probe import Probe


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


_answers = Probe(_database_answers)
_missing = Probe(_missing_migrations)


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
