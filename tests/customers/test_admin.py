import datetime
import json
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from customers.models import Customer
from tests.cluster import PLAIN_ONLY
from tests.factories import CustomerFactory
from tests.plans import plan_of
from traitly.input.errors import Error, InvalidRequestError

LIST = "/admin/customers/customer/"


def _address(customer: Customer, account_id: int | None = None) -> str:
    return f"{LIST}{account_id or customer.account_id}_3A{customer.pk}/change/"


def _form(**fields: str) -> dict[str, str]:
    return {
        "name": "John Smith",
        "email": "john@example.com",
        "plan": "Starter",
        "monthly_payment_amount": "",
        "location": "",
        "phone_number": "",
        "organisation_id": "",
    } | fields


def test_the_list_links_to_the_customer(operator: Client, acme: Account) -> None:
    customer = CustomerFactory.create(account=acme, customer_id="123")
    page = operator.get(f"{LIST}?account={acme.pk}").content.decode()
    assert _address(customer) in page
    assert "123" in operator.get(_address(customer)).content.decode()


def test_the_list_of_an_account_has_no_others(
    operator: Client, acme: Account, globex: Account
) -> None:
    CustomerFactory.create(account=acme, name="Acme's customer")
    CustomerFactory.create(account=globex, name="Customer of Globex")
    page = operator.get(f"{LIST}?account={acme.pk}").content.decode()
    assert "Acme&#x27;s customer" in page
    assert "Customer of Globex" not in page


def test_a_customer_is_found_by_the_beginning_of_its_id(operator: Client, acme: Account) -> None:
    CustomerFactory.create(account=acme, customer_id="DE-1", name="Anna")
    CustomerFactory.create(account=acme, customer_id="FR-1", name="Bernard")
    page = operator.get(f"{LIST}?account={acme.pk}&q=DE-").content.decode()
    assert "Anna" in page
    assert "Bernard" not in page


def test_a_search_without_an_account_asks_for_one(operator: Client, acme: Account) -> None:
    CustomerFactory.create(account=acme, customer_id="DE-1", name="Anna")
    page = operator.get(f"{LIST}?q=DE-").content.decode()
    assert "Choose an account first" in page
    assert "Anna" not in page


@pytest.mark.parametrize("account", ["abc", "-1", "1e3", "²"])
def test_an_account_that_is_none_is_refused_without_an_error(
    operator: Client, account: str
) -> None:
    assert operator.get(LIST, {"account": account}).headers["Location"] == f"{LIST}?e=1"


def test_an_account_beyond_every_id_has_no_customers(operator: Client) -> None:
    assert "0 customers" in operator.get(LIST, {"account": "9" * 30}).content.decode()


def test_old_customers_are_filtered_out(operator: Client, acme: Account) -> None:
    CustomerFactory.create(
        account=acme, name="Old", created_at=timezone.now() - datetime.timedelta(days=8)
    )
    CustomerFactory.create(account=acme, name="New")
    page = operator.get(f"{LIST}?days=7").content.decode()
    assert "New" in page
    assert ">Old<" not in page


def test_attributes_are_shown_to_the_digit_and_escaped(operator: Client, acme: Account) -> None:
    customer = CustomerFactory.create(
        account=acme, custom_attributes={"big": 10**400, "x": "<script>"}
    )
    page = operator.get(_address(customer)).content.decode()
    assert f"&quot;big&quot;: 1{'0' * 400}" in page
    assert "&lt;script&gt;" in page
    assert "<pre" in page


def test_a_change_is_stored_and_the_rest_is_left(operator: Client, acme: Account) -> None:
    customer = CustomerFactory.create(
        account=acme, custom_attributes={"role": "manager"}, location="Berlin"
    )
    form = _form(
        email=customer.email, plan="Atom", monthly_payment_amount="99.5", location="Berlin"
    )
    with CaptureQueriesContext(connection) as queries:
        assert operator.post(_address(customer), form).status_code == 302
    [update] = [query["sql"] for query in queries if "UPDATE customers_customer" in query["sql"]]
    changed, _, rest = update.partition("UPDATE customers_customer")[2].partition("WHERE")
    assert f"account_id = {acme.pk}" in rest
    assert "account_id" not in changed
    assert "location" not in changed
    before = customer.updated_at
    customer.refresh_from_db()
    assert (customer.plan, customer.monthly_payment_amount, customer.location) == (
        "Atom",
        Decimal("99.5"),
        "Berlin",
    )
    assert customer.custom_attributes == {"role": "manager"}
    assert customer.updated_at > before


@pytest.mark.parametrize(
    "field",
    [
        {"name": " "},
        {"email": "nobody"},
        {"monthly_payment_amount": "-1"},
        {"monthly_payment_amount": "1.00001"},
        {"monthly_payment_amount": "1000000000000"},
        {"plan": "a\0b"},
    ],
)
def test_what_the_api_refuses_is_refused(
    operator: Client, acme: Account, field: dict[str, str]
) -> None:
    customer = CustomerFactory.create(account=acme)
    answer = operator.post(_address(customer), _form(**field))
    assert answer.status_code == 200
    assert "Please correct the error below" in answer.content.decode()


def test_the_log_of_a_change_links_back(operator: Client, acme: Account) -> None:
    customer = CustomerFactory.create(account=acme)
    operator.post(_address(customer), _form(plan="Atom"))
    entry = LogEntry.objects.get()
    assert f"/admin/{entry.get_admin_url()}".replace("//admin/", "/") == _address(customer)
    history = operator.get(_address(customer).replace("/change/", "/history/")).content.decode()
    assert "Plan" in history


@pytest.mark.parametrize(
    "address", ["0_3Ax", "x", "1_3A", "_3A1", "1_3A%00", "9999999999999999999999_3A1"]
)
def test_an_address_of_nothing_is_answered(operator: Client, address: str) -> None:
    assert operator.get(f"{LIST}{address}/change/").headers["Location"] == "/admin/"


def test_another_account_does_not_have_the_customer(
    operator: Client, acme: Account, globex: Account
) -> None:
    customer = CustomerFactory.create(account=acme)
    assert operator.get(_address(customer, globex.pk)).headers["Location"] == "/admin/"


def test_nothing_is_added_or_deleted_here(operator: Client, acme: Account) -> None:
    customer = CustomerFactory.create(account=acme)
    assert operator.get(f"{LIST}add/").status_code == 403
    assert (
        operator.post(
            _address(customer).replace("/change/", "/delete/"), {"post": "yes"}
        ).status_code
        == 403
    )
    assert Customer.objects.filter(account=acme).exists()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({}, "customers_by_created_at"),
        ({"days": "7"}, "customers_by_created_at"),
        ({"q": "DE-"}, "customers_customer_id_unique"),
    ],
)
@PLAIN_ONLY
def test_lists_of_an_account_are_read_by_an_index(
    operator: Client, acme: Account, query: dict[str, str], index: str
) -> None:
    Customer.objects.bulk_create(CustomerFactory.build_batch(500, account=acme))
    query = {"account": str(acme.pk)} | query
    for plan in plan_of(operator, LIST, query, "customers_customer", incremental_sort=False):
        assert f"using {index}" in plan
        assert "Sort" not in plan


@PLAIN_ONLY
def test_the_list_of_all_accounts_is_read_by_an_index(
    operator: Client, acme: Account, globex: Account
) -> None:
    for account in (acme, globex):
        Customer.objects.bulk_create(CustomerFactory.build_batch(500, account=account))
    for plan in plan_of(operator, LIST, {}, "customers_customer", incremental_sort=False):
        assert "using customers_by_created_at" in plan
        assert "Sort" not in plan


def test_what_a_patch_would_refuse_is_refused(operator: Client, acme: Account, monkeypatch) -> None:
    customer = CustomerFactory.create(account=acme, name="John Smith", email="john@example.com")
    sent = []

    def refuse(body, customer_id):
        sent.append((json.loads(body.data), customer_id))
        raise InvalidRequestError(
            [Error("invalid", "Not this plan.", "plan"), Error("invalid", "Not at all.", "x")]
        )

    monkeypatch.setattr("customers.admin.read_changes", refuse)
    page = operator.post(_address(customer), _form(plan="Atom")).content.decode()
    assert "Not this plan." in page
    assert "Not at all." in page
    assert sent == [({"plan": "Atom"}, customer.customer_id)]
    customer.refresh_from_db()
    assert customer.plan == "Starter"


@pytest.mark.parametrize("term", ["DE-1", "Anna@Example.com"])
@PLAIN_ONLY
def test_all_accounts_are_searched_by_customer_id_and_email(
    operator: Client, acme: Account, globex: Account, term: str
) -> None:
    found = [
        CustomerFactory.create(account=account, customer_id="DE-1", email="anna@example.com")
        for account in (acme, globex)
    ]
    CustomerFactory.create(account=acme, customer_id="DE-10", email="hanna@example.com")
    response = operator.get(LIST, {"q": term})
    assert set(response.context["cl"].result_list) == set(found)
    assert "All accounts were searched" in response.content.decode()


@pytest.mark.parametrize("term", ["anna@example.com", "a@b"])
def test_an_email_or_an_id_with_an_at_is_found_in_an_account(
    operator: Client, acme: Account, globex: Account, term: str
) -> None:
    anna = CustomerFactory.create(account=acme, customer_id="a@b-1", email="anna@example.com")
    CustomerFactory.create(account=globex, customer_id="a@b-2", email="anna@example.com")
    assert list(
        operator.get(LIST, {"account": str(acme.pk), "q": term}).context["cl"].result_list
    ) == [anna]


def test_of_too_many_accounts_one_must_be_chosen(
    operator: Client, acme: Account, globex: Account, monkeypatch
) -> None:
    CustomerFactory.create(account=acme, customer_id="DE-1", name="Anna")
    monkeypatch.setattr("accounts.queries._MAX_SEARCHED", 1)
    page = operator.get(LIST, {"q": "DE-1"}).content.decode()
    assert "Choose an account first: a search covers one account." in page
    assert "Anna" not in page


@pytest.mark.parametrize("query", [{}, {"account": "1"}])
def test_a_search_for_a_nul_finds_nothing(
    operator: Client, acme: Account, query: dict[str, str]
) -> None:
    assert not operator.get(LIST, query | {"q": "a\0"}).context["cl"].result_list


def test_a_customer_links_to_its_events(operator: Client, acme: Account) -> None:
    customer = CustomerFactory.create(account=acme, customer_id="a&b")
    link = f"/admin/events/event/?account={acme.pk}&amp;q=a%26b"
    assert link in operator.get(LIST).content.decode()
    assert link in operator.get(_address(customer)).content.decode()
