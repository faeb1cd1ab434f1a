"""Erasing an account while others write to it: nothing stays, and nobody is told that something was stored."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import services
from accounts.authentication import forget_credentials
from accounts.models import Account, ApiKey, DailyUsage, KeyWindow, account_owned_models
from accounts.services import OPERATOR, close_account
from events.models import Event
from events.schemas import NewEvent
from events.services import store_events
from events.stats import count_events
from portal.services import delete_account
from tests.client import Api, Response
from tests.factories import AccountFactory, a_customer, an_event, make_key
from traitly.db.transactions import wait_for_running_transactions
from traitly.input.errors import AccountGoneError
from traitly.input.values import now_in_seconds


def in_thread(work: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def left(account: Account) -> dict[str, int]:
    found = {
        model.__name__: model._base_manager.filter(account=account.pk).count()
        for model in account_owned_models()
    }
    found["ApiKey"] = ApiKey.objects.filter(account=account.pk).count()
    found["KeyWindow"] = KeyWindow.objects.count()
    found["DailyUsage"] = DailyUsage.objects.filter(account=account.pk).count()
    return {name: count for name, count in found.items() if count}


def an_id(number: int = 0) -> NewEvent:
    return NewEvent(f"e{number}", "15", "Logged in", now_in_seconds(), b"{}")


WRITES: list[tuple[str, str, Any]] = [
    ("POST", "event", an_event()),
    ("POST", "event", an_event(id="client's own")),
    ("POST", "event", [an_event(), an_event(id="another")]),
    ("POST", "event", {"name": "refused: without a customer_id"}),
    ("POST", "customer", a_customer("new")),
    ("POST", "customer", [a_customer("a"), a_customer("a")]),
    ("POST", "customer", {"customer_id": "refused"}),
    ("PATCH", "customer/123", {"plan": "Atom"}),
    ("DELETE", "customer/123", b""),
    ("DELETE", "event/1", b""),
]


@pytest.mark.parametrize(("method", "address", "body"), WRITES)
def test_a_key_that_is_still_believed_stores_nothing(acme, settings, method, address, body):
    """As of a request that was let in before, and whose body came after."""
    settings.API_KEY_CACHE_SECONDS = 1000
    api = Api(make_key(acme).key)
    assert api.get("customer").status == 200
    delete_account(account=acme, actor=OPERATOR)

    answer = api.send(method, address, body)

    assert answer.status in {400, 401, 404}, answer
    assert not left(acme)


def test_who_comes_too_late_hears_that_the_key_is_none(acme, settings):
    settings.API_KEY_CACHE_SECONDS = 1000
    api = Api(make_key(acme).key)
    api.get("customer")
    close_account(account=acme)

    for address, body in (
        ("event", an_event()),
        ("event", an_event(id="1")),
        ("customer", a_customer()),
    ):
        answer = api.post(address, body)
        assert answer.status == 401
        assert answer.errors == [("authentication_failed", None)]
        assert answer.headers["WWW-Authenticate"] == "Token"
    assert not Event.objects.exists()


def test_a_key_cannot_be_made_for_an_account_that_is_closed(acme):
    old = make_key(acme)
    close_account(account=acme)
    with pytest.raises(AccountGoneError):
        make_key(acme)
    assert [row.pk for row in ApiKey.objects.filter(account=acme)] == [old.row.pk]
    assert not ApiKey.objects.get().is_active


def test_looking_at_the_figures_of_a_closed_account_stores_none(acme, api):
    api.post("event", an_event())
    close_account(account=acme)
    with pytest.raises(AccountGoneError):
        count_events(account_id=acme.pk, seconds=1)
    assert set(left(acme)) == {"Event", "ApiKey"}


def test_a_rate_limits_count_is_not_left_behind(acme, settings, monkeypatch):
    monkeypatch.setattr("traitly.http.views.ApiViewSet.throttle_classes", [services_throttle()])
    settings.API_RATE_LIMIT = (100, 60)
    settings.API_KEY_CACHE_SECONDS = 1000
    api = Api(make_key(acme).key)
    assert api.get("customer").status == 200
    assert KeyWindow.objects.count() == 1
    delete_account(account=acme, actor=OPERATOR)

    answer = api.get("customer")

    assert answer.status == 401
    assert not left(acme)


def services_throttle() -> Any:
    from accounts.throttling import KeyRateThrottle

    return KeyRateThrottle


@pytest.mark.django_db(transaction=True)
def test_what_is_being_stored_is_waited_for():
    """An erasure sees committed rows only: one that did not wait would leave these."""
    account = AccountFactory.create()
    stored, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            store_events(account_id=account.pk, events=[an_id()])
            stored.set()
            go_on.wait(30)

    writer = in_thread(write)
    assert stored.wait(30)
    eraser = in_thread(lambda: delete_account(account=account, actor=OPERATOR))
    eraser.join(0.3)
    waited = eraser.is_alive()
    go_on.set()
    writer.join(30)
    eraser.join(30)

    assert waited
    assert not left(account)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_never_ends_is_not_waited_for_longer_than_said():
    begun, go_on = threading.Event(), threading.Event()

    def idle() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            begun.set()
            go_on.wait(30)

    thread = in_thread(idle)
    assert begun.wait(30)
    assert wait_for_running_transactions(seconds=0.1) is False
    go_on.set()
    thread.join(30)
    assert wait_for_running_transactions(seconds=10) is True


@pytest.mark.django_db(transaction=True)
def test_writers_that_do_not_stop_leave_nothing(settings):
    """Clients write, look at stats and make keys while the account is erased, each in a thread of its own."""
    settings.API_KEY_CACHE_SECONDS = 1000
    forget_credentials()
    account, other = AccountFactory.create(), AccountFactory.create()
    api, other_api = Api(make_key(account).key), Api(make_key(other).key)
    ended = threading.Event()
    answers: list[Response] = []

    def post(address: str, body: Any) -> Callable[[], None]:
        def send() -> None:
            while not ended.is_set():
                answers.append(api.post(address, body))

        return send

    def look() -> None:
        while not ended.is_set():
            try:
                count_events(account_id=account.pk, seconds=0)
                services.create_key(account=account, name="Another")
            except AccountGoneError:
                time.sleep(0.01)

    work = [post(address, body) for method, address, body in WRITES if method == "POST"] + [look]
    threads = [in_thread(each) for each in work]
    time.sleep(0.5)
    assert other_api.post("event", an_event()).status == 201
    delete_account(account=account, actor=OPERATOR)
    at_once = left(account)
    erased = len(answers)
    time.sleep(0.3)
    ended.set()
    for thread in threads:
        thread.join(30)

    assert not at_once
    assert not left(account)
    assert {answer.status for answer in answers[:erased]} >= {201, 200}
    assert {answer.status for answer in answers[erased + len(work) :]} <= {400, 401}
    assert left(other)["Event"] == 1


def test_an_erasure_that_failed_can_be_tried_again(owner, member, acme, monkeypatch):
    owner.client.raise_request_exception = False
    owner.get("/settings/delete/")
    with monkeypatch.context() as patch:
        patch.setattr(Account, "delete", lambda _self: 1 / 0)
        assert owner.post("/settings/delete/", {"confirmation": "Acme"}).status_code == 500
    for page in ("/", "/keys/create/"):
        response = owner.get(page)
        assert response.status_code == 403
        assert "being erased" in response.content.decode()
    assert member.get("/").status_code == 403

    assert owner.get("/settings/delete/").status_code == 200
    owner.post("/settings/delete/", {"confirmation": "Acme"})

    assert not Account.objects.filter(pk=acme.pk).exists()


def test_a_page_whose_account_is_closed_meanwhile_says_so(owner, acme, monkeypatch):
    def closed(**_: Any) -> None:
        raise AccountGoneError

    monkeypatch.setattr("portal.views.keys.services.create_key", closed)
    owner.get("/keys/create/")
    assert owner.post("/keys/create/", {"name": "x", "scopes": ["read"]}).status_code == 403
