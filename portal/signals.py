"""What allauth tells of users, into the audit log of each of their accounts."""

import time
from typing import Any

from allauth.account.signals import email_changed, password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import audit
from accounts.models import AuditEntry, User
from accounts.queries import user_memberships
from portal.access import LOGGED_IN_AT, actor
from portal.browsers import know_browser

Action = AuditEntry.Action


def _record(request: HttpRequest, user: User, action: AuditEntry.Action, **detail: Any) -> None:
    doer = actor(request)._replace(user=user)
    for membership in user_memberships(user_id=user.pk):
        audit.record(account=membership.account, actor=doer, action=action, **detail)


@receiver(user_logged_in)
def _logged_in(request: HttpRequest, user: User, **_: Any) -> None:
    request.session[LOGGED_IN_AT] = time.time()
    know_browser(request, user)
    _record(request, user, Action.LOGGED_IN)


@receiver(password_reset)
def _password_reset(request: HttpRequest, user: User, **_: Any) -> None:
    know_browser(request, user)  # who reads the user's mail gets in, whatever others guessed


@receiver([password_changed, password_reset, password_set])
def _password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    _record(request, user, Action.PASSWORD_CHANGED)


@receiver(email_changed)
def _email_changed(
    request: HttpRequest, user: User, from_email_address: Any, to_email_address: Any, **_: Any
) -> None:
    if from_email_address:  # and not the first one, with the sign-up
        _record(
            request,
            user,
            Action.EMAIL_CHANGED,
            before=from_email_address.email,
            email=to_email_address.email,
        )


@receiver(authenticator_added)
def _second_factor_added(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    _record(request, user, Action.SECOND_FACTOR_ADDED, kind=authenticator.get_type_display())


@receiver(authenticator_removed)
def _second_factor_removed(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    _record(request, user, Action.SECOND_FACTOR_REMOVED, kind=authenticator.get_type_display())
