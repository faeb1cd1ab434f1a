"""Measures each request, and logs it if it was refused, or if all are to be logged."""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from traitly.observability.metrics import METHODS, observe_request

logger = logging.getLogger("traitly.requests")


class ObserveMiddleware:
    """The outermost middleware, so that it sees every response.

    Log lines contain the route's name and never the path, which contains customers' identifiers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._quietest = {"all": 0, "refused": HTTPStatus.BAD_REQUEST, "none": 1000}[
            settings.LOG_REQUESTS
        ]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request."""
        begin = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - begin
        match = request.resolver_match
        route = match.view_name if match else "none"  # static files, foreign hosts
        status = response.status_code
        observe_request(request.method, route, status, seconds)
        if status >= self._quietest:
            _log(request, response, route, seconds)
        return response


def _log(request: HttpRequest, response: HttpResponseBase, route: str, seconds: float) -> None:
    credential = getattr(request, "auth", None) or getattr(request, "refused_key", None)
    fields: dict[str, Any] = {
        "method": request.method if request.method in METHODS else "OTHER",
        "route": route,
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "account": getattr(credential, "account_id", None),
        "key": getattr(credential, "key_id", None),
        "rows": getattr(response, "rows", None),
        "reason": ", ".join(getattr(response, "codes", ())) or None,
    }
    known = {name: value for name, value in fields.items() if value is not None}
    level = (
        logging.ERROR if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
    )
    logger.log(
        level, " ".join(f"{name}={value}" for name, value in known.items()), extra={"fields": known}
    )
