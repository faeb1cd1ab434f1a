"""What a page looks like when something is wrong around it: the database away, a question too slow, no network."""

import sys
from http import HTTPStatus

from django.db import Error as AnyDatabaseError
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from psycopg2.errors import QueryCanceled

from traitly.db.retries import connection_is_lost
from traitly.http.errors import RETRY_SECONDS
from traitly.input.errors import TooSlowError


def server_error(_request: HttpRequest) -> HttpResponse:
    """Django's hook: the page of an exception that nobody handled. It asks the database for nothing."""
    error = sys.exc_info()[1]
    if isinstance(error, TooSlowError) or isinstance(error and error.__cause__, QueryCanceled):
        return _page("too_slow.html", HTTPStatus.SERVICE_UNAVAILABLE)
    if isinstance(error, (OperationalError, InterfaceError)) or (
        isinstance(error, AnyDatabaseError) and connection_is_lost()
    ):
        response = _page("503.html", HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = str(RETRY_SECONDS)
        return response
    return _page("500.html", HTTPStatus.INTERNAL_SERVER_ERROR)


@require_safe
def offline(_request: HttpRequest) -> HttpResponse:
    """What the service worker shows where the server cannot be reached."""
    return _page("offline.html", HTTPStatus.OK)


@require_safe
def service_worker(_request: HttpRequest) -> HttpResponse:
    """The script that keeps ``offline``. At the top, because it serves the pages below its own path."""
    script = render_to_string("portal/service_worker.js")
    return HttpResponse(script, content_type="text/javascript")


def _page(template: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(render_to_string(template), status=status)
