"""The request's id, in the answer, in the log, in every error; and the short way of API requests."""

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
_AUTHORITY = re.compile(r"\A[a-z][a-z0-9+.-]*:(?://[^/?#]*)?", re.IGNORECASE)  # and scheme: of an absolute target
_ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)
_SLASH = "\udc2f"  # a slash within an identifier while its address is resolved; no path has a lone surrogate otherwise
# Load balancers and Prometheus ask addresses, not names.
_ANY_HOST = {"/health", "/health/live", "/health/ready", "/metrics"}
_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def current_request_id() -> str:
    """The id of the request that is being answered, ``-`` outside of one."""
    return _request_id.get()


class RequestIdMiddleware:
    """Takes the client's ``X-Request-ID`` if it is sane, makes one if not, and answers with it. No answer is kept by a cache."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request under its id."""
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if _SANE.fullmatch(sent) else str(uuid_utils.uuid7())
        _request_id.set(request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        # Keys, customers and second factors stand in it. Static files say themselves how long they are kept.
        response.headers.setdefault("Cache-Control", "no-store")
        if request.method == "HEAD":
            _drop_content(response)
        return response


def _drop_content(response: HttpResponseBase) -> None:
    """Leave the headers alone: the server would log a warning for each answer to HEAD that has content."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
    elif isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()


class ApiMiddleware:
    """Answers what is asked of the API, so that nothing below it in the settings runs.

    Sessions, CSRF tokens, messages and content policies are for pages, and would double what a request costs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Call the view of an API address; leave the others to the rest of the middleware."""
        if is_api(request.path_info):
            request.get_host()  # 400 for a host that is not ours: answers hold links
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
        if isinstance(response, HttpResponse):  # and not a stream
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
    """The view of a path: the few that most clients ask for are looked up once."""
    return resolve(path)


def _path(request: HttpRequest) -> str | None:
    """The path of an API address, each slash that was sent as %2F as ``_SLASH``; None if that cannot be told.

    WSGI decodes both alike. Then DELETE /customer/a%2F would erase the customer "a", and /customer/a%2Fevent be a timeline.
    So the path is read again as it was sent: in any form of a request's target, with any letter of it encoded.
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
    """Puts the id on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        record.request_id = current_request_id()
        return True


class FailuresFilter(logging.Filter):
    """Leaves what Django logs of requests that failed with a traceback, not of those that were answered 4xx or 503."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is one."""
        return record.exc_info is not None


class NoTracebackFilter(logging.Filter):
    """Leaves one line of a record that would come with a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop the traceback; every record passes."""
        record.exc_info = record.exc_text = None
        return True
