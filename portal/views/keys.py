"""API keys: masked, revealed on request, made, rotated, revoked. For owners."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts import keys, queries, services
from accounts.models import ApiKey
from portal.access import PortalRequest, actor, owner, recent_login
from portal.forms import KeyForm, RotateForm

_SHOWN = "shown_key"  # in the session: the key whose text the next page shows, once


@owner
def index(request: PortalRequest) -> HttpResponse:
    """Every key of the account, the newest first; the text of the one that was just made or revealed."""
    rows = queries.account_keys(account_id=request.account.pk)
    shown = request.session.pop(_SHOWN, None)
    row = next((row for row in rows if row.pk == shown), None)
    context = {
        "active": [row for row in rows if row.is_active],
        "ended": [row for row in rows if not row.is_active],
        "shown": row,
        "shown_text": keys.decrypt(row.encrypted) if row else None,
    }
    return render(request, "portal/keys.html", context)


@require_POST
@owner
@recent_login
def reveal(request: PortalRequest, key_id: int) -> HttpResponse:
    """Show a key's text on the next page."""
    try:
        services.reveal_key(account_id=request.account.pk, key_id=key_id, actor=actor(request))
    except ApiKey.DoesNotExist:
        raise Http404 from None
    except keys.UnreadableKeyError:
        messages.error(
            request,
            "This key was encrypted with a secret that the server no longer has. Rotate it.",
        )
    else:
        request.session[_SHOWN] = key_id
    return redirect("portal:keys")


@owner
@recent_login
def create(request: PortalRequest) -> HttpResponse:
    """Make a key."""
    form = KeyForm(request.POST or None)
    if not form.is_valid():
        return render(request, "portal/key_create.html", {"form": form})
    new = services.create_key(
        account=request.account,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_at=form.expires_at(),
        actor=actor(request),
    )
    request.session[_SHOWN] = new.row.pk
    return redirect("portal:keys")


@owner
@recent_login
def rotate(request: PortalRequest, key_id: int) -> HttpResponse:
    """Put a new key in the place of one, which works on for a while."""
    row = _active(request, key_id)
    form = RotateForm(request.POST or None)
    if not form.is_valid():
        return render(request, "portal/key_rotate.html", {"form": form, "row": row})
    try:
        new = services.rotate_key(
            account_id=request.account.pk,
            key_id=key_id,
            overlap=form.duration(),
            actor=actor(request),
        )
    except ApiKey.DoesNotExist:  # revoked or expired since
        raise Http404 from None
    request.session[_SHOWN] = new.row.pk
    return redirect("portal:keys")


@owner
@recent_login
def revoke(request: PortalRequest, key_id: int) -> HttpResponse:
    """Stop a key for good, after a question."""
    row = _active(request, key_id)
    if request.method != "POST":
        return render(request, "portal/key_revoke.html", {"row": row})
    services.revoke_key(account_id=request.account.pk, key_id=key_id, actor=actor(request))
    messages.success(
        request, f"{row.name} ({row.masked}) was revoked. It stops working within five seconds."
    )
    return redirect("portal:keys")


def _active(request: PortalRequest, key_id: int) -> ApiKey:
    row = queries.find_active_key(account_id=request.account.pk, key_id=key_id)
    if row is None:
        raise Http404
    return row
