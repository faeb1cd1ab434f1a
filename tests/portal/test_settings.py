import datetime
import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Account, ApiKey, AuditEntry, Membership, User, account_owned_models
from events.models import Event
from events.services import prune_events
from events.stats import count_events, read_stats
from rejections.models import Rejection
from tests.factories import CustomerFactory, EventFactory, MembershipFactory, make_key
from tests.portal.conftest import person


def test_rename(owner, acme):
    owner.post("/settings/name/", {"company": "Acme & Sons"})
    acme.refresh_from_db()
    assert acme.name == "Acme & Sons"
    assert AuditEntry.objects.get(action="account.renamed").detail == {
        "before": "Acme",
        "name": "Acme & Sons",
    }


def test_rename_refuses(owner, acme):
    assert "required" in owner.post("/settings/name/", {"company": " "}).content.decode()
    acme.refresh_from_db()
    assert acme.name == "Acme"


@pytest.mark.parametrize(("days", "stored"), [("30", 30), ("", None)])
def test_retention(owner, acme, days, stored):
    owner.post("/settings/retention/", {"days": days})
    acme.refresh_from_db()
    assert acme.event_retention_days == stored


@pytest.mark.parametrize("days", ["0", "-1", "36501", "soon", "1.5"])
def test_retention_refuses(owner, acme, days):
    assert 'class="errors"' in owner.post("/settings/retention/", {"days": days}).content.decode()
    acme.refresh_from_db()
    assert acme.event_retention_days is None


def days_ago(days):
    return timezone.now() - datetime.timedelta(days=days)


def test_prune_events_erases_what_is_older(acme, globex, capsys):
    Account.objects.filter(pk=acme.pk).update(event_retention_days=30)
    for days in (1, 29, 31, 400):
        EventFactory.create(account=acme, id=f"{days}", created_at=days_ago(days))
        EventFactory.create(account=globex, id=f"{days}", created_at=days_ago(days))
    call_command("prune_events")
    assert set(Event.objects.filter(account=acme).values_list("id", flat=True)) == {"1", "29"}
    assert Event.objects.filter(account=globex).count() == 4
    assert capsys.readouterr().out == f"Acme (id {acme.pk}): erased 2 events.\n"


def test_pruning_goes_window_by_window(acme, monkeypatch):
    monkeypatch.setattr(
        "events.services._WINDOW",
        __import__("events.services").services._WINDOW.replace("5000", "3"),
    )
    EventFactory.create_batch(10, account=acme, created_at=days_ago(40))
    EventFactory.create_batch(5, account=acme)
    assert prune_events(account_id=acme.pk, days=30) == 10
    assert Event.objects.filter(account=acme).count() == 5


def test_pruning_keeps_the_figures_right(acme):
    EventFactory.create(account=acme, created_at=days_ago(40))
    EventFactory.create(account=acme)
    count_events(
        account_id=acme.pk, seconds=1, until=timezone.now() + datetime.timedelta(seconds=1)
    )
    prune_events(account_id=acme.pk, days=30)
    stats = read_stats(account_id=acme.pk, days=90, today=timezone.now().date())
    assert sum(day.events for day in stats.days.values()) == 1


def test_export_can_be_sent_back(owner, acme, globex, globex_api):
    CustomerFactory.create_batch(3, account=acme, custom_attributes={"a": 1})
    EventFactory.create_batch(3, account=acme, custom_attributes={"b": 2})
    EventFactory.create(account=globex, id="foreign")
    for what, address in (("customers", "customer"), ("events", "event")):
        response = owner.post(f"/settings/export/{what}/")
        assert response.headers["Content-Type"] == "application/x-ndjson"
        assert f'filename="traitly-{what}-' in response.headers["Content-Disposition"]
        lines = response.getvalue()
        assert len(lines.splitlines()) == 3
        assert "foreign" not in lines.decode()
        assert all(json.loads(line)["custom_attributes"] for line in lines.splitlines())
        assert globex_api.post(address, lines, content_type="application/x-ndjson").status == 201
    assert list(
        AuditEntry.objects.filter(action="account.exported").values_list("detail__what", flat=True)
    ) == [
        "customers",
        "events",
    ]


def test_nothing_else_is_exported(owner):
    assert owner.post("/settings/export/keys/").status_code == 404


@pytest.fixture
def full(acme, globex, settings):
    """Two accounts with something of everything."""

    for account in (acme, globex):
        CustomerFactory.create_batch(2, account=account)
        EventFactory.create_batch(3, account=account)
        Rejection.objects.create(account=account, kind="event", payload="{}")
        make_key(account)
        count_events(
            account_id=account.pk, seconds=1, until=timezone.now() + datetime.timedelta(seconds=1)
        )


def left(account):
    return {
        model.__name__: model._base_manager.filter(account=account).count()
        for model in account_owned_models()
    }


def test_deletion_leaves_nothing_and_says_what_was(
    owner, owner_user, member_user, acme, globex, full
):
    both = person(acme, "both@example.com", "member")
    MembershipFactory.create(account=globex, user=both)
    operator = person(acme, "operator@example.com", "member")
    User.objects.filter(pk=operator.pk).update(is_staff=True)
    before = left(globex)
    owner.get("/settings/delete/")
    page = owner.post("/settings/delete/", {"confirmation": "Acme"}).content.decode()
    for kind, count in (
        ("Customers", 2),
        ("Events", 3),
        ("Rejections", 1),
        ("API keys", 1),
        ("Users", 2),
    ):
        assert f"<dt>{kind}</dt><dd>{count}</dd>" in page
    assert not Account.objects.filter(pk=acme.pk).exists()
    assert not any(left(acme).values())
    assert not ApiKey.objects.filter(account=acme.pk).exists()
    assert not AuditEntry.objects.filter(account=acme.pk).exists()
    assert not Membership.objects.filter(account=acme.pk).exists()
    assert set(User.objects.values_list("email", flat=True)) == {
        "both@example.com",
        "operator@example.com",
    }
    assert left(globex) == before
    assert owner.get("/settings/").headers["Location"].startswith("/login/")


def test_deletion_wants_the_name_exactly(owner, acme, full):
    owner.get("/settings/delete/")
    for typed in ("", "acme", "Acme!", "Globex"):
        response = owner.post("/settings/delete/", {"confirmation": typed})
        assert 'class="errors"' in response.content.decode()
    assert Account.objects.filter(pk=acme.pk).exists()


def test_deletion_wants_a_fresh_log_in(owner, acme, full, later):
    later(minutes=16)
    response = owner.post("/settings/delete/", {"confirmation": "Acme"})
    assert response.headers["Location"].startswith("/reauthenticate/")
    assert Account.objects.filter(pk=acme.pk).exists()


def test_deletion_is_one_transaction(owner, acme, full, monkeypatch):
    before = left(acme)
    monkeypatch.setattr(Account, "delete", lambda _self: 1 / 0)
    owner.client.raise_request_exception = False
    owner.get("/settings/delete/")
    assert owner.post("/settings/delete/", {"confirmation": "Acme"}).status_code == 500
    assert left(acme) == before
    assert User.objects.filter(email="owner@acme.example").exists()


def test_origins_of_web_pages(owner, acme):
    owner.post(
        "/settings/origins/",
        {"origins": "https://WWW.example.com/\nhttp://localhost:3000\nhttps://www.example.com"},
    )
    acme.refresh_from_db()
    assert acme.browser_origins == ["https://www.example.com", "http://localhost:3000"]
    assert (
        AuditEntry.objects.get(action="account.origins_changed").detail["origins"]
        == acme.browser_origins
    )
    assert "https://www.example.com" in owner.get("/settings/").content.decode()


@pytest.mark.parametrize(
    "origins", ["example.com", "https://example.com/path", "*", "javascript:alert(1)", "https://"]
)
def test_what_is_no_origin_is_refused(owner, acme, origins):
    assert (
        "is not an origin"
        in owner.post("/settings/origins/", {"origins": origins}).content.decode()
    )
    acme.refresh_from_db()
    assert acme.browser_origins == []
