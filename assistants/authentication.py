"""Authentication over MCP: the API's own keys, which need the scope ``read``, and its rate limits."""

import math
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import TokenAuthentication
from accounts.throttling import KeyRateThrottle
from traitly.http.errors import error_response
from traitly.input.errors import Error


def authenticate(request: HttpRequest) -> HttpResponse | None:
    """None if the request may proceed, with its key's account in ``request.account_id``; otherwise a 401, 403 or 429."""
    api_request = Request(request)
    try:
        _, credential = TokenAuthentication().authenticate(api_request)
    except AuthenticationFailed as error:
        response = error_response(
            HTTPStatus.UNAUTHORIZED, [Error(str(error.get_codes()), str(error.detail))]
        )
        response["WWW-Authenticate"] = "Bearer"
        return response
    if "read" not in credential.scopes:
        refused = Error("permission_denied", "This API key may not read.")
        return error_response(HTTPStatus.FORBIDDEN, [refused])
    if settings.API_RATE_LIMIT:
        api_request.auth = credential
        throttle = KeyRateThrottle()
        if not throttle.allow_request(api_request, APIView()):
            response = error_response(
                HTTPStatus.TOO_MANY_REQUESTS, [Error("throttled", "Request was throttled.")]
            )
            response["Retry-After"] = str(math.ceil(throttle.wait()))
            return response
    request.account_id = credential.account_id  # type: ignore[attr-defined]  # the tools read it
    return None
