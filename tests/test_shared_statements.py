"""Requests that come at once share statements, of one account or of several, and none hears of another."""

import time
from functools import partial
from typing import Any

import pytest

from accounts.models import Account
from customers.models import Customer
from customers.statements import UPSERTS
from events import services as events
from events.models import Event
from tests.client import Api
from tests.cluster import PLAIN_ONLY
from tests.factories import AccountFactory, a_customer, an_event, make_key
from tests.test_concurrency import at_once
from traitly.db import citus
from traitly.db.prepared import Prepared

pytestmark = pytest.mark.django_db(transaction=True)


class Slow:
    """A statement that takes its time, so that others gather meanwhile. Counts how often it is executed."""

    def __init__(self, statement: Prepared) -> None:
        self._statement = statement
        self.times = 0

    def execute(self, *args: Any) -> None:
        self.times += 1
        time.sleep(0.05)
        self._statement.execute(*args)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(module: Any, *names: str) -> list[Slow]:
        made = [Slow(getattr(module, name)) for name in names]
        for name, statement in zip(names, made, strict=True):
            monkeypatch.setattr(module, name, statement)
        return made

    return make


def _slow_upserts(monkeypatch: pytest.MonkeyPatch) -> list[Slow]:
    made = {key: Slow(statement) for key, statement in UPSERTS.items()}
    for key, statement in made.items():
        monkeypatch.setitem(UPSERTS, key, statement)
    return list(made.values())


@pytest.fixture
def slow_upserts(monkeypatch: pytest.MonkeyPatch) -> list[Slow]:
    return _slow_upserts(monkeypatch)


@pytest.fixture
def accounts(transactional_db: None) -> list[Account]:
    return [AccountFactory.create() for _ in range(20)]


@pytest.fixture
def apis(accounts: list[Account]) -> list[Api]:
    made = [Api(make_key(account).key) for account in accounts]
    for api in made:
        assert api.get("customer").status == 200  # the key is known from here on
    return made


def test_customers_of_one_account_share_statements(
    apis: list[Api], slow_upserts: list[Slow]
) -> None:
    calls = [
        partial(apis[0].post, "customer", a_customer(str(number), plan=str(number)))
        for number in range(20)
    ]

    responses = at_once(calls)

    assert [
        (response.status, response.row["customer_id"], response.row["plan"])
        for response in responses
    ] == [(201, str(number), str(number)) for number in range(20)]
    assert Customer.objects.count() == 20
    assert sum(upsert.times for upsert in slow_upserts) < 15


def test_each_request_for_the_same_customer_is_answered_what_it_made(
    apis: list[Api], slow_upserts: list[Slow]
) -> None:
    calls = [
        partial(apis[0].post, "customer", a_customer("1", plan=str(n), attr=n)) for n in range(20)
    ]

    responses = at_once(calls)

    assert sorted(response.status for response in responses) == [200] * 19 + [201]
    assert [response.row["plan"] for response in responses] == [str(number) for number in range(20)]
    assert len({response.row["updated_at"] for response in responses}) == 20
    last = max(responses, key=lambda response: float(response.row["updated_at"]))
    assert last.row == apis[0].get("customer/1").row


def test_one_whose_attributes_would_be_too_large_takes_nobody_with_it(
    apis: list[Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    half = "x" * 64_000
    apis[0].post("customer", a_customer("0", a=half))
    apis[0].patch("customer/0", {"b": half})
    _slow_upserts(monkeypatch)

    responses = at_once(
        [partial(apis[0].post, "customer", a_customer(str(n), c=half)) for n in range(10)]
    )

    assert [response.status for response in responses] == [413] + [201] * 9


@PLAIN_ONLY
def test_events_of_several_accounts_share_statements(
    apis: list[Api], accounts: list[Account], slow: Any
) -> None:
    statements = slow(events, "_INSERT_SHARED", "_INSERT_NEW")

    responses = at_once(
        [partial(api.post, "event", an_event(str(number))) for number, api in enumerate(apis)]
    )

    assert {response.status for response in responses} == {201}
    stored = Event.objects.order_by("account_id").values_list("account_id", "customer_id", "id")
    ids = [response.row["id"] for response in responses]
    assert list(stored) == [(account.pk, str(n), ids[n]) for n, account in enumerate(accounts)]
    assert statements[0].times > 0
    assert sum(statement.times for statement in statements) < 15


def test_of_several_accounts_only_the_one_that_is_erased_is_told_so(
    apis: list[Api], accounts: list[Account], slow: Any
) -> None:
    slow(events, "_INSERT_SHARED", "_INSERT_NEW")
    Account.objects.filter(pk=accounts[7].pk).update(closed_at="2026-01-01T00:00:00Z")

    responses = at_once(
        [partial(api.post, "event", an_event(str(number))) for number, api in enumerate(apis)]
    )

    refused = [number for number, response in enumerate(responses) if response.status != 201]
    assert refused == [7]
    assert responses[7].status in {401, 403, 404, 410}
    assert Event.objects.count() == 19


def test_events_with_ids_of_the_clients_wait_for_their_own_account_alone(
    apis: list[Api], slow: Any
) -> None:
    statements = slow(events, "_INSERT_SHARED", "_INSERT_ONCE")

    responses = at_once([partial(api.post, "event", an_event("1", id="same")) for api in apis])

    assert {response.status for response in responses} == {201}
    assert Event.objects.filter(id="same").count() == 20
    assert [statement.times for statement in statements] == [0, 20]


def test_on_citus_no_statement_is_of_two_accounts(
    apis: list[Api], slow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "is_distributed", lambda: True)
    statements = slow(events, "_INSERT_SHARED", "_INSERT_NEW")

    at_once([partial(api.post, "event", an_event()) for api in apis])

    assert [statement.times for statement in statements] == [0, 20]


def test_a_second_run_of_a_shared_statement_stores_nothing_twice(
    apis: list[Api], accounts: list[Account]
) -> None:
    """Its first commit was not heard of."""
    sent = [(account.pk, events_of(number)) for number, account in enumerate(accounts)]
    assert events._store_requests(None, sent) == [0] * 20

    together: Any = at_once
    responses = together([partial(events._store_grouped, None, item) for item in sent])

    assert responses == [0] * 20
    assert Event.objects.count() == 20


def events_of(number: int) -> list[Any]:
    from events.schemas import NewEvent
    from traitly.input.values import now_in_seconds

    return [NewEvent(f"id-{number}", "1", "n", now_in_seconds(), b"{}", new=True)]


@PLAIN_ONLY
def test_plain_postgresql_is_not_taken_for_a_cluster(transactional_db: None) -> None:
    assert citus.is_distributed() is False
