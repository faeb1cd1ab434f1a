"""The forms of the portal."""

import datetime
import re
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SignupForm
from allauth.core import context
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Account, ApiKey, Membership, User
from accounts.services import accept_invitation, create_account
from feed.addresses import check_url
from feed.models import MAX_BATCH, EntryType
from portal.access import INVITATION, actor, invitation_of

_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,200}(:[0-9]{1,5})?")
_MAX_NAMES = 100
_MAX_NAME_LENGTH = 255


def company_field() -> forms.CharField:
    """The name of an account."""
    return forms.CharField(
        label="Company",
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class SignUpForm(SignupForm):  # type: ignore[misc]  # untyped
    """Company, email, password. Someone with an invitation joins its account instead, with the invited email address."""

    company = company_field()
    field_order = ("company", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = "At least eight characters, and not a common password."
        self.may_have_own = settings.SIGN_UP == "open"
        if (
            self.may_have_own and "own" in context.request.GET
        ):  # would rather have an account of their own
            context.request.session.pop(INVITATION, None)
        self.invitation = invitation_of(context.request)
        if self.invitation:
            del self.fields["company"]
            self.fields["email"].disabled = True
            self.initial["email"] = self.invitation.email

    def try_save(self, request: HttpRequest) -> Any:
        """Create user and account. If the email is taken, mail its owner instead, and take just as long."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])  # most of a sign-up's time
        return super().try_save(request)

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        """Create user, account and first key, or none of them."""
        if self.invitation:
            # The link was mailed to this address, so following it verifies the address.
            get_adapter().stash_verified_email(request, self.invitation.email)
        user: User = super().save(request)
        doer = actor(request)._replace(user=user)
        if not self.invitation and not self.may_have_own:  # withdrawn since the page was opened
            raise PermissionDenied
        if self.invitation:
            accept_invitation(token=request.session.pop(INVITATION), actor=doer)
        else:
            create_account(company=self.cleaned_data["company"], owner=user, actor=doer)
        return user


class ChangePasswordForm(AllauthChangePasswordForm):  # type: ignore[misc]  # untyped
    """The current password and the new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = "Current password"
        _label_passwords(self)


class ResetPasswordKeyForm(AllauthResetPasswordKeyForm):  # type: ignore[misc]  # untyped
    """The new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _label_passwords(self)


def _label_passwords(form: forms.Form) -> None:
    """In sentence case, as all labels are."""
    form.fields["password1"].label = "New password"
    form.fields["password2"].label = "New password again"


class CompanyForm(forms.Form):
    """An account's name."""

    company = company_field()


class KeyForm(forms.Form):
    """A new API key."""

    LIVES = (("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"))

    name = forms.CharField(
        max_length=100,
        help_text="What uses the key, such as “Website” or “Nightly import”.",
        widget=forms.TextInput,
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=(
            (ApiKey.Scope.READ, "Read: list customers and events"),
            (ApiKey.Scope.WRITE, "Write: send and erase them"),
        ),
        initial=[ApiKey.Scope.READ, ApiKey.Scope.WRITE],
        widget=forms.CheckboxSelectMultiple,
    )
    expires = forms.ChoiceField(label="Expires", choices=LIVES, required=False)

    def expires_at(self) -> datetime.datetime | None:
        """When the key ends, from now; None: never."""
        days = self.cleaned_data["expires"]
        return timezone.now() + datetime.timedelta(days=int(days)) if days else None


class RotateForm(forms.Form):
    """How long the old key stays valid beside the new one."""

    OVERLAPS = (
        ("0", "Stops now"),
        ("1", "Works for 1 more hour"),
        ("24", "Works for 24 more hours"),
        ("168", "Works for 7 more days"),
    )

    overlap = forms.ChoiceField(label="The old key", choices=OVERLAPS, initial="24")

    def duration(self) -> datetime.timedelta:
        """The overlap."""
        return datetime.timedelta(hours=int(self.cleaned_data["overlap"]))


class InviteForm(forms.Form):
    """An address to invite."""

    email = forms.EmailField(
        label="Email", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(choices=Membership.Role, initial=Membership.Role.MEMBER)


class RoleForm(forms.Form):
    """A member's role."""

    role = forms.ChoiceField(choices=Membership.Role)


class RetentionForm(forms.Form):
    """How long events are kept."""

    MAX_DAYS = 36_500

    days = forms.IntegerField(
        label="Keep events for (days)",
        min_value=1,
        max_value=MAX_DAYS,
        required=False,
        help_text="Counted from when they happened. Empty: forever. Older events are erased within a day.",
    )


class OriginsForm(forms.Form):
    """The origins of web pages that may send events."""

    MAX_ORIGINS = 50

    origins = forms.CharField(
        label="Origins of your web pages",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One per line, such as https://www.example.com. Empty: no page may send events.",
    )

    def clean_origins(self) -> list[str]:
        """Each origin once, in lower case, as browsers send it."""
        origins = list(
            dict.fromkeys(
                line.strip().lower().rstrip("/") for line in self.cleaned_data["origins"].split()
            )
        )
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise forms.ValidationError(
                    f"{origin} is not an origin. Send https://, a host and, if needed, a port."
                )
        if len(origins) > self.MAX_ORIGINS:
            raise forms.ValidationError(f"No more than {self.MAX_ORIGINS} origins.")
        return origins


class DeleteForm(forms.Form):
    """The account's name, typed to confirm its deletion."""

    confirmation = forms.CharField(
        label="Type the account's name to confirm",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account

    def clean_confirmation(self) -> str:
        """The name, exactly."""
        typed: str = self.cleaned_data["confirmation"]
        if typed != self.account.name:
            raise forms.ValidationError("That is not the account's name.")
        return typed


class WebhookForm(forms.Form):
    """A webhook's settings."""

    url = forms.CharField(
        label="URL",
        max_length=2000,
        help_text="Entries are sent here by POST.",
        widget=forms.URLInput,
    )
    types = forms.MultipleChoiceField(
        label="Types",
        choices=EntryType.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None selected: all types.",
    )
    names = forms.CharField(
        label="Names of events",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One per line. Empty: events of every name.",
    )
    batch = forms.IntegerField(
        label="Entries per request",
        min_value=1,
        max_value=MAX_BATCH,
        initial=1,
        help_text="1 sends a request for each entry; more sends up to that many in one.",
    )
    enabled = forms.BooleanField(label="Switched on", required=False, initial=True)

    def clean_url(self) -> str:
        """Refuse URLs that lead to private networks."""
        url: str = self.cleaned_data["url"]
        if wrong := check_url(url):
            raise ValidationError(wrong)
        return url

    def clean_names(self) -> list[str]:
        """One name per line."""
        names = [line.strip() for line in self.cleaned_data["names"].splitlines() if line.strip()]
        if (
            any(len(name) > _MAX_NAME_LENGTH or "\0" in name for name in names)
            or len(names) > _MAX_NAMES
        ):
            raise ValidationError(
                f"At most {_MAX_NAMES} names of at most {_MAX_NAME_LENGTH} characters."
            )
        return names


class RewindForm(forms.Form):
    """The time from which a webhook sends again, in UTC."""

    since = forms.DateTimeField(
        label="Since (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
    )
