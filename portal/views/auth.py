"""Around logging in: invitations, the choice among several accounts, and a user who is in none."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.first_login import UsedLinkError, use_token
from accounts.queries import is_member, user_memberships
from accounts.services import InvitationError, accept_invitation, create_account, find_invitation
from portal.access import INVITATION, PortalRequest, actor, choose_account, find_membership, member
from portal.forms import CompanyForm


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation's link: join at once, or log in or sign up first."""
    try:
        found = find_invitation(token)
    except InvitationError:
        return render(request, "portal/invitation_gone.html", status=404)
    if request.user.is_anonymous:
        request.session[INVITATION] = token  # the sign-up's form looks for it
    elif request.method == "POST":
        try:
            membership = accept_invitation(token=token, actor=actor(request))
        except InvitationError:  # for another address than the user's: the page says so
            return redirect(request.path)
        choose_account(request, membership.account_id)
        messages.success(request, f"You have joined {membership.account.name}.")
        return redirect("portal:overview")
    return render(request, "portal/invitation.html", {"invitation": found})


def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Log in by the link that `make run` prints, once."""
    try:
        user = use_token(token)
    except UsedLinkError:
        messages.error(
            request,
            "This link was already used or has expired. The server prints a new one at its next start.",
        )
        return redirect("account_login")
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    messages.info(
        request, "Set a password (Password in the menu) to log in without the link next time."
    )
    return redirect("portal:quickstart")


@login_required
def no_account(request: HttpRequest) -> HttpResponse:
    """For someone who was removed from the last account: make a new one."""
    if find_membership(request):
        return redirect("portal:overview")
    form = CompanyForm(request.POST or None) if settings.SIGN_UP == "open" else None
    if form and form.is_valid() and request.user.is_authenticated:
        create_account(
            company=form.cleaned_data["company"], owner=request.user, actor=actor(request)
        )
        return redirect("portal:quickstart")
    return render(request, "portal/no_account.html", {"form": form})


@member
def accounts(request: PortalRequest) -> HttpResponse:
    """The accounts of someone who is in several."""
    return render(
        request, "portal/accounts.html", {"places": user_memberships(user_id=request.user.pk)}
    )


@require_POST
@member
def switch(request: PortalRequest, account_id: int) -> HttpResponse:
    """Look at another account."""
    if not is_member(user_id=request.user.pk, account_id=account_id):
        raise Http404
    choose_account(request, account_id)
    return redirect("portal:overview")
