"""Access to pages: the logged-in user's membership, and the decorators that require one.

A page's view is written ``@member`` or ``@owner``; it finds ``request.account`` and
``request.membership``, and passes the account on as an explicit argument.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache

from accounts.audit import Actor
from accounts.client_ip import client_ip
from accounts.models import Account, Invitation, Membership, User
from accounts.queries import chosen_membership
from accounts.services import InvitationError, find_invitation
from traitly.input.errors import AccountGoneError

INVITATION = "invitation"  # in the session: the token of the link that was followed
LOGGED_IN_AT = "logged_in_at"  # in the session: when it started, in unix seconds
_CLOSED = "This account is being erased. If that fails, an owner can try again in its settings."
_CHOSEN = "account_id"  # in the session: the chosen account of a user who is in several


class PortalRequest(HttpRequest):
    """A request of a logged-in user who is in an account."""

    user: User  # never anonymous behind the decorators
    account: Account
    membership: Membership


Parameters = ParamSpec("Parameters")
View = Callable[Concatenate[PortalRequest, Parameters], HttpResponseBase]
AnyView = Callable[..., HttpResponseBase]


def member(view: View[Parameters]) -> AnyView:
    """For members and owners. Others are redirected to log in, or to create an account if they are in none.

    Pages are not cached, because they contain keys and customers.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        membership = find_membership(request)
        if membership is None:
            return redirect("portal:no_account")
        request.membership = membership  # type: ignore[attr-defined]  # this is what makes it a PortalRequest
        request.account = membership.account  # type: ignore[attr-defined]
        if membership.account.closed_at and not _is_for_closed_accounts(request):
            raise PermissionDenied(_CLOSED)
        try:
            return view(request, *args, **kwargs)  # type: ignore[arg-type]
        except AccountGoneError:  # closed since
            raise PermissionDenied(_CLOSED) from None

    entered = login_required(guarded)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = entered(request, *args, **kwargs)
        if isinstance(response, HttpResponseRedirect) and request.headers.get("HX-Request"):
            # A part of a page refreshed itself after the log-in had ended; the log-in page would
            # appear in its place.
            return HttpResponse(headers={"HX-Refresh": "true"})
        return response

    return never_cache(wrapper)


def _is_for_closed_accounts(request: HttpRequest) -> bool:
    """A failed erasure can be retried, and users can switch to their other accounts."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    return name in {"portal:accounts", "portal:account_switch"} or name.startswith(
        "portal:settings"
    )


def owner(view: View[Parameters]) -> AnyView:
    """For owners; members get a 403 that says so."""

    @wraps(view)
    def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.membership.is_owner:
            raise PermissionDenied("Only the account's owners can open this page.")
        return view(request, *args, **kwargs)

    return member(guarded)


def recent_login(view: View[Parameters]) -> AnyView:
    """For what a stolen session must not do: asks for the password again if the log-in is too old.

    Goes below ``@member`` or ``@owner``. A POST is done after the password was given, as it was
    sent.
    """

    @wraps(view)
    def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not logged_in_recently(request):
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return guarded


def logged_in_recently(request: HttpRequest) -> bool:
    """Whether this session began, or its password was given again, in the last ACCOUNT_REAUTHENTICATION_TIMEOUT."""
    records = get_authentication_records(request, request.user)
    newest = max([request.session.get(LOGGED_IN_AT, 0.0), *(record["at"] for record in records)])
    return bool(time.time() - newest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


def actor(request: HttpRequest) -> Actor:
    """The actor for the audit log. A request without a client (a test's force_login) has neither user nor IP address."""
    user = getattr(request, "user", None)
    return Actor(user if isinstance(user, User) else None, client_ip(request.META))


def find_membership(request: HttpRequest) -> Membership | None:
    """The user's membership in the chosen account, otherwise the first one joined. Cached for the request."""
    if not hasattr(request, "_membership"):
        found = chosen_membership(user_id=request.user.pk, account_id=request.session.get(_CHOSEN))
        request._membership = found  # type: ignore[attr-defined]  # noqa: SLF001  kept for the request
    membership: Membership | None = request._membership  # type: ignore[attr-defined]  # noqa: SLF001  the same
    return membership


def choose_account(request: HttpRequest, account_id: int) -> None:
    """Choose this account from now on. ``find_membership`` ignores it if the user is not in it."""
    request.session[_CHOSEN] = account_id


def invitation_of(request: HttpRequest) -> Invitation | None:
    """The invitation whose link this session followed, if it is still valid."""
    try:
        return find_invitation(request.session.get(INVITATION, ""))
    except InvitationError:
        return None


def context(request: HttpRequest) -> dict[str, Any]:
    """For every template: ``membership`` (None for who is not logged in), and whether mail goes to the log only."""
    authenticated = hasattr(request, "user") and request.user.is_authenticated
    return {
        "membership": SimpleLazyObject(lambda: find_membership(request)) if authenticated else None,
        "sign_up_is_open": settings.SIGN_UP == "open",
        "mail_is_printed": settings.EMAIL_BACKEND
        == "django.core.mail.backends.console.EmailBackend",
    }
