"""The webhooks' pages."""

import datetime

import pytest
from django.utils import timezone

from feed import services
from feed.models import Attempt, Delivery, Webhook
from feed.positions import Position
from tests.factories import EventFactory

URL = "https://example.com/hook"


@pytest.fixture
def hook(acme):
    return services.create_webhook(account=acme, url=URL)


def test_an_owner_makes_one_and_sees_its_secret_once(owner, acme):
    page = owner.post(
        "/webhooks/create/",
        {"url": URL, "batch": "10", "names": "A\nB", "enabled": "on"},
        follow=True,
    )
    row = Webhook.objects.get(account=acme)
    assert (row.url, row.batch, row.names, row.types) == (URL, 10, ["A", "B"], [])
    assert b"whsec_" in page.content
    assert b"whsec_" not in owner.get(f"/webhooks/{row.pk}/").content
    assert URL.encode() in owner.get("/webhooks/").content


def test_a_private_address_is_refused(owner):
    page = owner.post("/webhooks/create/", {"url": "http://127.0.0.1/", "batch": "1"})
    assert b"public address" in page.content
    assert not Webhook.objects.exists()


def test_state_position_lag_attempts_and_what_was_set_aside(owner, acme, hook):
    then = timezone.now() - datetime.timedelta(seconds=100)
    Webhook.objects.update(position=Position.after(then).cursor)
    EventFactory.create(account=acme)
    Attempt.objects.create(
        webhook=hook.row,
        message_id="msg_1",
        at=then,
        milliseconds=7,
        entries=1,
        body="<payload>",
        status=500,
        answer="<no>",
    )
    Delivery.objects.create(
        webhook=hook.row,
        message_id="msg_2",
        body=b"{}",
        entries=1,
        end="",
        set_aside_at=then,
        status=422,
        answer="bad",
    )
    page = owner.get(f"/webhooks/{hook.row.pk}/").content.decode()
    assert "delivering" in page
    assert "has waited for 10" in page
    assert "&lt;payload&gt;" in page
    assert "&lt;no&gt;" in page
    assert "msg_2" in page
    delivery = Delivery.objects.get()
    owner.post(f"/webhooks/{hook.row.pk}/resend/{delivery.pk}/")
    assert Delivery.objects.get().next_attempt_at


def test_what_the_buttons_do(owner, hook):
    before = bytes(Webhook.objects.get().secret)
    base = f"/webhooks/{hook.row.pk}/"
    owner.post(f"{base}test/")
    owner.post(f"{base}rewind/", {"since": "2026-01-02T03:04:05"})
    assert hook.secret.encode() in owner.post(f"{base}reveal/", follow=True).content
    owner.post(f"{base}rotate/")
    row = Webhook.objects.get()
    assert row.test_requested_at
    assert Position.of(row.position).at == datetime.datetime(
        2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC
    )
    assert bytes(row.earlier_secret or b"") == before
    owner.post(f"{base}edit/", {"url": URL + "2", "batch": "1"})
    assert (Webhook.objects.get().url, Webhook.objects.get().enabled) == (URL + "2", False)
    owner.post(f"{base}delete/")
    assert not Webhook.objects.exists()


def test_members_and_other_accounts_see_none(member, owner, hook, globex):
    assert member.get("/webhooks/").status_code == 403
    foreign = services.create_webhook(account=globex, url=URL).row
    for page in ("", "edit/", "delete/"):
        assert owner.get(f"/webhooks/{foreign.pk}/{page}").status_code == 404
    assert (
        owner.post(f"/webhooks/{foreign.pk}/rewind/", {"since": "2026-01-02T03:04:05"}).status_code
        == 404
    )
    assert owner.post(f"/webhooks/{foreign.pk}/test/").status_code == 404


def test_operators_see_webhooks_without_secrets_and_switch_them(operator, hook):
    assert URL.encode() in operator.get("/admin/feed/webhook/").content
    page = operator.get(f"/admin/feed/webhook/{hook.row.pk}/change/").content
    assert b"whsec" not in page
    operator.post(
        "/admin/feed/webhook/", {"action": "switch_off", "_selected_action": [str(hook.row.pk)]}
    )
    assert not Webhook.objects.get().enabled
    for model in ("delivery", "worker"):
        assert operator.get(f"/admin/feed/{model}/").status_code == 200


def test_operators_have_what_was_set_aside_sent_again(operator, hook):
    fields = {"webhook": hook.row, "body": b"{}", "entries": 1, "end": ""}
    set_aside = Delivery.objects.create(message_id="msg_1", set_aside_at=timezone.now(), **fields)
    tried_again = Delivery.objects.create(
        message_id="msg_2", next_attempt_at=timezone.now(), **fields
    )
    before = tried_again.next_attempt_at
    form = {"action": "resend", "_selected_action": [str(set_aside.pk), str(tried_again.pk)]}
    assert (
        b"Sent again soon: 1." in operator.post("/admin/feed/delivery/", form, follow=True).content
    )
    set_aside.refresh_from_db()
    tried_again.refresh_from_db()
    assert set_aside.next_attempt_at
    assert tried_again.next_attempt_at == before
