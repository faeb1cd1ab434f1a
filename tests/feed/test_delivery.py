"""What a receiver gets: everything, in order, signed, again when it failed."""

import datetime
import ipaddress
import threading
import time
import uuid
from collections.abc import Iterator

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from accounts.services import OPERATOR
from feed import recording, services
from feed.models import Attempt, Delivery, Webhook
from feed.models import Worker as WorkerRow
from tests.factories import MembershipFactory, a_customer, an_event
from tests.feed.receiver import Receiver, receiving, until, working

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("delivery"),
]


@pytest.fixture(autouse=True)
def _local(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def hook(acme, receiver):
    """Makes webhooks to the receiver."""

    def make(**fields) -> Webhook:
        new = services.create_webhook(account=acme, url=receiver.url, **fields)
        receiver.secrets.append(new.secret)
        return new.row

    return make


def post(api, *ids: str) -> None:
    assert api.post("event", [an_event(id=each) for each in ids]).status == 201


def test_entries_are_sent_as_the_feed_shows_them_in_order_and_signed(api, hook, receiver):
    post(api, "before")
    hook()
    with working():
        post(api, "a", "b", "c")
        api.post("customer", a_customer("1"))
        until(lambda: receiver.ids == ["a", "b", "c", "1"])
    entries = api.get("feed").data[1:]
    assert [request.payload for request in receiver.accepted] == entries
    assert not receiver.unverified
    assert len({request.id for request in receiver.accepted}) == 4


def test_batches_have_as_many_entries_as_there_are_up_to_their_size(api, hook, receiver):
    hook(batch=10)
    post(api, *(f"{number:02}" for number in range(25)))
    with working():
        until(lambda: len(receiver.ids) == 25)
    assert [len(request.ids) for request in receiver.accepted] == [10, 10, 5]
    assert receiver.accepted[0].payload["type"] == "batch"
    assert receiver.ids == [f"{number:02}" for number in range(25)]


def test_what_is_deleted_while_a_slow_receiver_lags_is_not_sent(api, hook, receiver, monkeypatch):
    monkeypatch.setattr("feed.hooks._KEPT_SECONDS", 0.0)
    monkeypatch.setattr("feed.segments.KEPT_SECONDS", 0.0)
    deleted = threading.Event()
    receiver.answer = lambda _: 200 if deleted.wait(10) else 500
    hook()
    post(api, "a", "b", "c")
    with working():
        until(lambda: receiver.begun)
        assert api.delete("event/b").status == 200
        deleted.set()
        until(lambda: receiver.ids[-1:] == ["c"])
    assert receiver.ids == ["a", "c"]


def test_types_and_names_narrow_it(api, hook, receiver):
    hook(types=["event.created"], names=["Wanted"])
    with working():
        api.post("customer", a_customer("1"))
        api.post("event", [an_event(id="no"), an_event(id="yes", name="Wanted")])
        until(lambda: receiver.ids)
    assert receiver.ids == ["yes"]


def test_what_failed_is_sent_again_under_its_id_before_what_follows(
    api, hook, receiver, monkeypatch
):
    monkeypatch.setattr("feed.worker.RETRIES", (0.1,) * 9)
    receiver.answer = lambda request: 200 if len(receiver.refused) >= 3 else 500
    row = hook()
    with working():
        post(api, "a", "b")
        until(lambda: receiver.ids == ["a", "b"])
    assert {request.id for request in receiver.refused} == {receiver.accepted[0].id}
    assert not Delivery.objects.exists()
    assert Webhook.objects.get().failing_since is None
    statuses = list(
        Attempt.objects.filter(webhook=row).order_by("id").values_list("status", flat=True)
    )
    assert statuses == [500, 500, 500, 200, 200]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 500, 503])
def test_every_other_status_is_a_failure_and_redirects_are_not_followed(
    api, hook, receiver, status
):
    receiver.answer = lambda request: (status, {"Location": receiver.url + "/elsewhere"})
    hook()
    with working():
        post(api, "a")
        until(Delivery.objects.exists)
        time.sleep(0.2)
    delivery = Delivery.objects.get()
    assert (delivery.failures, delivery.status, delivery.set_aside_at) == (1, status, None)
    assert delivery.next_attempt_at
    wait = (delivery.next_attempt_at - delivery.created_at).total_seconds()
    assert 4 < wait < 8
    assert [request.path for request in receiver.refused] == ["/hook"]


def test_retry_after_is_honoured(api, hook, receiver):
    receiver.answer = lambda request: (503, {"Retry-After": "120"})
    hook()
    with working():
        post(api, "a")
        until(Delivery.objects.exists)
    soon = timezone.now() + datetime.timedelta(seconds=100)
    assert Delivery.objects.filter(next_attempt_at__gt=soon).exists()


def test_the_schedule_is_the_contracts():
    minute, hour = 60, 3600
    assert (
        5, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour,
    ) == recording.RETRIES  # fmt: skip


def test_what_fails_through_all_retries_is_set_aside_and_can_be_sent_again(
    api, acme, hook, receiver, monkeypatch
):
    monkeypatch.setattr("feed.worker.RETRIES", (0.05,) * 9)
    receiver.answer = lambda request: (
        422 if request.ids == ["bad"] and len(receiver.refused) < 10 else 200
    )
    row = hook()
    with working():
        post(api, "bad", "good")
        until(lambda: receiver.ids == ["good"])
        delivery = Delivery.objects.get()
        assert (delivery.failures, delivery.status, delivery.answer) == (10, 422, "ok")
        assert delivery.set_aside_at
        assert len(receiver.refused) == 10
        services.resend(account_id=acme.pk, webhook_id=row.pk, delivery_id=delivery.pk)
        until(lambda: receiver.ids == ["good", "bad"])
        until(lambda: not Delivery.objects.exists())


def test_410_switches_it_off_and_on_again_it_goes_on_where_it_stopped(api, acme, hook, receiver):
    MembershipFactory.create(account=acme, user__email="owner@example.com")
    receiver.answer = lambda request: 410
    row = hook()
    with working():
        post(api, "a", "b")
        until(lambda: not Webhook.objects.get().enabled)
        assert Webhook.objects.get().stopped == Webhook.Stopped.GONE
        time.sleep(1.2)
        assert len(receiver.refused) == 1
        receiver.answer = lambda request: 200
        services.update_webhook(account_id=acme.pk, webhook_id=row.pk, changes={"enabled": True})
        until(lambda: receiver.ids == ["a", "b"])
    assert Webhook.objects.get().stopped == ""
    [message] = mail.outbox
    assert message.to == ["owner@example.com"]
    assert receiver.url in message.body


def test_five_days_of_nothing_but_failures_switch_it_off_with_a_mail(api, acme, hook, receiver):
    MembershipFactory.create(account=acme)
    MembershipFactory.create(account=acme, role="member")
    receiver.answer = lambda request: 500
    row = hook()
    days = datetime.timedelta(days=5, seconds=1)
    Webhook.objects.filter(pk=row.pk).update(failing_since=timezone.now() - days)
    with working():
        post(api, "a")
        until(lambda: not Webhook.objects.get().enabled)
        until(lambda: mail.outbox)
    assert Webhook.objects.get().stopped == Webhook.Stopped.FAILING
    assert [len(message.to) for message in mail.outbox] == [1]


def test_rotated_secrets_both_sign_for_a_day(api, acme, hook, receiver):
    row = hook()
    new = services.rotate_secret(account_id=acme.pk, webhook_id=row.pk, actor=OPERATOR)
    with working():
        post(api, "by the old one")
        until(lambda: receiver.ids == ["by the old one"])
        receiver.secrets[:] = [new]
        post(api, "by the new one")
        until(lambda: receiver.ids == ["by the old one", "by the new one"])
        assert not receiver.unverified
        Webhook.objects.update(earlier_secret_ends_at=timezone.now())
        time.sleep(1.2)
        post(api, "by the new one alone")
        until(lambda: len(receiver.ids) == 3)


def test_a_rewind_sends_again_from_a_time_under_new_ids(api, acme, hook, receiver):
    row = hook()
    with working():
        post(api, "a")
        time.sleep(0.01)
        post(api, "b")
        post(api, "c")
        until(lambda: receiver.ids == ["a", "b", "c"])
        since = datetime.datetime.fromtimestamp(
            float(api.get("feed").data[1]["timestamp"]) - 0.000_5, datetime.UTC
        )
        services.rewind_webhook(account_id=acme.pk, webhook_id=row.pk, since=since)
        until(lambda: receiver.ids == ["a", "b", "c", "b", "c"])
    assert len({request.id for request in receiver.accepted}) == 5


def test_a_rewind_leaves_what_was_being_tried_again(api, acme, hook, receiver):
    receiver.answer = lambda request: 500
    row = hook()
    with working():
        post(api, "a")
        until(Delivery.objects.exists)
        receiver.answer = lambda request: 200
        services.rewind_webhook(account_id=acme.pk, webhook_id=row.pk, since=timezone.now())
        post(api, "b")
        until(lambda: receiver.ids)
    assert receiver.ids == ["b"]
    assert not Delivery.objects.exists()


def test_a_test_entry_is_sent_also_where_it_is_switched_off(acme, hook, receiver):
    row = hook(enabled=False)
    services.request_test(account_id=acme.pk, webhook_id=row.pk)
    with working():
        until(lambda: receiver.ids == ["test"])
        until(lambda: Webhook.objects.get().test_requested_at is None)
    assert Attempt.objects.get().status == 200


def test_a_dead_receiver_delays_nobody_else(api, acme, hook, receiver):
    services.create_webhook(account=acme, url="http://127.0.0.1:9/")
    hook()
    with working():
        begin = time.monotonic()
        post(api, "a")
        until(lambda: receiver.ids == ["a"])
        assert time.monotonic() - begin < 5
        until(Delivery.objects.exists)
    assert Delivery.objects.get().status is None
    assert "failed" in Delivery.objects.get().answer


def test_a_second_worker_goes_on_when_the_first_is_gone(api, hook, receiver):
    hook()
    with working() as first:
        until(lambda: Webhook.objects.get().worker == first.id)
    assert Webhook.objects.get().worker is None
    with working():
        post(api, "a")
        until(lambda: receiver.ids == ["a"])
    assert not WorkerRow.objects.exists()


def test_workers_share_the_webhooks_and_each_is_served_by_one(api, hook, receiver):
    for _ in range(4):
        hook()
    with working() as first, working() as second:
        until(lambda: Webhook.objects.filter(worker=first.id).count() == 2)
        until(lambda: Webhook.objects.filter(worker=second.id).count() == 2)
        post(api, "a")
        until(lambda: len(receiver.ids) == 4)
        time.sleep(0.5)
    assert len(receiver.ids) == 4


def test_a_worker_keeps_what_is_locked_for_a_moment(hook):
    """It locks rows itself, to write down how far it is. Were they passed over, they would be begun anew, from before."""
    row, me, locked = hook(), uuid.uuid4(), threading.Event()
    recording.heartbeat(me, timezone.now())
    assert [each.pk for each in recording.claim(me)] == [row.pk]

    def lock() -> None:
        with transaction.atomic():
            Webhook.objects.select_for_update().get(pk=row.pk)
            locked.set()
            time.sleep(0.5)
        connection.close()

    thread = threading.Thread(target=lock)
    thread.start()
    locked.wait(10)
    assert [each.pk for each in recording.claim(me)] == [row.pk]
    thread.join()


def test_nothing_is_sent_twice_where_nothing_fails(api, hook, receiver):
    hook(batch=5)
    with working():
        for number in range(60):
            post(api, f"{number:03}")
            time.sleep(0.03)
        until(lambda: len(receiver.ids) >= 60)
        time.sleep(0.5)
    assert receiver.ids == [f"{number:03}" for number in range(60)]


def test_only_the_last_attempts_are_kept(acme, hook):
    row = hook()
    for number in range(recording.KEPT_ATTEMPTS + 20):
        Attempt.objects.create(
            webhook=row, message_id=str(number), at=timezone.now(), milliseconds=1, entries=1
        )
    assert recording.prune_attempts() == 20
    assert Attempt.objects.order_by("id").first().message_id == "20"  # type: ignore[union-attr]
