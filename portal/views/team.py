"""Who is in the account. Everyone sees it; owners invite, change roles and remove; everyone may leave."""

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import queries, services
from accounts.models import Membership
from portal.access import PortalRequest, actor, member, owner, recent_login
from portal.forms import InviteForm, RoleForm

_LAST_OWNER = "The account must keep an owner: make someone else an owner first."


@member
def index(request: PortalRequest) -> HttpResponse:
    """Members and open invitations."""
    return _page(request, InviteForm())


def _page(request: PortalRequest, form: InviteForm) -> HttpResponse:
    standing = timezone.now() - services.INVITATION_LIVES
    context = {
        "places": queries.account_members(account_id=request.account.pk),
        "invitations": queries.invitations_since(account_id=request.account.pk, since=standing),
        "roles": Membership.Role.choices,
        "form": form,
    }
    return render(request, "portal/team.html", context)


@require_POST
@owner
@recent_login
def invite(request: PortalRequest) -> HttpResponseBase:
    """Mail an invitation."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    # Or an account would be a means to fill other people's mailboxes.
    if not ratelimit.consume(request, action="invite", user=request.user):
        refusal: HttpResponseBase = ratelimit.respond_429(request)
        return refusal
    email, role = form.cleaned_data["email"], form.cleaned_data["role"]
    try:
        invitation, token = services.invite(
            account=request.account, email=email, role=role, actor=actor(request)
        )
    except services.AlreadyMemberError:
        form.add_error("email", "This person is already in the account.")
        return _page(request, form)
    link = request.build_absolute_uri(reverse("portal:invitation", args=[token]))
    get_adapter().send_mail(
        "portal/email/invitation",
        invitation.email,
        {
            "link": link,
            "account": request.account,
            "inviter": request.user,
            "days": services.INVITATION_LIVES.days,
        },
    )
    messages.success(request, f"An invitation was sent to {invitation.email}.")
    return redirect("portal:team")


@require_POST
@owner
def withdraw(request: PortalRequest, invitation_id: int) -> HttpResponse:
    """Make an invitation's link useless."""
    if not services.withdraw_invitation(
        account_id=request.account.pk, invitation_id=invitation_id, actor=actor(request)
    ):
        raise Http404
    messages.success(request, "The invitation was withdrawn.")
    return redirect("portal:team")


@require_POST
@owner
@recent_login
def change_role(request: PortalRequest, membership_id: int) -> HttpResponse:
    """Make someone owner or member."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Http404
    try:
        services.change_role(
            account=request.account,
            membership_id=membership_id,
            role=form.cleaned_data["role"],
            actor=actor(request),
        )
    except Membership.DoesNotExist:
        raise Http404 from None
    except services.LastOwnerError:
        messages.error(request, _LAST_OWNER)
    else:
        messages.success(request, "The role was changed.")
    return redirect("portal:team")


@member
@recent_login
def remove(request: PortalRequest, membership_id: int) -> HttpResponse:
    """Take someone out of the account, after a question. Members may take out themselves only."""
    place = queries.find_member(account_id=request.account.pk, membership_id=membership_id)
    if place is None or not (request.membership.is_owner or place.user_id == request.user.pk):
        raise Http404
    if request.method != "POST":
        return render(request, "portal/team_remove.html", {"place": place})
    try:
        services.remove_member(
            account=request.account, membership_id=membership_id, actor=actor(request)
        )
    except Membership.DoesNotExist:  # gone since
        raise Http404 from None
    except services.LastOwnerError:
        messages.error(request, _LAST_OWNER)
    else:
        messages.success(request, f"{place.user.email} is no longer in {request.account.name}.")
    return redirect("portal:team")
