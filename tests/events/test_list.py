"""GET /event and GET /customer/{customer_id}/event (contract, "Events" and "Lists")."""

import pytest

from tests.factories import a_customer, an_event


@pytest.fixture
def history(api, globex_api):
    events = [
        an_event("1", name="in", created_at=300, id="c"),
        an_event("1", name="in", created_at=100, id="a"),
        an_event("1", name="out", created_at=200, id="b"),
        an_event("1", name="in", created_at="300.5", id="d", custom_attributes={"a": 1}),
        an_event("2", name="in", created_at=150, id="x"),
    ]
    assert api.post("event", events).status == 201
    assert (
        globex_api.post("event", [event | {"id": "g" + event["id"]} for event in events]).status
        == 201
    )


def found(api, address, query):
    response = api.get(address, query)
    assert response.status == 200, response
    return "".join(row["id"] for row in response.data)


BOTH = [("customer_id", "1"), ("name", "in")]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (BOTH, "acd"),
        ([("customer_id", "1"), ("name", "out")], "b"),
        ([("customer_id", "1"), ("name", "In")], ""),
        ([("customer_id", "3"), ("name", "in")], ""),
        ([*BOTH, ("customer_id", "2")], "axcd"),
        ([*BOTH, ("name", "out")], "abcd"),
        ([*BOTH, ("customer_id", "2"), ("name", "out")], "axbcd"),
        ([*BOTH, *[("customer_id", str(i)) for i in range(50)]], "axcd"),
        ([*BOTH, ("sort", "created_at")], "acd"),
        ([*BOTH, ("sort", "-created_at")], "dca"),
        ([*BOTH, ("created_at[gte]", "300")], "cd"),
        ([*BOTH, ("created_at[gt]", "300")], "d"),
        ([*BOTH, ("created_at[lte]", "300")], "ac"),
        ([*BOTH, ("created_at[lt]", "300")], "a"),
        ([*BOTH, ("created_at[gt]", "100"), ("created_at[lt]", "300.5")], "c"),
        ([*BOTH, ("created_at[gte]", "1970-01-01T00:05:00")], "cd"),
        ([*BOTH, ("limit", "2")], "ac"),
    ],
)
def test_filters_and_sorts(api, query, ids):
    assert found(api, "event", query) == ids


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ([], "abcd"),
        ([("name", "in")], "acd"),
        ([("name", "in"), ("name", "out")], "abcd"),
        ([("name", "nothing")], ""),
        ([("sort", "-created_at")], "dcba"),
        ([("created_at[gte]", "200"), ("created_at[lt]", "300.5")], "bc"),
        ([("limit", "3")], "abc"),
    ],
)
def test_a_customers_timeline(api, query, ids):
    assert found(api, "customer/1/event", query) == ids


def test_rows_are_as_they_were_acknowledged(api):
    row = api.post("event", an_event("1", name="in", a=[1, {"b": None}], created_at="5.5")).row

    assert api.get("event", BOTH).data == [row]
    assert api.get("customer/1/event").data == [row]
    assert list(api.get("event", BOTH).row) == [
        *("customer_id", "name", "created_at", "success", "id", "custom_attributes")
    ]


def test_ties_are_broken(api):
    api.post("event", [an_event("1", name="in", created_at=5, id=i) for i in "dbac"])

    assert found(api, "event", BOTH) == "abcd"
    assert found(api, "event", [*BOTH, ("sort", "-created_at")]) == "dcba"


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ({}, ["customer_id", "name"]),
        ({"name": "x"}, ["customer_id"]),
        ({"customer_id": "1"}, ["name"]),
        ({"customer_id": "", "name": ""}, ["customer_id", "name"]),
    ],
)
def test_a_list_of_events_needs_customer_id_and_name(api, query, missing):
    """The table of the reference wins over the command that it prints."""
    response = api.get("event", query)

    assert response.status == 400
    assert sorted(response.errors) == [("required", name) for name in missing]


@pytest.mark.parametrize(
    "parameter", ["names", "customer", "created_at", "updated_at[gt]", "custom_attributes[a]", "id"]
)
@pytest.mark.parametrize("address", ["event", "customer/1/event"])
def test_an_unknown_parameter_is_400_and_lists_the_known(api, address, parameter):
    api.post("customer", a_customer("1"))
    response = api.get(
        address, [*BOTH, (parameter, "5")] if address == "event" else {parameter: "5"}
    )

    assert response.errors == [("unknown_parameter", parameter)]
    for known in ("name", "created_at", "sort", "limit", "cursor"):
        assert known in response.details


def test_the_address_says_whose_timeline_it_is(api, history):
    assert api.get("customer/1/event", {"customer_id": "2"}).errors == [
        ("unknown_parameter", "customer_id")
    ]


@pytest.mark.parametrize("sort", ["name", "id", "updated_at", "customer_id", "", "-"])
def test_events_are_sorted_by_time_only(api, sort):
    assert api.get("event", [*BOTH, ("sort", sort)]).errors == [("invalid_choice", "sort")]


def test_the_timeline_of_a_customer_without_events_is_empty(api):
    api.post("customer", a_customer("1"))

    assert api.get("customer/1/event").data == []


def test_the_timeline_of_nobody_is_404(api, history):
    assert api.get("customer/nobody/event").errors == [("not_found", None)]
