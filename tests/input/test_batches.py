"""Arrays (contract, "Batches") and the envelope of every answer."""

import json
import time

import pytest
from django.db import IntegrityError, InternalError, OperationalError, connection

from customers.models import Customer
from customers.schemas import SCHEMA as CUSTOMER
from events import services
from events.models import Event
from events.schemas import SCHEMA as EVENT
from events.schemas import NewEvent
from tests.client import check_errors
from tests.cluster import NEEDS_CITUS
from tests.factories import a_customer, an_event
from traitly.db.prepared import Prepared
from traitly.input.values import now_in_seconds

# The envelope
# ---------------------------------------------------------------------------------------------------------


def check_envelope(response, verb, kind):
    body = response.json
    assert response.headers["Content-Type"] == "application/json"
    assert list(body) == ["data", "metadata", verb, "object"]
    assert isinstance(body["data"], list)
    assert isinstance(body["metadata"], dict)
    assert isinstance(body[verb], str)
    assert abs(int(body[verb]) - time.time()) < 60
    assert body["object"] == kind


def test_the_verb_of_each_method(api):
    check_envelope(api.post("customer", a_customer("1")), "created", "customer")
    check_envelope(api.post("customer", a_customer("1")), "created", "customer")
    check_envelope(api.post("event", an_event("1", id="e")), "created", "event")
    check_envelope(api.get("customer"), "retrieved", "customer")
    check_envelope(api.get("customer/1"), "retrieved", "customer")
    check_envelope(
        api.get("event", {"customer_id": "1", "name": "Logged in"}), "retrieved", "event"
    )
    check_envelope(api.get("event/e"), "retrieved", "event")
    check_envelope(api.get("customer/1/event"), "retrieved", "event")
    check_envelope(api.patch("customer/1", {}), "updated", "customer")
    check_envelope(api.delete("event/e"), "deleted", "event")
    check_envelope(api.delete("customer/1"), "deleted", "customer")


def test_an_empty_list_is_data_too(api):
    assert api.get("customer").data == []


def test_metadata_is_empty_when_there_is_nothing_to_say(api):
    for response in (
        api.post("customer", a_customer("1")),
        api.post("customer", [a_customer("1"), a_customer("2")]),
        api.post("event", [an_event(), an_event()]),
        api.get("customer"),
        api.get("customer/1"),
        api.patch("customer/1", {}),
    ):
        assert response.json["metadata"] == {}


# Batches
# --------------------------------------------------------------------------------------------------------------


def test_all_stored_is_201(api):
    response = api.post("event", [an_event("1"), an_event("2"), an_event("3")])

    assert response.status == 201
    assert [row["customer_id"] for row in response.data] == ["1", "2", "3"]
    assert [row["success"] for row in response.data] == [1, 1, 1]
    assert Event.objects.count() == 3


def test_an_array_of_one_is_answered_like_one(api):
    assert api.post("event", [an_event()]).status == 201


def test_duplicates_are_counted(api):
    response = api.post("event", [an_event(id="a"), an_event(id="a"), an_event(id="b")])

    assert response.status == 201
    assert response.json["metadata"] == {"duplicates": 1}
    assert [row["success"] for row in response.data] == [1, 1, 1]


def test_some_stored_is_207(api):
    response = api.post(
        "event",
        [{"name": "x"}, an_event("2", id="a"), {"customer_id": 3}, an_event("4", id="a"), []],
    )

    assert response.status == 207
    assert response.json["metadata"] == {"accepted": 2, "rejected": 3, "duplicates": 1}
    assert [row["success"] for row in response.data] == [0, 1, 0, 1, 0]
    assert [row.get("index") for row in response.data] == [0, None, 2, None, 4]
    assert list(response.data[0]) == ["name", "success", "index", "errors"]
    assert response.data[0]["name"] == "x"
    assert list(response.data[2]) == ["customer_id", "success", "index", "errors"]
    assert response.data[2]["customer_id"] == 3
    assert list(response.data[4]) == ["success", "index", "errors"]
    for row in (response.data[0], response.data[2], response.data[4]):
        check_errors(row["errors"])
    assert Event.objects.count() == 1


def test_some_customers_stored_is_207(api):
    response = api.post(
        "customer", [a_customer("1"), {"customer_id": "2", "name": "Jane"}, a_customer("3")]
    )

    assert response.status == 207
    assert response.json["metadata"] == {"accepted": 2, "rejected": 1}
    assert response.data[1]["customer_id"] == "2"
    assert response.data[1]["name"] == "Jane"
    assert [error["attr"] for error in response.data[1]["errors"]] == ["1.email", "1.plan"]
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("kind", ["event", "customer"])
def test_none_stored_is_400_with_the_same_body(api, kind):
    response = api.post(kind, [{}, {"customer_id": "2"}])

    assert response.status == 400
    check_envelope(response, "created", kind)
    assert response.json["metadata"] == {"accepted": 0, "rejected": 2}
    assert [row["index"] for row in response.data] == [0, 1]


def test_a_single_invalid_object_is_400_with_the_error_object(api):
    response = api.post("event", {"customer_id": "1"})

    assert response.status == 400
    assert response.errors == [("required", "name")]


@pytest.mark.parametrize(
    "sent", ["9" * 400, "9" * 5000, "NaN", "1e400", '{"a": [1]}', "null", "[" * 100 + "]" * 100]
)
def test_what_was_sent_is_named_whatever_it_is(api, sent):
    body = f'[{{"customer_id": {sent}, "name": {sent}}}, {json.dumps(an_event())}]'

    response = api.post("event", body.encode())

    assert response.status == 207
    assert response.data[0]["index"] == 0
    assert sorted({error["attr"].split(".")[1] for error in response.data[0]["errors"]}) == [
        "customer_id",
        "name",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_was_not_heard_of_is_not_repeated(api, monkeypatch):
    """The connection is lost after the commit: the second run finds the ids that the first has stored."""
    execute = services._INSERT_NEW.execute
    runs = []

    def lose(cursor, parameters):
        execute(cursor, parameters)
        runs.append(parameters["ids"])
        connection.close()
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(
        services._INSERT_NEW, "execute", lambda *given: execute(*given) if runs else lose(*given)
    )

    response = api.post("event", [an_event("1"), an_event("2")])

    assert response.status == 201
    assert response.json["metadata"] == {}
    assert len(runs) == 1
    assert {row["id"] for row in response.data} == set(Event.objects.values_list("id", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("failure", [IntegrityError, InternalError])
def test_a_duplicate_whatever_its_error_is_not_stored_twice(api, monkeypatch, failure):
    """On Citus a duplicate of a statement without ON CONFLICT is an internal error: its rows are copied to the worker."""
    execute = services._INSERT_NEW.execute

    def run_twice(*given):
        execute(*given)
        raise failure("duplicate key value violates unique constraint")

    monkeypatch.setattr(services._INSERT_NEW, "execute", run_twice)

    response = api.post("event", [an_event("1"), an_event("2")])

    assert (response.status, response.json["metadata"]) == (201, {})
    assert {row["id"] for row in response.data} == set(Event.objects.values_list("id", flat=True))


@NEEDS_CITUS
@pytest.mark.django_db(transaction=True)
def test_citus_says_of_a_duplicate_that_it_is_an_internal_error(acme):
    """If it said more one day, ``services._store`` could expect no more than an IntegrityError."""
    event = NewEvent("id", "1", "n", now_in_seconds(), b"{}", new=True)
    parameters = {"account_id": acme.pk, **services._parameters([event])}

    with connection.cursor() as cursor:
        services._INSERT_NEW.execute(cursor, parameters)
        with pytest.raises(InternalError, match="duplicate key"):
            services._INSERT_NEW.execute(cursor, parameters)

    assert services._store(acme.pk, [[event]]) == [0]
    assert Event.objects.filter(account_id=acme.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_valid_items_are_stored_in_one_transaction(api, monkeypatch):
    """The database refuses the last: none of the others is there."""
    events = [an_event(str(i), id=str(i)) for i in range(50)]
    broken = services._INSERT.replace(
        "attributes::jsonb", "CASE WHEN id = '9' THEN 1/0 END::text::jsonb"
    )
    monkeypatch.setattr(services, "_INSERT_ONCE", Prepared(f"{broken} RETURNING id"))

    assert api.post("event", events).status == 500
    monkeypatch.undo()
    assert api.get("customer/0/event").status == 404


@pytest.mark.parametrize("items", [1, 10, 1000])
@pytest.mark.parametrize("kind", ["event", "customer"])
def test_one_item_or_a_thousand_take_the_same_number_of_queries(
    api, django_assert_num_queries, kind, items
):
    make = a_customer if kind == "customer" else an_event
    api.get("customer")  # the key is known now

    with django_assert_num_queries(1):
        assert api.post(kind, [make(str(i)) for i in range(items)]).status == 201


# What refused items cost
# ----------------------------------------------------------------------------------------------

SCHEMAS = {"event": EVENT, "customer": CUSTOMER}
REFUSED = {
    "event": {"customer_id": "1", "created_at": "yesterday", "custom_attributes": {"a": "\0"}},
    "customer": {
        "customer_id": "1",
        "name": "",
        "email": "nobody",
        "custom_attributes": {"a": "\0"},
    },
}


@pytest.mark.parametrize("items", [1, 10, 1000])
@pytest.mark.parametrize("kind", ["event", "customer"])
def test_one_refused_item_or_a_thousand_take_one_look_and_one_statement(
    api, monkeypatch, settings, django_assert_num_queries, kind, items
):
    settings.REJECTIONS_MOST_KEPT = 10**9  # no trimming
    adapter = SCHEMAS[kind].items
    looks = []

    def look(values):
        looks.append(len(values))
        return type(adapter).validate_python(adapter, values)

    monkeypatch.setattr(adapter, "validate_python", look)
    api.get("customer")  # the key is known now

    with django_assert_num_queries(1):
        response = api.post(kind, [REFUSED[kind]] * items)

    assert response.json["metadata"] == {"accepted": 0, "rejected": items}
    assert len({len(row["errors"]) for row in response.data}) == 1
    assert looks == [items, 0]  # the second is for those that are valid


def test_a_thousand_refused_items_cost_about_what_a_thousand_accepted_do(api):
    """Of this thread alone, the best of several: benchmarks/refused.py measures more closely."""

    def cost(item):
        begin = time.thread_time()
        api.post("event", [item] * 1000)
        return time.thread_time() - begin

    attributes = {"plan": "Starter", "source": "web", "amount": 9.5, "first": True}
    accepted = an_event(created_at=1700000000, custom_attributes=attributes)
    refused = {key: value for key, value in accepted.items() if key != "name"}

    costs = [(cost(accepted), cost(refused)) for _ in range(7)]

    assert min(refused for _, refused in costs) < 2 * min(accepted for accepted, _ in costs)
