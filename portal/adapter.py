"""The adapters through which django-allauth is customised."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts import keys
from accounts.client_ip import client_ip
from portal.access import invitation_of, logged_in_recently
from portal.browsers import known_browser

_UNKNOWN_IP = "0.0.0.0"  # noqa: S104  no address to listen on


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped
    """One rule for the whole portal: sensitive actions need a password entered within the last 15 minutes."""

    error_messages = {  # in the portal's wording
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "The email address or the password is wrong.",
        "email_taken": "Somebody already uses this email address.",
        "enter_current_password": "Type your current password.",
        "incorrect_code": "This code is wrong.",
        "incorrect_password": "This password is wrong.",
        "invalid_or_expired_key": "This link no longer works.",
        "invalid_login": "The email address or the password is wrong.",
        "invalid_password_reset": "This link no longer works.",
        "rate_limited": "Too many attempts. Try again in a few minutes.",
        "same_as_current": "This is the current one.",
        "too_many_login_attempts": "Too many attempts. Try again in a few minutes.",
        "unverified_primary_email": "Confirm your email address first.",
    }

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not after a recent log-in, which allauth itself would not count."""
        return not logged_in_recently(self.request) and super().is_reauthentication_required(
            app=app, **kwargs
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's IP address. All clients through a Unix socket without a trusted proxy count as one."""
        return client_ip(request.META) or _UNKNOWN_IP

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """What ``SIGN_UP`` says; who was invited may sign up unless it is closed."""
        if settings.SIGN_UP == "invite":
            return invitation_of(request) is not None
        return bool(settings.SIGN_UP == "open")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt before the password is checked; refuse it if there were too many.

        Attempts are counted by account and address, so that nobody can lock an owner out from
        elsewhere; and of an account's over all addresses, so that many of them do not help who
        guesses. A browser in which the user has logged in before counts for itself: it gets in
        whatever others do.
        """
        login = credentials.get("email", "").lower()
        if browser := known_browser(request, login):
            usage = self._consume(request, "login_known", f"{login} {browser}")
        else:
            usage = self._consume(request, "login_failed", f"{login} {self.get_client_ip(request)}")
            usage.usage += self._consume(request, "login_unknown", login).usage
        self._login_failed_rl_usage = usage  # undone if the password is right

    def _consume(self, request: HttpRequest, action: str, key: str) -> Any:
        usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
        if not usage:
            raise self.validation_error("too_many_login_attempts")
        return usage


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped
    """Second factors' secrets are stored like API keys: a stolen database reveals none."""

    def encrypt(self, text: str) -> str:
        """The text under the first encryption key."""
        return keys.encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text again; ``keys.UnreadableKeyError`` rather than letting anyone in."""
        return keys.decrypt(encrypted_text.encode())
