"""Browsers in which a user has logged in before: they are not locked out while others guess the user's password."""

import hashlib
import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User

_SALT = "portal.browsers"
_LIVES_SECONDS = 365 * 86_400
_PROVEN = "_proven_login"


def known_browser(request: HttpRequest, login: str) -> str | None:
    """The browser's own number, if this user has logged in with it; it names whose it is, so that none has another's."""
    value: str | None = request.get_signed_cookie(
        _name(login), None, salt=_salt(login), max_age=_LIVES_SECONDS
    )
    return value


def know_browser(request: HttpRequest, user: User) -> None:
    """Remember the browser as the user's."""
    setattr(request, _PROVEN, user.email.lower())


class KnownBrowserMiddleware:
    """Hands out the cookie of a browser that became known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request; set the cookie if ``know_browser`` was called."""
        response = self.get_response(request)
        login = getattr(request, _PROVEN, None)
        if login and not known_browser(request, login):
            response.set_signed_cookie(
                _name(login),
                secrets.token_urlsafe(16),
                salt=_salt(login),
                max_age=_LIVES_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def _name(login: str) -> str:
    return f"known_{hashlib.sha256(login.encode()).hexdigest()[:16]}"


def _salt(login: str) -> str:
    return f"{_SALT}.{login}"
