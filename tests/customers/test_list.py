"""GET /customer: filters and sorts (contract, "Customers" and "Lists")."""

import pytest

from tests.factories import a_customer

JOHN = a_customer(
    "1",
    name="John",
    email="john@example.com",
    plan="Starter",
    created_at=100,
    monthly_payment_amount=10,
    location="Berlin",
    phone_number="111",
    organisation_id="o1",
    custom_attributes={
        "role": "manager",
        "seats": 3,
        "vip": True,
        "none": [None],
        "tags": ["a", "b"],
        "n": {"x": 1},
    },
)
JANE = a_customer(
    "2",
    name="Jane",
    email="jane@example.com",
    plan="Atom",
    created_at=200,
    monthly_payment_amount=99.5,
    location="Rome",
    phone_number="222",
    organisation_id="o2",
    custom_attributes={"role": "cashier", "seats": "3", "vip": "true", "score": 2.5},
)
JACK = a_customer(
    "3", name="Jack", email="jack@example.com", plan="Starter", created_at="300.5", vip=False
)


@pytest.fixture
def everyone(api, globex_api):
    assert api.post("customer", [JOHN, JANE, JACK]).status == 201
    assert globex_api.post("customer", [JOHN | {"customer_id": "globex"}]).status == 201


def found(api, query):
    response = api.get("customer", query)
    assert response.status == 200, response
    return "".join(row["customer_id"] for row in response.data)


@pytest.mark.usefixtures("everyone")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ([], "123"),
        ([("customer_id", "1")], "1"),
        ([("customer_id", "nobody")], ""),
        ([("name", "Jane")], "2"),
        ([("name", "jane")], ""),
        ([("name", "Ja")], ""),
        ([("plan", "Starter")], "13"),
        ([("email", "jack@example.com")], "3"),
        ([("location", "Rome")], "2"),
        ([("phone_number", "111")], "1"),
        ([("organisation_id", "o2")], "2"),
        ([("plan", "Starter"), ("name", "John")], "1"),
        ([("plan", "Starter"), ("name", "Jane")], ""),
        ([("plan", "Starter"), ("plan", "Atom")], "123"),
        ([("customer_id", "1"), ("customer_id", "3"), ("customer_id", "1")], "13"),
        (
            [
                ("customer_id", "3"),
                ("customer_id", "2"),
                ("plan", "Starter"),
                ("plan", "Atom"),
                ("name", "Jane"),
            ],
            "2",
        ),
        ([("customer_id", str(i)) for i in range(100)], "123"),
        ([("location", "")], ""),
        ([("name", "' OR 1=1 --")], ""),
        ([("name", "%")], ""),
        # Ranges
        ([("monthly_payment_amount[gte]", "10")], "12"),
        ([("monthly_payment_amount[gt]", "10")], "2"),
        ([("monthly_payment_amount[lte]", "99.5")], "12"),
        ([("monthly_payment_amount[lt]", "99.5")], "1"),
        ([("monthly_payment_amount[gt]", "10"), ("monthly_payment_amount[lt]", "99.5")], ""),
        ([("monthly_payment_amount[gte]", "99.5"), ("monthly_payment_amount[gte]", "10")], "12"),
        ([("created_at[lt]", "200"), ("created_at[lt]", "300")], "12"),
        ([("monthly_payment_amount[gte]", "0")], "12"),
        ([("monthly_payment_amount[lt]", "0")], ""),
        ([("monthly_payment_amount[gte]", "-5")], "12"),
        ([("monthly_payment_amount[gt]", "1e12")], ""),
        ([("created_at[gte]", "200")], "23"),
        ([("created_at[gt]", "200")], "3"),
        ([("created_at[lte]", "200")], "12"),
        ([("created_at[lt]", "200")], "1"),
        ([("created_at[gt]", "300"), ("created_at[lt]", "300.6")], "3"),
        ([("created_at[gte]", "300.5")], "3"),
        ([("created_at[gt]", "300.5")], ""),
        ([("created_at[gte]", "1970-01-01T00:03:20Z")], "23"),
        ([("updated_at[gt]", "1000")], "123"),
        ([("updated_at[lt]", "1000")], ""),
        # Attributes
        ([("custom_attributes[role]", "manager")], "1"),
        ([("custom_attributes[role]", "manager"), ("custom_attributes[role]", "cashier")], "12"),
        ([("custom_attributes[role]", "cashier"), ("plan", "Starter")], ""),
        ([("custom_attributes[role]", "manager"), ("custom_attributes[seats]", "3")], "1"),
        ([("custom_attributes[seats]", "3")], "12"),
        ([("custom_attributes[seats]", "3.0")], "1"),
        ([("custom_attributes[seats]", "30e-1")], "1"),
        ([("custom_attributes[score]", "2.5")], "2"),
        ([("custom_attributes[vip]", "true")], "12"),
        ([("custom_attributes[vip]", "false")], "3"),
        ([("custom_attributes[vip]", "1")], ""),
        ([("custom_attributes[none]", "null")], ""),
        ([("custom_attributes[tags]", "a")], ""),
        ([("custom_attributes[nothing]", "x")], ""),
        ([("custom_attributes[a]b]", "x")], ""),
        ([("custom_attributes[seats]", "9" * 5000)], ""),
        ([("custom_attributes[seats]", "1e9999")], ""),
        ([("custom_attributes[seats]", '{"a": 1}')], ""),
    ],
)
def test_filters(api, query, ids):
    assert found(api, query) == ids


def test_a_null_attribute_in_an_array_or_object_is_no_null(api):
    api.post("customer", a_customer("1", custom_attributes={"a": [None], "b": {"c": None}}))

    assert found(api, {"custom_attributes[a]": "null"}) == ""


def test_every_documented_filter_takes_repeated_values(api, everyone):
    for field in (
        "customer_id",
        "name",
        "plan",
        "email",
        "location",
        "phone_number",
        "organisation_id",
    ):
        assert found(api, [(field, JOHN[field]), (field, JANE[field])]) in {"12", "123"}


@pytest.mark.usefixtures("everyone")
@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        (None, "123"),
        ("created_at", "123"),
        ("-created_at", "321"),
        ("customer_id", "123"),
        ("-customer_id", "321"),
        ("monthly_payment_amount", "312"),
        ("-monthly_payment_amount", "213"),
        ("updated_at", "123"),
        ("-updated_at", "321"),
    ],
)
def test_sorts(api, sort, ids):
    assert found(api, {"sort": sort} if sort else {}) == ids


def test_updated_at_is_the_order_of_updates(api, everyone):
    api.post("customer", JOHN | {"name": "Johnny"})

    assert found(api, {"sort": "updated_at"}) == "231"


def test_customer_ids_are_sorted_by_their_bytes(api):
    api.post("customer", [a_customer(i) for i in ("b", "B", "a", "10", "9", "é", "😀", "ab")])

    assert [row["customer_id"] for row in api.get("customer", {"sort": "customer_id"}).data] == [
        *("10", "9", "B", "a", "ab", "b", "é", "😀")
    ]


def test_ties_are_broken(api):
    api.post("customer", [a_customer(str(i), created_at=5) for i in (3, 1, 2)])

    assert found(api, {}) == "123"
    assert found(api, {"sort": "-created_at"}) == "321"


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({"plann": "x"}, [("unknown_parameter", "plann")]),
        ({"Plan": "x"}, [("unknown_parameter", "Plan")]),
        ({"plan[gte]": "x"}, [("unknown_parameter", "plan[gte]")]),
        ({"created_at": "5"}, [("unknown_parameter", "created_at")]),
        ({"created_at[eq]": "5"}, [("unknown_parameter", "created_at[eq]")]),
        ({"created_at[]": "5"}, [("unknown_parameter", "created_at[]")]),
        ({"custom_attributes": "5"}, [("unknown_parameter", "custom_attributes")]),
        ({"custom_attributes[]": "5"}, [("unknown_parameter", "custom_attributes[]")]),
        ({"id": "5"}, [("unknown_parameter", "id")]),
        ({"account_id": "5"}, [("unknown_parameter", "account_id")]),
        ({"offset": "5"}, [("unknown_parameter", "offset")]),
        ({"": "5"}, [("unknown_parameter", "")]),
        ({"a\0": "5"}, [("unknown_parameter", "a\0")]),
        ({"name": "a\0"}, [("null_characters_not_allowed", "name")]),
        (
            {"custom_attributes[a]": "a\0"},
            [("null_characters_not_allowed", "custom_attributes[a]")],
        ),
        (
            {"custom_attributes[a\0]": "a"},
            [("null_characters_not_allowed", "custom_attributes[a\0]")],
        ),
        ({"sort": "name"}, [("invalid_choice", "sort")]),
        ({"sort": ""}, [("invalid_choice", "sort")]),
        ({"sort": "--created_at"}, [("invalid_choice", "sort")]),
        ({"sort": "created_at,name"}, [("invalid_choice", "sort")]),
        ({"created_at[gte]": "x"}, [("invalid", "created_at[gte]")]),
        ({"created_at[gte]": ""}, [("invalid", "created_at[gte]")]),
        ({"created_at[lt]": "1493933699000"}, [("max_value", "created_at[lt]")]),
        ({"monthly_payment_amount[gte]": "x"}, [("invalid", "monthly_payment_amount[gte]")]),
        ({"monthly_payment_amount[gte]": "NaN"}, [("invalid", "monthly_payment_amount[gte]")]),
        (
            {"plann": "x", "sort": "x", "limit": "0"},
            [("invalid", "limit"), ("invalid_choice", "sort")],
        ),
    ],
)
def test_what_is_not_known_is_400(api, query, errors):
    response = api.get("customer", query)

    assert response.status == 400
    assert set(errors) <= set(response.errors)
    assert len(response.errors) == len(query)


def test_an_unknown_parameter_lists_the_known_ones(api):
    details = api.get("customer", {"plann": "x"}).details

    for known in [
        "customer_id",
        "name",
        "plan",
        "email",
        "location",
        "phone_number",
        "organisation_id",
        "monthly_payment_amount",
        "created_at",
        "updated_at",
        "custom_attributes",
        "sort",
        "limit",
        "cursor",
    ]:
        assert known in details


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("created_at", "Use created_at[gte], created_at[gt], created_at[lte], created_at[lt]."),
        (
            "page",
            "For the next page send metadata.next_cursor as cursor; limit is the size of a page.",
        ),
        ("plann", "Known parameters: "),
    ],
)
def test_an_unknown_parameter_is_told_what_to_use(api, name, advice):
    assert advice in api.get("customer", {name: "1"}).details
