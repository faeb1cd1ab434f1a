"""What django-allauth asks of this project."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter

from portal.access import logged_in_recently


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped
    """One rule for the whole portal: what is sensitive wants a password that is at most 15 minutes old."""

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not after a fresh log-in, which allauth itself would not count."""
        return not logged_in_recently(self.request) and super().is_reauthentication_required(app=app, **kwargs)
