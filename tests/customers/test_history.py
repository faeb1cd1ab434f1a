"""GET /customer/{customer_id}/history (contract, "Customers")."""

import pytest

from tests.client import Api, read_json
from tests.factories import a_customer

ADDRESS = "customer/1/history"


@pytest.fixture
def changed(api: Api) -> Api:
    """A customer who has changed three times, once in what has no history."""
    api.post("customer", a_customer("1", plan="Starter", created_at=5))
    api.post("customer", a_customer("1", plan="Atom", monthly_payment_amount=99.5))
    api.patch("customer/1", {"location": "Berlin"})
    api.patch("customer/1", {"monthly_payment_amount": 199})
    return api


def shown(api: Api, query: dict[str, str] | None = None) -> list[tuple[str, object, object]]:
    return [
        (row["field"], row["before"], row["after"]) for row in api.get(ADDRESS, query or {}).data
    ]


def test_what_was_before_is_kept_with_the_time_of_the_change(changed: Api) -> None:
    response = changed.get(ADDRESS)

    assert response.status == 200
    assert response.json["object"] == "history"
    assert list(response.data[0]) == ["field", "before", "after", "changed_at"]
    assert shown(changed) == [
        ("monthly_payment_amount", None, 99.5),
        ("plan", "Starter", "Atom"),
        ("monthly_payment_amount", 99.5, 199),
    ]
    first, second, third = (float(row["changed_at"]) for row in response.data)
    assert first == second < third == float(changed.get("customer/1").row["updated_at"])


def test_a_customer_that_was_never_changed_has_an_empty_history(api: Api) -> None:
    api.post("customer", a_customer("1"))
    api.post("customer", a_customer("1"))
    api.patch("customer/1", {"name": "Jane", "role": "x"})

    assert shown(api) == []


def test_the_same_amount_in_other_digits_is_no_change(changed: Api) -> None:
    changed.patch("customer/1", {"monthly_payment_amount": "199.00"})
    assert len(shown(changed)) == 3


def test_each_of_several_changes_in_one_request_is_kept(api: Api) -> None:
    api.post("customer", [a_customer("1", plan=plan) for plan in ("a", "b", "c", "c", "a")])
    assert shown(api) == [("plan", "a", "b"), ("plan", "b", "c"), ("plan", "c", "a")]


def test_it_is_filtered_sorted_and_paged_as_other_lists(changed: Api) -> None:
    assert shown(changed, {"field": "plan"}) == [("plan", "Starter", "Atom")]
    assert [after for _, _, after in shown(changed, {"sort": "-changed_at"})] == [199, "Atom", 99.5]
    last = changed.get(ADDRESS).data[-1]["changed_at"]
    assert shown(changed, {"changed_at[gte]": last}) == [("monthly_payment_amount", 99.5, 199)]
    seen: list[object] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = changed.get(ADDRESS, {"limit": "1", **cursor})
        seen += [row["after"] for row in page.data]
        cursor = {"cursor": page.json["metadata"].get("next_cursor", "")}
    assert seen == [99.5, "Atom", 199]
    assert cursor == {"cursor": ""}


def test_it_is_streamed(changed: Api) -> None:
    lines = changed.get(ADDRESS, headers={"Accept": "application/x-ndjson"}).content.splitlines()
    assert [read_json(line) for line in lines] == changed.get(ADDRESS).data
    rows = changed.get(ADDRESS, headers={"Accept": "text/csv"}).content.decode().splitlines()
    assert rows[0] == "field,before,after,changed_at"
    assert rows[2].startswith("plan,Starter,Atom,")


def test_no_such_customer_is_404(changed: Api, globex_api: Api) -> None:
    assert changed.get("customer/2/history").status == 404
    assert globex_api.get(ADDRESS).status == 404


def test_it_ends_with_the_customer(changed: Api) -> None:
    changed.delete("customer/1")
    assert changed.get(ADDRESS).status == 404
    changed.post("customer", a_customer("1", plan="New"))
    assert shown(changed) == []
