"""``manage.py nightly`` and ``erase_account``."""

import datetime
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Account
from customers.models import Customer
from events.models import Event
from rejections.models import Rejection
from tests.factories import a_customer, an_event
from traitly import nightly
from traitly.db import batches


def run() -> dict[str, int]:
    said = StringIO()
    call_command("nightly", stdout=said)
    return {
        name: int(number)
        for name, _, number in (line.rpartition(": ") for line in said.getvalue().splitlines())
    }


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(batches, "_ROWS", 2)


def test_what_is_past_its_time_is_erased_and_counted(acme, api):
    now = timezone.now()
    api.post(
        "event", [an_event(created_at=now.timestamp() - days * 86_400) for days in (1, 40, 50)]
    )
    acme.event_retention_days = 30
    acme.save()
    api.post("event", [{}, {}, {}])
    Rejection.objects.filter(pk__in=Rejection.objects.values("pk")[:2]).delete()
    for number in range(5):
        age = datetime.timedelta(hours=1 if number < 3 else -1)
        Session.objects.create(
            session_key=f"session-{number}", session_data="", expire_date=now - age
        )

    erased = run()

    assert erased["events older than their account keeps them"] == 2
    assert erased["sessions that ended"] == 3
    assert Event.objects.count() == 1
    assert Session.objects.count() == 2
    assert Rejection.objects.count() == 1
    assert set(run().values()) == {0}


def test_rejections_are_erased_by_age(api, monkeypatch):
    api.post("event", [{}, {}, {}])
    later = timezone.now() + datetime.timedelta(days=8)
    monkeypatch.setattr("rejections.services.timezone.now", lambda: later)

    assert run()["rejected items older than REJECTIONS_KEPT_DAYS"] == 3


def test_what_a_deleted_account_left_is_erased_and_nobody_elses(acme, globex, api, globex_api):
    for client in (api, globex_api):
        client.post("event", [an_event() for _ in range(5)])
        client.post("customer", [a_customer("1"), a_customer("2")])
        client.post("event", [{}])
    Account.objects.filter(pk=acme.pk).delete()

    assert run()["rows of accounts that are gone"] >= 8
    for model in (Event, Customer, Rejection):
        assert set(model.objects.values_list("account_id", flat=True)) == {globex.pk}


@pytest.mark.django_db
def test_a_step_that_fails_is_told_and_keeps_the_others_from_nothing(monkeypatch):
    done = []

    def fail() -> int:
        raise ValueError

    def succeed() -> int:
        done.append(1)
        return 1

    monkeypatch.setattr(nightly, "STEPS", {"broken": fail, "sound": succeed})
    with pytest.raises(CommandError, match="broken"):
        run()
    assert done


@pytest.mark.django_db(transaction=True)
def test_an_account_is_erased_by_command(acme, globex, api, globex_api, monkeypatch):
    api.post("event", [an_event(), an_event()])
    globex_api.post("event", an_event())
    monkeypatch.setattr("builtins.input", lambda _prompt: "Globex")
    with pytest.raises(CommandError, match="does not match"):
        call_command("erase_account", str(acme.pk))
    assert Event.objects.count() == 3

    said = StringIO()
    call_command("erase_account", str(acme.pk), "--yes", stdout=said)

    assert "events: 2\n" in said.getvalue()
    assert not Account.objects.filter(pk=acme.pk).exists()
    assert Event.objects.count() == 1
    with pytest.raises(CommandError, match="no account"):
        call_command("erase_account", str(acme.pk), "--yes")
