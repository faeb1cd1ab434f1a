"""The request's id, in the response, the log and every error; and the short path of API requests."""

import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import uuid_utils
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, resolve
from django.utils.encoding import repercent_broken_unicode

from traitly.db.cancel import cancelled_when_gone
from traitly.http.large_bodies import release
from traitly.http.urls import is_api

_SANE = re.compile(r"[A-Za-z0-9_.:/+=@-]{1,128}")
_AUTHORITY = re.compile(
    r"\A[a-z][a-z0-9+.-]*:(?://[^/?#]*)?", re.IGNORECASE
)  # with the scheme, in an absolute target
_ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)
# Stands for a slash in an identifier while its URL is resolved; no real path has a lone surrogate
_SLASH = "\udc2f"
# Load balancers and Prometheus send requests to IP addresses, not names.
_ANY_HOST = {"/health", "/health/live", "/health/ready", "/metrics"}
_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def current_request_id() -> str:
    """The id of the current request, ``-`` outside of one."""
    return _request_id.get()


class RequestIdMiddleware:
    """Uses the client's ``X-Request-ID`` if it is valid, otherwise makes one, and returns it. Keeps responses out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request under its id."""
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if _SANE.fullmatch(sent) else str(uuid_utils.uuid7())
        _request_id.set(request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        # Responses contain keys, customers and second factors. Static files set their own
        # Cache-Control.
        response.headers.setdefault("Cache-Control", "no-store")
        if request.method == "HEAD":
            _drop_content(response)
        return response


def _drop_content(response: HttpResponseBase) -> None:
    """Remove the body and keep the headers: the server would log a warning for each HEAD response with content."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
    elif isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()


class ApiMiddleware:
    """Handles API requests itself, so that no middleware below it in the settings runs.

    Sessions, CSRF tokens, messages and content policies are for pages, and would double the cost of
    a request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Call the view of an API URL; pass other requests to the rest of the middleware."""
        if is_api(request.path_info):
            request.get_host()  # 400 for a foreign host, because responses contain links
        elif request.path_info not in _ANY_HOST:
            return self.get_response(request)
        path = _path(request)
        if path is None:
            return HttpResponseBadRequest()
        match = request.resolver_match = _resolve(path)
        identifiers = {name: value.replace(_SLASH, "/") for name, value in match.kwargs.items()}
        try:
            response = self._respond(request, match.func, identifiers)
        finally:
            release(request)
        response["X-Content-Type-Options"] = "nosniff"
        if isinstance(response, HttpResponse):  # not a stream
            response["Content-Length"] = str(len(response.content))
        return response

    @staticmethod
    def _respond(
        request: HttpRequest, view: Callable[..., HttpResponseBase], identifiers: dict[str, str]
    ) -> HttpResponseBase:
        if request.method != "GET":
            return view(request, **identifiers)
        with cancelled_when_gone(request.META.get("gunicorn.socket")):
            return view(request, **identifiers)


@lru_cache(maxsize=1000)
def _resolve(path: str) -> ResolverMatch:
    """The view of a path, cached, because most clients request only a few paths."""
    return resolve(path)


def _path(request: HttpRequest) -> str | None:
    """The path of an API URL, with ``_SLASH`` for each slash that was sent as %2F; None if that cannot be determined.

    WSGI decodes both alike, so DELETE /customer/a%2F would erase the customer "a", and
    /customer/a%2Fevent would be a timeline. So the path is parsed again as it was sent, in any form
    of the request target, whichever of its characters are encoded.
    """
    target: str = request.META.get("RAW_URI", "")  # gunicorn's
    if not _ENCODED_SLASH.search(target):
        return request.path_info
    raw = _AUTHORITY.sub("", target, count=1).partition("#")[0].partition("?")[0]
    path = _SLASH.join(map(_decoded, _ENCODED_SLASH.split(raw)))
    if path.replace(_SLASH, "/") != request.path:
        return None
    return path[-len(request.path_info) :]


def _decoded(path: str) -> str:
    """Part of a path as WSGI and Django decode it."""
    return repercent_broken_unicode(unquote_to_bytes(path.encode("latin-1"))).decode()


class RequestIdFilter(logging.Filter):
    """Adds the request's id to every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        record.request_id = current_request_id()
        return True


class FailuresFilter(logging.Filter):
    """Keeps Django's log records of requests that failed with a traceback, and drops those of 4xx and 503 responses."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record has a traceback."""
        return record.exc_info is not None


class NoTracebackFilter(logging.Filter):
    """Reduces a record with a traceback to one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop the traceback; every record passes."""
        record.exc_info = record.exc_text = None
        return True
