"""GET, PATCH and DELETE /customer/{customer_id} (contract, "Customers")."""

import pytest
from django.db import connection

from customers import erasure
from customers.models import Customer
from events.models import Event
from tests.customers.test_create import MERGES
from tests.factories import a_customer, an_event


@pytest.fixture
def john(api):
    return api.post(
        "customer",
        a_customer(
            "1",
            created_at=5,
            monthly_payment_amount=9.5,
            location="Berlin",
            custom_attributes={"a": 1},
        ),
    ).row


def test_one_customer(api, john):
    response = api.get("customer/1")

    assert response.status == 200
    assert response.data == [john]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_no_such_customer_is_404(api, john, method):
    response = api.send(method, "customer/2", {})

    assert response.status == 404
    assert response.errors == [("not_found", None)]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("customer_id", ["x" * 256, "%00", "a%00b", "%FF", "x" * 3000])
def test_what_can_be_no_customer_id_is_404(api, method, customer_id):
    assert api.send(method, f"customer/{customer_id}", {}).status == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Jane"),
        ("email", "jane@example.com"),
        ("plan", "Atom"),
        ("created_at", "7"),
        ("monthly_payment_amount", 3),
        ("location", None),
        ("phone_number", "1"),
        ("organisation_id", "o"),
    ],
)
def test_patch_changes_what_is_sent_and_nothing_else(api, john, field, value):
    response = api.patch("customer/1", {field: value})

    assert response.status == 200
    assert response.row == john | {field: value, "updated_at": response.row["updated_at"]}
    assert float(response.row["updated_at"]) > float(john["updated_at"])
    assert api.get("customer/1").data == response.data


def test_patch_with_nothing_is_an_update_too(api, john):
    assert api.patch("customer/1", {}).row | {"updated_at": ""} == john | {"updated_at": ""}


@pytest.mark.parametrize(("first", "second", "merged"), MERGES)
def test_patch_merges_attributes_like_post(api, first, second, merged):
    api.post("customer", a_customer("1", custom_attributes=first))

    assert api.patch("customer/1", {"custom_attributes": second}).row["custom_attributes"] == merged
    assert api.get("customer/1").row["custom_attributes"] == merged


def test_patch_keeps_further_fields_as_attributes(api, john):
    assert api.patch("customer/1", {"role": "x", "a": None}).row["custom_attributes"] == {
        "role": "x"
    }


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": None},
        {"email": "nope"},
        {"plan": " "},
        {"created_at": -1},
        {"created_at": 1493933699000},
        {"monthly_payment_amount": -1},
        {"location": "x" * 256},
        {"custom_attributes": {"": 1}},
        {"custom_attributes": "x"},
        {"custom_attributes": {"a": "\0"}},
        {"customer_id": "2"},
        {"customer_id": ""},
    ],
)
def test_patch_refuses_what_post_refuses(api, john, body):
    response = api.patch("customer/1", body)

    assert response.status == 400
    [(_, attr)] = response.errors
    assert attr.split(".")[0] == next(iter(body))
    assert api.get("customer/1").data == [john]


def test_patch_lists_every_error(api, john):
    assert len(api.patch("customer/1", {"name": "", "email": "x", "created_at": "x"}).errors) == 3


def test_patch_may_repeat_the_customer_id(api, john):
    assert api.patch("customer/1", {"customer_id": "1", "plan": "Atom"}).row["plan"] == "Atom"
    assert api.patch("customer/1", {"customer_id": 1, "plan": "Star"}).row["plan"] == "Star"


@pytest.mark.parametrize(
    "body", [[], [{}], [{"plan": "Atom"}], [1], b"", b"{", b"7", b"null", b'"x"']
)
def test_patch_takes_one_object(api, john, body):
    assert api.patch("customer/1", body).status == 400
    assert api.get("customer/1").data == [john]


def test_patch_of_what_is_not_json(api, john):
    assert api.patch("customer/1", {}, content_type="application/xml").status == 415


def test_delete_erases_the_customer_and_every_event(api, john):
    api.post("customer", a_customer("2"))
    api.post(
        "event",
        [
            an_event("1"),
            an_event("1", name="x"),
            an_event("2", id="other"),
            an_event("11", id="more"),
        ],
    )

    response = api.delete("customer/1")

    assert response.status == 200
    assert response.data == [john]
    assert response.json["metadata"]["events"] == 2
    assert [row.customer_id for row in Customer.objects.all()] == ["2"]
    assert sorted(Event.objects.values_list("id", flat=True)) == ["more", "other"]
    assert api.get("customer/1").status == 404
    assert api.get("customer/1/event").status == 404
    assert api.delete("customer/1").status == 404


def test_delete_leaves_nothing_of_the_customer_in_any_table(api):
    """Rejected items included: a needle is looked for in every column of every table."""
    needle = "needle-7f3a"
    api.post(
        "customer",
        [a_customer(needle, custom_attributes={"x": needle}), {"customer_id": needle, "name": "J"}],
    )
    api.post("event", [an_event(needle, secret=needle), {"customer_id": needle}])
    api.post("event", {"customer_id": needle})

    assert api.delete(f"customer/{needle}").status == 200

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        tables = {table for (table,) in cursor.fetchall()} - {
            "feed_erasure"
        }  # says for a while that it was erased
        for table in tables:
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE to_jsonb(t)::text LIKE %s', [f"%{needle}%"]
            )
            assert cursor.fetchone() == (0,), table


@pytest.mark.django_db(transaction=True)
def test_delete_is_one_transaction(api, john, monkeypatch):
    api.post("event", an_event("1"))
    erased = []

    def fail(**given):
        erased.append(given)
        raise RuntimeError

    monkeypatch.setitem(erasure.ERASERS, "zzz", fail)

    assert api.delete("customer/1").status == 500
    assert erased
    monkeypatch.undo()
    assert api.get("customer/1").data == [john]
    assert len(api.get("customer/1/event").data) == 1


def test_a_customer_can_come_back_after_an_erasure(api, john):
    api.delete("customer/1")

    assert api.post("customer", a_customer("1")).status == 201
    assert api.get("customer/1").row["custom_attributes"] == {}


def test_erasing_a_customer_that_only_has_events(api):
    """Events and customers arrive in any order: what is left of a person must be erasable."""
    api.post("event", an_event("1"))

    response = api.delete("customer/1")

    assert response.status == 200
    assert response.json["metadata"]["events"] == 1
    assert not Event.objects.exists()
