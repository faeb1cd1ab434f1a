"""The one error shape of the API, and everything that turns a failure into it.

``{"object": "error", "type": ..., "errors": [{"code", "detail", "attr"}], "metadata":
{"request_id": ...}}``, with the types and codes of drf-standardized-errors. Nothing of a traceback,
a statement or a path reaches a client.
"""

import logging
import math
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import Error as AnyDatabaseError
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from psycopg2.errors import QueryCanceled, ReadOnlySqlTransaction
from rest_framework import exceptions

from traitly.db.retries import connection_is_lost
from traitly.http.middleware import current_request_id
from traitly.http.responses import ApiResponse
from traitly.http.urls import is_api, unknown_url_detail
from traitly.input.errors import (
    AccountGoneError,
    Error,
    InputError,
    InvalidRequestError,
    MalformedError,
    QuotaExceededError,
    TooLargeError,
    TooSlowError,
)

logger = logging.getLogger(__name__)

_STATUS_OF_INPUT: dict[type[InputError], tuple[HTTPStatus, str]] = {
    MalformedError: (HTTPStatus.BAD_REQUEST, "parse_error"),
    TooLargeError: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_too_large"),
    TooSlowError: (HTTPStatus.BAD_REQUEST, "too_slow"),
    QuotaExceededError: (HTTPStatus.TOO_MANY_REQUESTS, "quota_exceeded"),
    AccountGoneError: (HTTPStatus.UNAUTHORIZED, "authentication_failed"),
}
RETRY_SECONDS = 2  # Retry-After while the database is unreachable


def error_response(status: int, errors: Iterable[Error], *, kind: str = "") -> HttpResponse:
    """A response with the error object."""
    errors = list(errors)
    body = {
        "object": "error",
        "type": kind
        or ("server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "client_error"),
        "errors": [error._asdict() for error in errors],
        "metadata": {"request_id": current_request_id()},
    }
    response = ApiResponse(orjson.dumps(body), status=status, content_type="application/json")
    response.codes = tuple(dict.fromkeys(error.code for error in errors))
    return response


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's hook: turns whatever a view raised into a response."""
    if isinstance(error, InputError):
        return _input_error_response(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound(str(error) or None)
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _api_exception_response(error, context)
    if isinstance(error, SuspiciousOperation):  # more parameters than Django allows
        return error_response(
            HTTPStatus.BAD_REQUEST, [Error("bad_request", "Too many parameters.")]
        )
    if isinstance(error.__cause__, ReadOnlySqlTransaction):
        connection.close()  # a new session may find the database writable, or another primary
        return _unavailable_response(error)
    if isinstance(error, (OperationalError, InterfaceError)) or (
        isinstance(error, AnyDatabaseError) and connection_is_lost()
    ):
        return _unavailable_response(error)
    logger.error("A request failed", exc_info=error)
    return error_response(
        HTTPStatus.INTERNAL_SERVER_ERROR, [Error("error", "A server error occurred.")]
    )


def _unavailable_response(error: Exception) -> HttpResponse:
    logger.error("The database did not respond", exc_info=error)
    # It does not claim that nothing was stored: if the connection was lost during the commit,
    # nobody knows.
    detail = "The database is unavailable or too busy. Send the request again."
    if isinstance(error.__cause__, QueryCanceled):
        detail = "The database took too long, so the request was cancelled. Retry it, in smaller parts if it is large."
    elif isinstance(error.__cause__, ReadOnlySqlTransaction):
        detail = "The database takes no writes at the moment. Nothing was stored: send the request again."
    response = error_response(
        HTTPStatus.SERVICE_UNAVAILABLE, [Error("service_unavailable", detail)]
    )
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _api_exception_response(
    error: exceptions.APIException, context: dict[str, Any]
) -> HttpResponse:
    detail = str(error.detail)
    if isinstance(error, exceptions.MethodNotAllowed):
        detail = f"{detail} This URL accepts {', '.join(context['view'].allowed_methods)}."
    response = error_response(error.status_code, [Error(str(error.get_codes()), detail)])
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(math.ceil(wait))
    return response


def _input_error_response(error: InputError) -> HttpResponse:
    if isinstance(error, InvalidRequestError):
        return error_response(HTTPStatus.BAD_REQUEST, error.errors, kind="validation_error")
    status, code = _STATUS_OF_INPUT[type(error)]
    response = error_response(status, [Error(code, error.detail)])
    if isinstance(error, QuotaExceededError) and error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Token"
    return response


class JsonErrorsMiddleware:
    """The fallback below the views: errors of Django and its middleware get the API's shape too, even with DEBUG.

    Under /api/ that is a Host header that is not in ALLOWED_HOSTS, for example, which never gets as
    far as a view. And who sends an API key to an address of the portal, as /customers, is told
    where the API is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request, and replace an error page with an error object."""
        response = self.get_response(request)
        if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            return response
        if is_api(request.path):
            if response.status_code < HTTPStatus.BAD_REQUEST or _is_json(response):
                return response
            status = HTTPStatus(response.status_code)
            code = {400: "bad_request", 404: "not_found"}.get(status, "error")
            return error_response(status, [Error(code, f"{status.phrase}.")])
        if request.headers.get("Authorization", "").lower().startswith("token ") and not _is_json(
            response
        ):
            return error_response(
                HTTPStatus.NOT_FOUND, [Error("not_found", unknown_url_detail(request.path))]
            )
        return response


def _is_json(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").startswith("application/json")
