"""What django-allauth asks of this project."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped
    """allauth's own behaviour, so far."""
