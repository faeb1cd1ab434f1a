"""Many clients at once, with real threads and real commits (contract, "Events", "Customers")."""

import random
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.models import Customer
from events.models import Event
from tests.client import Api, Response
from tests.factories import AccountFactory, a_customer, an_event, make_key

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 50


@pytest.fixture
def api(transactional_db: None) -> Api:
    return Api(make_key(AccountFactory.create()).key)


def at_once(calls: Sequence[Callable[[], Response]]) -> list[Response]:
    """Run all of them, each in a thread with a connection of its own, none before all are ready."""
    responses: list[Any] = [None] * len(calls)
    ready = threading.Barrier(len(calls))

    def run(position: int) -> None:
        try:
            ready.wait(30)
            responses[position] = calls[position]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[position]) for position in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return responses


def test_the_same_batch_from_many_threads_is_stored_once(api):
    batch = [an_event(str(i), id=f"e{i}", n=i) for i in range(50)]
    shuffled = [random.sample(batch, len(batch)) for _ in range(THREADS)]

    responses = at_once([partial(api.post, "event", body) for body in shuffled])

    assert [response.status for response in responses] == [201] * THREADS
    assert all(row["success"] == 1 for response in responses for row in response.data)
    assert Event.objects.count() == 50
    fresh = [50 - response.json["metadata"].get("duplicates", 0) for response in responses]
    assert sum(fresh) == 50


def test_single_events_of_many_threads_share_statements_and_each_hears_of_its_own(api, monkeypatch):
    """The ids overlap: whoever comes second with one is told so, whoever it was stored with."""
    statements = []
    execute = CursorWrapper.execute

    def note(cursor: CursorWrapper, sql: str, *parameters: Any) -> Any:
        if "ids" in parameters[0]:
            statements.append(sql)
        return execute(cursor, sql, *parameters)

    monkeypatch.setattr(CursorWrapper, "execute", note)

    responses = at_once(
        [partial(api.post, "event", an_event("c", id=f"e{i % 30}")) for i in range(THREADS)]
    )

    assert [response.status for response in responses] == [201] * THREADS
    assert Event.objects.count() == 30
    assert (
        sum(response.json["metadata"].get("duplicates", 0) for response in responses)
        == THREADS - 30
    )
    assert 0 < len(statements) < THREADS


def test_the_same_idempotency_key_from_many_threads_stores_once(api):
    batch = [an_event(str(i)) for i in range(20)]

    responses = at_once(
        [
            partial(api.post, "event", batch, headers={"Idempotency-Key": "k"})
            for _ in range(THREADS)
        ]
    )

    assert [response.status for response in responses] == [201] * THREADS
    assert len({tuple(row["id"] for row in response.data) for response in responses}) == 1
    assert Event.objects.count() == 20


def test_overlapping_customers_in_opposite_orders_merge_without_an_error(api):
    """Every client sends the same customers in an order of its own, and one key of its own for each."""
    customers = [str(i) for i in range(20)]
    batches = []
    for client in range(THREADS):
        order = (
            random.sample(customers, len(customers))
            if client % 2
            else customers[:: 1 if client % 4 else -1]
        )
        batches.append(
            [a_customer(i, custom_attributes={f"client{client}": client}) for i in order]
        )

    responses = at_once([partial(api.post, "customer", body) for body in batches])

    assert {response.status for response in responses} <= {200, 201}
    assert sum(response.status == 201 for response in responses) == 1
    expected = {f"client{client}": client for client in range(THREADS)}
    stored = dict(Customer.objects.values_list("customer_id", "custom_attributes"))
    assert stored == dict.fromkeys(customers, expected)


def test_batches_that_name_customers_twice_in_opposite_orders(api):
    """A customer that is sent twice is updated twice in one transaction: the second must not wait in a circle."""
    forth = [a_customer(i) for i in ("a", "b", "c", "a")]
    back = [a_customer(i) for i in ("c", "b", "a", "c")]

    responses = at_once([partial(api.post, "customer", (forth, back)[i % 2]) for i in range(30)])

    assert {response.status for response in responses} <= {200, 201}, responses
    assert Customer.objects.count() == 3


def test_patches_of_different_fields_at_once_are_all_kept(api):
    api.post("customer", a_customer("1"))
    changes: list[dict[str, Any]] = [
        {"location": "Berlin"},
        {"phone_number": "1"},
        {"organisation_id": "o"},
        {"monthly_payment_amount": 5},
    ]
    changes += [{f"key{i}": i} for i in range(20)]

    responses = at_once([partial(api.patch, "customer/1", body) for body in changes])

    assert [response.status for response in responses] == [200] * len(changes)
    row = api.get("customer/1").row
    assert (row["location"], row["phone_number"], row["organisation_id"]) == ("Berlin", "1", "o")
    assert row["monthly_payment_amount"] == 5
    assert row["custom_attributes"] == {f"key{i}": i for i in range(20)}


def test_an_erasure_among_writes_is_whole(api):
    """Erasing while others write about the same customer: no error, and nothing half erased."""
    api.post("customer", a_customer("1"))
    calls = [partial(api.post, "event", an_event("1", id=str(i))) for i in range(20)]
    calls += [partial(api.delete, "customer/1") for _ in range(5)]
    calls += [partial(api.post, "customer", a_customer("1")) for _ in range(10)]

    responses = at_once(calls)

    assert {response.status for response in responses} <= {200, 201, 404}, responses
    if api.get("customer/1").status == 200:
        assert api.delete("customer/1").status == 200
    assert api.get("customer/1").status == 404


def test_an_acknowledged_write_is_seen_by_another_connection_at_once(api):
    """A 2xx comes after the commit: other connections see nothing before it."""
    for i in range(10):
        assert api.post("event", an_event("1", id=str(i))).status == 201
        [seen] = at_once([partial(api.get, f"event/{i}")])
        assert seen.status == 200
    assert api.post("customer", [a_customer("1"), a_customer("1"), a_customer("2")]).status == 201
    [seen] = at_once([partial(api.get, "customer")])
    assert [row["customer_id"] for row in seen.data] == ["1", "2"]
