"""What django-allauth asks of this project."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts import keys
from portal.access import UNKNOWN_IP, logged_in_recently


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped
    """One rule for the whole portal: what is sensitive wants a password that is at most 15 minutes old."""

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not after a fresh log-in, which allauth itself would not count."""
        return not logged_in_recently(self.request) and super().is_reauthentication_required(app=app, **kwargs)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address. Those who come through a unix socket, without a trusted proxy, are limited as one."""
        try:
            ip: str = super().get_client_ip(request)
        except PermissionDenied:
            return UNKNOWN_IP
        return ip


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped
    """The secrets of second factors are kept like API keys: a stolen database gives none."""

    def encrypt(self, text: str) -> str:
        """The text under the first encryption key."""
        return keys.encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text again; ``keys.UnreadableKeyError`` rather than letting anyone in."""
        return keys.decrypt(encrypted_text.encode())
