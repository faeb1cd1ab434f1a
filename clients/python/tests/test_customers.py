from decimal import Decimal

import httpx
import pytest

from traitly import BadRequestError, NotFoundError, Traitly


def _make(traitly: Traitly, customer_id: str, plan: str = "Starter") -> None:
    traitly.customers.upsert(
        customer_id=customer_id, name="John Smith", email="j@example.com", plan=plan
    )


def test_upsert_creates_and_updates(traitly: Traitly, customer_id: str) -> None:
    created = traitly.customers.upsert(
        customer_id=customer_id,
        name="John Smith",
        email="john.smith@example.com",
        plan="Starter",
        monthly_payment_amount=Decimal("99.50"),
        location="Berlin",
        custom_attributes={"role": "manager", "seats": 3},
    )
    assert created["monthly_payment_amount"] == 99.5
    updated = traitly.customers.upsert(
        customer_id=customer_id,
        name="John Smith",
        email="john.smith@example.com",
        plan="Atom",
        location=None,
        custom_attributes={"role": None},
    )
    assert updated["plan"] == "Atom"
    assert updated["location"] is None
    assert updated["monthly_payment_amount"] == 99.5
    assert updated["custom_attributes"] == {"seats": 3}
    assert traitly.customers.get(customer_id) == updated


def test_update_changes_what_is_given(traitly: Traitly, customer_id: str) -> None:
    _make(traitly, customer_id)
    changed = traitly.customers.update(
        customer_id, plan="Atom", custom_attributes={"role": "manager"}
    )
    assert (changed["plan"], changed["name"], changed["custom_attributes"]) == (
        "Atom",
        "John Smith",
        {"role": "manager"},
    )


def test_erase_says_how_many_events_went(traitly: Traitly, customer_id: str) -> None:
    _make(traitly, customer_id)
    traitly.events.send_many([{"customer_id": customer_id, "name": "n"}] * 3)
    assert traitly.customers.erase(customer_id) == 3
    with pytest.raises(NotFoundError):
        traitly.customers.get(customer_id)
    with pytest.raises(NotFoundError):
        traitly.customers.erase(customer_id)


def test_filters(traitly: Traitly, customer_id: str) -> None:
    plan = f"plan of {customer_id}"
    traitly.customers.upsert_many(
        {
            "customer_id": f"{customer_id}-{i}",
            "name": "N",
            "email": "n@example.com",
            "plan": plan,
            "monthly_payment_amount": i,
            "custom_attributes": {"even": i % 2 == 0},
        }
        for i in range(6)
    )
    found = traitly.customers.list(
        plan=plan,
        monthly_payment_amount={"gt": 0},
        custom_attributes={"even": True},
        sort="-monthly_payment_amount",
        limit=1,
    )
    assert [customer["monthly_payment_amount"] for customer in found] == [4, 2]


def test_a_mistyped_filter_is_an_error_not_everything(traitly: Traitly) -> None:
    with pytest.raises(BadRequestError, match="sort"):
        list(traitly.customers.list(sort="shoe_size"))


def test_refused_customers_are_reported(traitly: Traitly, customer_id: str) -> None:
    result = traitly.customers.upsert_many([{"customer_id": customer_id}], raise_on_rejected=False)
    assert {error.attr for error in result.rejected[0].errors} == {"0.name", "0.email", "0.plan"}


def test_history(traitly: Traitly, customer_id: str) -> None:
    _make(traitly, customer_id)
    for plan in ("Atom", "Molecule"):
        traitly.customers.update(customer_id, plan=plan)
    changes = list(
        traitly.customers.history(customer_id, field="plan", sort="-changed_at", limit=1)
    )
    assert [(change["before"], change["after"]) for change in changes] == [
        ("Atom", "Molecule"),
        ("Starter", "Atom"),
    ]


def test_the_other_ids_of_a_customer(direct: Traitly, url: str, key: str, customer_id: str) -> None:
    _make(direct, customer_id)
    previous_id = f"anonymous/{customer_id}"
    call = {"type": "alias", "previousId": previous_id, "userId": customer_id}
    assert httpx.post(f"{url}/v1/alias", json=call, auth=(key, "")).status_code == 200

    [alias] = direct.customers.aliases(customer_id)
    assert (alias["previous_id"], alias["reason"]) == (previous_id, "alias")

    direct.customers.separate(customer_id, previous_id)
    assert direct.customers.aliases(customer_id) == []
    with pytest.raises(NotFoundError):
        direct.customers.separate(customer_id, previous_id)
