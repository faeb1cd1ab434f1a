"""The forms of the portal's account side."""

from allauth.account.forms import SignupForm
from django import forms
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Account, User
from accounts.services import create_account


def company_field() -> forms.CharField:
    """The name of an account."""
    return forms.CharField(
        label="Company",
        max_length=Account._meta.get_field("name").max_length,  # noqa: SLF001  public in spite of its name
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class SignUpForm(SignupForm):  # type: ignore[misc]  # untyped
    """Email, password, company."""

    company = company_field()
    field_order = ("company", "email", "password1")

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """Make user, account and first key, or none of them."""
        user: User = super().save(request)
        create_account(company=self.cleaned_data["company"], owner=user)
        return user
