"""When a customer changes, and what a write that changes nothing leaves alone (contract, "Customers")."""

import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F

from customers.models import Change, Customer
from tests.client import Api
from tests.cluster import PLAIN_ONLY
from tests.factories import AccountFactory, CustomerFactory, a_customer, make_key
from tests.test_concurrency import at_once

FULL = {
    "created_at": "5.5",
    "monthly_payment_amount": 99.5,
    "location": "Berlin",
    "phone_number": None,
    "organisation_id": "",
    "custom_attributes": {"a": 1, "list": [1, 2], "none": {"x": None}},
}


def versions() -> list[Any]:
    """Where the rows of both tables lie, and which transaction wrote or locked them."""
    with connection.cursor() as cursor:
        found = []
        for table in ("customers_customer", "customers_change"):
            cursor.execute(f"SELECT ctid, xmin, xmax, {table}::text FROM {table} ORDER BY ctid")
            found += cursor.fetchall()
    return found


def changes_agree() -> bool:
    stored = Customer.objects.order_by("account_id", "customer_id")
    changes = Change.objects.order_by("account_id", "customer_id")
    return list(
        stored.values_list("account_id", "customer_id", "updated_at", "custom_attributes")
    ) == list(changes.values_list("account_id", "customer_id", "changed_at", "attributes"))


SAME: list[dict[str, Any]] = [
    {},
    FULL,
    {"custom_attributes": {"a": 1}},
    {"custom_attributes": {"a": 1.0}},
    {"custom_attributes": {"never there": None}},
    {"location": "Berlin", "monthly_payment_amount": "99.5000"},
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("again", SAME)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_changes_nothing_writes_nothing(api: Api, method: str, again: dict[str, Any]) -> None:
    first = api.post("customer", a_customer("1", **FULL)).row
    before = versions()

    response = (
        api.post("customer", a_customer("1", **again))
        if method == "POST"
        else api.patch("customer/1", again)
    )

    assert response.status == 200
    assert response.row == first
    assert versions() == before


CHANGES: list[dict[str, Any]] = [
    {"name": "Jane"},
    {"plan": "Atom"},
    {"email": "jane@example.com"},
    {"created_at": 6},
    {"monthly_payment_amount": 100},
    {"monthly_payment_amount": None},
    {"location": None},
    {"phone_number": ""},
    {"organisation_id": None},
    {"custom_attributes": {"a": 2}},
    {"custom_attributes": {"a": "1"}},
    {"custom_attributes": {"a": None}},
    {"custom_attributes": {"b": 1}},
    {"custom_attributes": {"list": [1]}},
    {"custom_attributes": {"none": {}}},
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_changes_something_is_stored_with_its_time(
    api: Api, method: str, change: dict[str, Any]
) -> None:
    first = api.post("customer", a_customer("1", **FULL)).row

    response = (
        api.post("customer", a_customer("1", **change))
        if method == "POST"
        else api.patch("customer/1", change)
    )

    [(field, value)] = change.items()
    if field == "custom_attributes":
        value = {key: new for key, new in (first[field] | value).items() if new is not None}
    if field == "created_at":
        value = str(value)
    assert response.row == first | {field: value, "updated_at": response.row["updated_at"]}
    assert float(response.row["updated_at"]) > float(first["updated_at"])
    assert api.get("customer/1").row == response.row
    assert changes_agree()


@pytest.mark.django_db(transaction=True)
def test_of_a_batch_only_those_are_written_that_change(api: Api) -> None:
    before = {
        row["customer_id"]: row
        for row in api.post("customer", [a_customer(str(n)) for n in range(5)]).data
    }

    response = api.post(
        "customer",
        [a_customer("0"), a_customer("1", plan="Atom"), a_customer("2"), a_customer("new")],
    )

    assert response.status == 201
    assert [row["customer_id"] for row in response.data] == ["0", "1", "2", "new"]
    assert response.data[0] == before["0"]
    assert response.data[1]["plan"] == "Atom"
    assert response.data[2] == before["2"]
    rows = {row["customer_id"]: row for row in api.get("customer").data}
    assert {key for key, row in before.items() if rows[key] != row} == {"1"}
    assert changes_agree()


def test_an_erasure_leaves_no_change_and_no_history(api: Api) -> None:
    api.post("customer", [a_customer("1"), a_customer("2")])
    api.patch("customer/1", {"plan": "Atom"})

    api.delete("customer/1")

    for table in ("customers_change", "customers_history"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE customer_id = '1'")
            assert cursor.fetchone() == (0,)
    assert changes_agree()


def test_times_of_a_customer_grow_though_the_clock_was_set_back(api: Api) -> None:
    api.post("customer", a_customer("1"))
    in_2096 = "2096-01-01T00:00:00Z"
    Customer.objects.update(updated_at=in_2096)
    Change.objects.update(changed_at=in_2096)

    times = [api.post("customer", a_customer("1", plan="a")).row["updated_at"]]
    times += [api.patch("customer/1", {"plan": "b"}).row["updated_at"]]

    assert times == ["3976214400.000001", "3976214400.000002"]
    assert changes_agree()


@PLAIN_ONLY
def test_a_change_of_attributes_alone_needs_no_entry_in_the_customers_indexes(api: Api) -> None:
    """HOT: PostgreSQL counts them."""
    api.post("customer", [a_customer(str(number)) for number in range(20)])

    def hot() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_stat_get_xact_tuples_hot_updated('customers_customer'::regclass)"
            )
            return int(cursor.fetchone()[0])

    before = hot()
    api.post("customer", [a_customer(str(number), plan="Atom") for number in range(20)])
    assert hot() == before
    api.post(
        "customer",
        [a_customer(str(number), plan="Atom", custom_attributes={"a": 1}) for number in range(20)],
    )
    assert hot() >= before + 5  # not all: pages may be full of what other tests have left


@pytest.mark.django_db(transaction=True)
def test_who_finds_the_same_change_made_meanwhile_changes_nothing(api: Api) -> None:
    """Its statement has seen the customer as it was before, and waits for who changes it."""
    api.post("customer", a_customer("1"))
    responses = []

    def post() -> None:
        try:
            responses.append(api.post("customer", [a_customer("1", plan="Atom"), a_customer("2")]))
        finally:
            connection.close()

    with transaction.atomic():
        Customer.objects.filter(customer_id="1").update(plan="Atom", updated_at=F("updated_at"))
        other = threading.Thread(target=post)
        other.start()
        other.join(0.7)
        assert other.is_alive()
    other.join(30)

    [response] = responses
    assert response.status == 201
    assert [(row["customer_id"], row["plan"]) for row in response.data] == [
        ("1", "Atom"),
        ("2", "Starter"),
    ]
    assert response.data[0] == api.get("customer/1").row
    assert (
        Change.objects.get(customer_id="1").changed_at
        == Customer.objects.get(customer_id="1").updated_at
    )


@pytest.mark.django_db(transaction=True)
def test_many_who_send_the_same_change_it_once(transactional_db: None) -> None:
    api = Api(make_key(AccountFactory.create()).key)
    api.post("customer", a_customer("1"))

    responses = at_once([lambda: api.post("customer", a_customer("1", plan="Atom"))] * 20)

    assert {response.status for response in responses} == {200}
    assert len({response.row["updated_at"] for response in responses}) == 1


def test_customers_of_an_older_version_are_repaired(
    acme: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for customer_id in ("1", "2", "3"):
        CustomerFactory.create(account=acme, customer_id=customer_id, custom_attributes={"a": 1})
    Change.objects.filter(customer_id="1").delete()
    Customer.objects.filter(customer_id="2").update(
        updated_at="2096-01-01T00:00:00Z", custom_attributes={"a": 2}
    )

    call_command("repair_customers")
    assert changes_agree()
    call_command("repair_customers")

    assert capsys.readouterr().out == "Repaired 2 customers.\nRepaired 0 customers.\n"
