"""The request's id: in the answer, in the log, in every error."""

import logging
import re
from collections.abc import Callable
from contextvars import ContextVar

import uuid_utils
from django.http import HttpRequest, HttpResponse

_SANE = re.compile(r"[A-Za-z0-9_.:/+=@-]{1,128}")
_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def current_request_id() -> str:
    """The id of the request that is being answered, ``-`` outside of one."""
    return _request_id.get()


class RequestIdMiddleware:
    """Takes the client's ``X-Request-ID`` if it is sane, makes one if not, and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request under its id."""
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if _SANE.fullmatch(sent) else str(uuid_utils.uuid7())
        _request_id.set(request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class RequestIdFilter(logging.Filter):
    """Puts the id on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        record.request_id = current_request_id()
        return True
