"""Webhooks: where they stand, what was sent and answered, what was set aside. For owners, who see the secrets too."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts import keys
from feed import services
from feed.models import Delivery, Webhook
from feed.queries import account_webhooks, find_webhook, recent_attempts, set_aside, webhook_state
from portal.access import PortalRequest, actor, owner, recent_login
from portal.forms import RewindForm, WebhookForm

_SHOWN = (
    "shown_webhook_secret"  # in the session: the webhook whose secret the next page shows, once
)


@owner
def index(request: PortalRequest) -> HttpResponse:
    """Every webhook of the account."""
    return render(
        request, "portal/webhooks.html", {"states": account_webhooks(account_id=request.account.pk)}
    )


@owner
@recent_login
def create(request: PortalRequest) -> HttpResponse:
    """Make a webhook."""
    form = WebhookForm(request.POST or None)
    if not form.is_valid():
        return render(request, "portal/webhook_edit.html", {"form": form})
    try:
        new = services.create_webhook(
            account=request.account, actor=actor(request), **form.cleaned_data
        )
    except services.TooManyWebhooksError:
        form.add_error(None, f"An account has at most {services.MAX_WEBHOOKS} webhooks.")
        return render(request, "portal/webhook_edit.html", {"form": form})
    request.session[_SHOWN] = str(new.row.pk)
    return redirect("portal:webhook", new.row.pk)


@owner
def show(request: PortalRequest, webhook_id: uuid.UUID) -> HttpResponse:
    """State, position, lag, the last attempts, what was set aside."""
    row = _row(request, webhook_id)
    shown = request.session.get(_SHOWN) == str(row.pk) and request.session.pop(_SHOWN)
    context = {
        "state": webhook_state(row),
        "attempts": recent_attempts(row),
        "set_aside": set_aside(row),
        "secret": keys.decrypt(row.secret) if shown else None,
        "rewind": RewindForm(),
    }
    return render(request, "portal/webhook.html", context)


@owner
@recent_login
def edit(request: PortalRequest, webhook_id: uuid.UUID) -> HttpResponse:
    """Change a webhook."""
    row = _row(request, webhook_id)
    fields = {name: getattr(row, name) for name in WebhookForm.base_fields}
    form = WebhookForm(request.POST or None, initial=fields | {"names": "\n".join(row.names)})
    if not form.is_valid():
        return render(request, "portal/webhook_edit.html", {"form": form, "row": row})
    _do(
        services.update_webhook,
        request,
        webhook_id,
        changes=form.cleaned_data,
        actor=actor(request),
    )
    messages.success(request, "The webhook was changed.")
    return redirect("portal:webhook", webhook_id)


@require_POST
@owner
@recent_login
def reveal(request: PortalRequest, webhook_id: uuid.UUID) -> HttpResponse:
    """Show the secret on the next page."""
    try:
        _do(services.reveal_secret, request, webhook_id, actor=actor(request))
    except keys.UnreadableKeyError:
        messages.error(
            request,
            "This secret was encrypted with a key that the server no longer has. Rotate it.",
        )
    else:
        request.session[_SHOWN] = str(webhook_id)
    return redirect("portal:webhook", webhook_id)


@require_POST
@owner
@recent_login
def rotate(request: PortalRequest, webhook_id: uuid.UUID) -> HttpResponse:
    """Make a new secret; both sign for a day."""
    _do(services.rotate_secret, request, webhook_id, actor=actor(request))
    request.session[_SHOWN] = str(webhook_id)
    return redirect("portal:webhook", webhook_id)


@require_POST
@owner
def test(request: PortalRequest, webhook_id: uuid.UUID) -> HttpResponse:
    """Have a test entry sent."""
    _do(services.request_test, request, webhook_id)
    messages.success(request, "A test entry will be sent within seconds. See the last attempts.")
    return redirect("portal:webhook", webhook_id)


@require_POST
@owner
def rewind(request: PortalRequest, webhook_id: uuid.UUID) -> HttpResponse:
    """Send again from a time on."""
    form = RewindForm(request.POST)
    if form.is_valid():
        _do(
            services.rewind_webhook,
            request,
            webhook_id,
            since=form.cleaned_data["since"],
            actor=actor(request),
        )
        messages.success(request, "It will send everything since then again.")
    else:
        messages.error(request, "The webhook cannot go back to that time.")
    return redirect("portal:webhook", webhook_id)


@require_POST
@owner
def resend(request: PortalRequest, webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> HttpResponse:
    """Try once more what was set aside."""
    _do(services.resend, request, webhook_id, delivery_id=delivery_id)
    messages.success(request, "It will be sent again within seconds.")
    return redirect("portal:webhook", webhook_id)


@owner
@recent_login
def delete(request: PortalRequest, webhook_id: uuid.UUID) -> HttpResponse:
    """Delete a webhook, after a question."""
    row = _row(request, webhook_id)
    if request.method != "POST":
        return render(request, "portal/webhook_delete.html", {"row": row})
    _do(services.delete_webhook, request, webhook_id, actor=actor(request))
    messages.success(request, f"The webhook to {row.url} was deleted.")
    return redirect("portal:webhooks")


def _row(request: PortalRequest, webhook_id: uuid.UUID) -> Webhook:
    row = find_webhook(account_id=request.account.pk, webhook_id=webhook_id)
    if row is None:
        raise Http404
    return row


def _do(service: Any, request: PortalRequest, webhook_id: uuid.UUID, **arguments: Any) -> None:
    try:
        service(account_id=request.account.pk, webhook_id=webhook_id, **arguments)
    except (Webhook.DoesNotExist, Delivery.DoesNotExist):
        raise Http404 from None
