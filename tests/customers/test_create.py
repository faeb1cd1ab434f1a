"""POST /customer (contract, "Customers"): create, update, merge."""

import pytest

from customers.models import Customer
from tests.factories import a_customer

FIELDS = [
    "customer_id",
    "name",
    "created_at",
    "monthly_payment_amount",
    "location",
    "email",
    "phone_number",
    "organisation_id",
    "plan",
    "custom_attributes",
    "updated_at",
]


def test_the_references_example(api):
    response = api.post(
        "customer",
        {
            "customer_id": "123",
            "name": "John Smith",
            "monthly_payment_amount": 199,
            "location": "San Francisco",
            "plan": "Starter",
            "email": "john.smith@example.com",
        },
    )

    assert response.status == 201
    row = response.row
    assert list(row) == FIELDS
    assert row | {"created_at": "", "updated_at": ""} == {
        "customer_id": "123",
        "name": "John Smith",
        "created_at": "",
        "monthly_payment_amount": 199,
        "location": "San Francisco",
        "email": "john.smith@example.com",
        "phone_number": None,
        "organisation_id": None,
        "plan": "Starter",
        "custom_attributes": {},
        "updated_at": "",
    }
    assert row["created_at"].isdigit()


@pytest.mark.parametrize("missing", ["customer_id", "name", "email", "plan"])
def test_what_is_needed(api, missing):
    sent = a_customer()
    del sent[missing]

    assert api.post("customer", sent).errors == [("required", missing)]


def test_what_is_needed_is_needed_for_an_update_too(api):
    api.post("customer", a_customer())

    assert api.post("customer", {"customer_id": "123", "plan": "Atom"}).status == 400


def test_the_same_customer_again_is_an_update(api):
    first = api.post("customer", a_customer())
    again = api.post("customer", a_customer(name="Jane"))

    assert (first.status, again.status) == (201, 200)
    assert again.row["name"] == "Jane"
    assert Customer.objects.count() == 1


def test_an_integer_and_its_digits_are_the_same_customer(api):
    assert api.post("customer", a_customer("7")).status == 201
    assert api.post("customer", a_customer(7)).status == 200


def test_a_customer_id_is_compared_exactly(api):
    for customer_id in ("a", "A", "á", "a ", " a", "a\u0301"):
        assert api.post("customer", a_customer(customer_id)).status == 201

    assert Customer.objects.count() == 6


def test_fields_that_are_not_sent_stay(api):
    everything = a_customer(
        created_at=1,
        monthly_payment_amount=99.5,
        location="Berlin",
        phone_number="0123",
        organisation_id="o",
        custom_attributes={"role": "manager"},
    )
    first = api.post("customer", everything).row

    again = api.post("customer", a_customer(plan="Atom")).row

    assert again | {"updated_at": ""} == first | {"plan": "Atom", "updated_at": ""}
    assert float(again["updated_at"]) > float(first["updated_at"])


@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("name", "John", "Jane"),
        ("email", "a@example.com", "b@example.com"),
        ("plan", "Starter", "Atom"),
        ("created_at", "1", "2"),
        ("monthly_payment_amount", 1, 2),
        ("location", "Berlin", "Rome"),
        ("location", "Berlin", None),
        ("phone_number", "1", None),
        ("organisation_id", "1", None),
        ("organisation_id", "1", ""),
    ],
)
def test_fields_that_are_sent_replace(api, field, first, second):
    api.post("customer", a_customer(**{field: first}))

    assert api.post("customer", a_customer(**{field: second})).row[field] == second


def test_the_first_created_at_stays_unless_one_is_sent(api):
    api.post("customer", a_customer(created_at="1493933699"))

    assert api.post("customer", a_customer()).row["created_at"] == "1493933699"
    assert api.post("customer", a_customer(created_at=5)).row["created_at"] == "5"
    assert api.post("customer", a_customer()).row["created_at"] == "5"


MERGES = [
    ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
    ({"a": 1}, {"a": 2}, {"a": 2}),
    ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
    ({"a": 1}, {"a": None}, {}),
    ({"a": 1}, {"b": None}, {"a": 1}),
    ({}, {"a": None}, {}),
    ({"a": None, "b": 1}, {}, {"b": 1}),
    ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"y": 2}}),
    ({"a": {"x": 1}}, {"a": {"x": None}}, {"a": {"x": None}}),
    ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
    ({"a": 1}, {"A": 2}, {"a": 1, "A": 2}),
    ({"0": 1, "1": 2}, {"0": None}, {"1": 2}),
    ({"a": 1}, {}, {"a": 1}),
]


@pytest.mark.parametrize(("first", "second", "merged"), MERGES)
def test_attributes_are_merged_key_by_key(api, first, second, merged):
    api.post("customer", a_customer(custom_attributes=first))

    assert (
        api.post("customer", a_customer(custom_attributes=second)).row["custom_attributes"]
        == merged
    )
    assert api.get("customer").row["custom_attributes"] == merged


def test_further_fields_are_merged_alike(api):
    api.post("customer", a_customer(role="manager", seats=3))

    assert api.post("customer", a_customer(role=None, city="Rome")).row["custom_attributes"] == {
        "seats": 3,
        "city": "Rome",
    }


@pytest.mark.parametrize(
    ("there", "sent", "status"),
    [
        ([], ["1", "2"], 201),
        (["1"], ["1", "2"], 201),
        (["1", "2"], ["1", "2"], 200),
        ([], ["1", "1"], 201),
    ],
)
def test_201_when_anything_was_created_and_200_when_all_were_updates(api, there, sent, status):
    api.post("customer", [a_customer(i) for i in there] or [a_customer("other")])

    assert api.post("customer", [a_customer(i) for i in sent]).status == status


def test_two_items_with_the_same_customer_are_applied_in_order(api):
    response = api.post(
        "customer",
        [
            a_customer("1", location="Berlin", custom_attributes={"a": 1, "b": 1}),
            a_customer("2"),
            a_customer("1", name="Second", custom_attributes={"a": None, "c": 3}),
            a_customer("1", name="Third", custom_attributes={"b": 2}),
        ],
    )

    assert response.status == 201
    assert [row["customer_id"] for row in response.data] == ["1", "2", "1", "1"]
    assert [row["name"] for row in response.data] == ["John Smith", "John Smith", "Second", "Third"]
    assert response.data[0]["custom_attributes"] == {"a": 1, "b": 1}
    assert response.data[2]["custom_attributes"] == {"b": 1, "c": 3}
    assert response.data[3] == api.get("customer/1").row
    assert response.data[3]["location"] == "Berlin"
    assert response.data[3]["custom_attributes"] == {"b": 2, "c": 3}


def test_a_customer_may_stand_a_hundred_times_in_a_request(api):
    response = api.post(
        "customer", [a_customer(custom_attributes={str(number): 1}) for number in range(100)]
    )

    assert response.status == 201
    assert [len(row["custom_attributes"]) for row in response.data] == list(range(1, 101))


def test_a_customer_may_stand_in_every_item_of_a_request(api, within):
    """Each update of a row walks over those of its transaction before: by itself, 10,000 would take a minute."""
    items = [
        a_customer(plan=str(number), custom_attributes={str(number % 300): number})
        for number in range(10_000)
    ]
    items[9_000] |= {"location": "Berlin", "created_at": 1}
    items[9_999]["custom_attributes"] = {"0": None}

    with within(seconds=30):
        response = api.post("customer", items)

    assert response.status == 201
    assert len(response.data) == 10_000
    assert response.data[50]["plan"] == "50"
    stored = response.data[-1]
    assert (stored["plan"], stored["location"], stored["created_at"]) == ("9999", "Berlin", "1")
    expected = {str(number % 300): number for number in range(9_999)}
    assert stored["custom_attributes"] | {"0": expected["0"]} == expected
    assert "0" not in stored["custom_attributes"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_attributes_do_not_grow_beyond_bounds(api, method):
    """Or one customer could be more than memory holds."""
    half = 64 * 1000 * "x"
    api.post("customer", a_customer("1", a=half, c=1))
    api.post("customer", a_customer("1", b=half))

    response = api.send(
        method, "customer" + "/1" * (method == "PATCH"), a_customer("1", name="New", d=half)
    )

    assert response.status == 413
    assert "128 KiB" in response.details
    stored = api.get("customer/1").row
    assert (stored["name"], sorted(stored["custom_attributes"])) == ("John Smith", ["a", "b", "c"])
    assert api.post("customer", a_customer("1", a=None, d=half)).status == 200


@pytest.mark.django_db(transaction=True)
def test_numbers_that_are_long_as_text_only_are_bounded_too(api):
    api.post("customer", a_customer("1"))
    statuses = [
        api.patch("customer/1", {f"{round_}.{number}": 10**4200 for number in range(15)}).status
        for round_ in range(9)
    ]

    assert statuses[-1] == 413
    assert len(api.get("customer/1").content) < 500_000


def test_an_answer_that_grows_with_each_item_is_413_and_nothing_is_stored(api, monkeypatch):
    monkeypatch.setattr("customers.services._MAX_RESPONSE_BYTES", 100_000)
    sent = [a_customer(custom_attributes={str(number): "x" * 1000}) for number in range(20)]

    assert api.post("customer", sent).status == 413
    assert api.get("customer").data == []


def test_updated_at_is_the_time_of_the_update(api):
    first = api.post("customer", a_customer(created_at=5)).row

    assert first["updated_at"] != "5"
    assert api.get("customer").row["updated_at"] == first["updated_at"]


def test_what_was_read_can_be_sent_back(api):
    row = api.post(
        "customer", a_customer(created_at="1.5", monthly_payment_amount=9.5, role="x")
    ).row

    again = api.post("customer", row)

    assert again.status == 200
    assert again.row | {"updated_at": ""} == row | {"updated_at": ""}


def test_the_reference_shows_the_fields_in_this_order(api):
    api.post("customer", a_customer(z=1, a=2))

    assert list(api.get("customer").row) == FIELDS
    assert list(api.get("customer/123").row) == FIELDS
    assert list(api.patch("customer/123", {}).row) == FIELDS


@pytest.mark.parametrize(
    "text", ["", "NULL", "null", "{a,b}", 'a"b', "a\\b", "\\", '\\"', ",", " ", "'; --", "é\n\t%s"]
)
def test_texts_come_back_as_they_were_sent(api, text):
    sent = {"location": text, "phone_number": None, "organisation_id": text}

    created = api.post("customer", [a_customer("1", **sent), a_customer("2", location=None)])

    assert {name: created.data[0][name] for name in sent} == sent
    assert {name: created.data[1][name] for name in sent} == dict.fromkeys(sent)


def test_what_each_of_a_batch_leaves_out_stays_as_it_was(api):
    """Most leave out the same fields, some others."""
    api.post(
        "customer",
        [a_customer(str(i), location="Berlin", phone_number="1", created_at=i) for i in range(6)],
    )

    batch = [
        a_customer("0"),
        a_customer("1"),
        a_customer("2"),
        a_customer("3", location="Paris"),
        a_customer("4", phone_number=None),
        a_customer("5", location=None, phone_number="2", created_at=7),
    ]
    api.post("customer", batch)

    found = [
        (row["location"], row["phone_number"], row["created_at"])
        for row in api.get("customer").data
    ]
    assert found == [
        ("Berlin", "1", "0"),
        ("Berlin", "1", "1"),
        ("Berlin", "1", "2"),
        ("Paris", "1", "3"),
        ("Berlin", None, "4"),
        (None, "2", "7"),
    ]
