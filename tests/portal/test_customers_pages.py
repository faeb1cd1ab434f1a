"""Customers: found as one types, filtered, sorted, paged; and one of them with all that is known of it."""

import datetime
import re

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from customers import queries
from customers.aliases import NewAlias, add_aliases, ids_of
from customers.models import Customer
from tests.client import Api
from tests.factories import CustomerFactory, EventFactory, a_customer
from tests.plans import plan_of

PAGE = "/customers/"
NOW = datetime.datetime.now(datetime.UTC)


def found(response) -> list[str]:
    assert response.status_code == 200, response
    return [customer["customer_id"] for customer, _ in response.context["customers"]]


@pytest.fixture
def crowd(acme):
    for customer_id, name, email, plan, amount in [
        ("c-1", "John Smith", "john@example.com", "Starter", 9),
        ("c-2", "Alice Smith", "Alice@Example.com", "Team", 99),
        ("c-3", "Smithers", "s@example.com", "Team", None),
        ("X-4", "Zoë Öztürk", "zoe@example.org", "Starter", 0),
        ("john", "Nobody", "n@example.com", "100% free_plan", 1),
    ]:
        CustomerFactory.create(
            account=acme,
            customer_id=customer_id,
            name=name,
            email=email,
            plan=plan,
            monthly_payment_amount=amount,
        )


class TestSearch:
    @pytest.mark.parametrize(
        ("typed", "ids"),
        [
            ("c-", ["c-1", "c-2", "c-3"]),
            ("c-2", ["c-2"]),
            ("C-", []),  # a customer_id is what it is
            ("X", ["X-4"]),
            ("john", ["john", "c-1"]),  # the customer_id first
            ("JOHN S", ["c-1"]),
            ("alice@EX", ["c-2"]),
            ("smith", ["c-3", "c-2", "c-1"]),  # the beginning of the name, then of its last word
            ("öz", ["X-4"]),
            ("ZOË", ["X-4"]),
            ("%", []),
            ("_", []),
            ("\\", []),
            ("'; --", []),
            ("joh\0n", ["john", "c-1"]),
            ("nothing of the kind", []),
        ],
    )
    def test_finds_what_begins_so(self, member, crowd, typed, ids):
        assert sorted(found(member.get(PAGE, data={"q": typed}))) == sorted(ids)
        assert found(member.get(PAGE, data={"q": typed}))[:1] in ([], ids[:1])

    def test_is_narrowed_to_a_plan(self, member, crowd):
        assert found(member.get(PAGE, data={"q": "smith", "plan": "Team"})) == ["c-3", "c-2"]
        assert found(member.get(PAGE, data={"q": "smith", "plan": "100% free_plan"})) == []

    def test_shows_the_first_fifty(self, member, acme):
        CustomerFactory.create_batch(60, account=acme, name="John Smith")
        response = member.get(PAGE, data={"q": "john"})
        assert len(found(response)) == 50
        assert "Type more to narrow the search." in response.content.decode()

    def test_answers_htmx_with_the_rows_alone(self, member, crowd):
        page = member.get(
            PAGE, data={"q": "alice"}, headers={"HX-Request": "true"}
        ).content.decode()
        assert page.lstrip().startswith("<section")
        assert "Alice Smith" in page
        assert "John Smith" not in page
        assert "<html" not in page

    def test_says_that_nothing_matches(self, member, crowd):
        assert "No customer matches." in member.get(PAGE, data={"q": "nope"}).content.decode()

    def test_walks_indexes(self, member, acme):
        Customer.objects.bulk_create(CustomerFactory.build_batch(500, account=acme))
        plans = plan_of(member.client, PAGE, {"q": "zzz"}, "customers_customer")
        for index in (
            "customer_id_unique",
            "by_email",
            "by_name",
            "by_lower_last_word",
            "by_email_domain",
            "by_organisation_id",
        ):
            assert any(f"customers_{index}" in plan for plan in plans), plans


class TestList:
    def test_is_newest_first(self, member, acme):
        for number in range(3):
            CustomerFactory.create(
                account=acme, customer_id=str(number), created_at=NOW + datetime.timedelta(number)
            )
        assert found(member.get(PAGE)) == ["2", "1", "0"]

    def test_is_of_one_plan(self, member, crowd):
        response = member.get(PAGE, data={"plan": "Team"})
        assert sorted(found(response)) == ["c-2", "c-3"]
        assert list(response.context["plans"]) == ["100% free_plan", "Starter", "Team"]

    @pytest.mark.parametrize(
        ("sort", "ids"),
        [
            ("-monthly_payment_amount", ["c-2", "c-1", "john", "X-4", "c-3"]),
            ("monthly_payment_amount", ["c-3", "X-4", "john", "c-1", "c-2"]),
            ("customer_id", ["X-4", "c-1", "c-2", "c-3", "john"]),
        ],
    )
    def test_is_sorted(self, member, crowd, sort, ids):
        assert found(member.get(PAGE, data={"sort": sort})) == ids

    @pytest.mark.parametrize("sort", ["created_at", "-created_at", "-updated_at", "nonsense", ""])
    def test_takes_any_order(self, member, crowd, sort):
        assert len(found(member.get(PAGE, data={"sort": sort}))) == 5

    def test_has_pages(self, member, acme):
        ids = {
            customer.customer_id
            for customer in CustomerFactory.create_batch(120, account=acme, plan="A&B")
        }
        address, seen = f"{PAGE}?plan=A%26B&sort=customer_id", []
        while address:
            response = member.get(address)
            seen += found(response)
            following = response.context["next"]
            address = f"{PAGE}?{following}" if following else ""
        assert len(seen) == 120
        assert set(seen) == ids

    def test_a_cursor_of_another_list_is_not_found(self, member, acme):
        CustomerFactory.create_batch(60, account=acme)
        following = member.get(PAGE).context["next"]
        assert member.get(f"{PAGE}?{following}").status_code == 200
        assert (
            member.get(
                f"{PAGE}?{following.replace('sort=-created_at', 'sort=customer_id')}"
            ).status_code
            == 404
        )
        assert member.get(PAGE, data={"cursor": "x"}).status_code == 404

    def test_shows_nothing_of_another_account(self, member, globex):
        CustomerFactory.create(account=globex, name="Theirs", plan="Secret")
        for query in ({}, {"q": "theirs"}, {"plan": "Secret"}):
            response = member.get(PAGE, data=query)
            assert found(response) == []
            assert response.context["plans"] == []

    def test_is_for_those_who_are_logged_in(self, visitor):
        for page in (PAGE, "/customers/customer/?id=1"):
            assert visitor.get(page)["Location"].startswith("/login/")


class TestFilters:
    def test_search_finds_organisations_domains_and_attributes(self, member, acme):
        CustomerFactory.create(
            account=acme, customer_id="1", organisation_id="org-7", email="a@Acme.example"
        )
        CustomerFactory.create(
            account=acme, customer_id="2", custom_attributes={"role": "boss", "n": 5}
        )
        for typed, ids in (
            ("org-7", ["1"]),
            ("@acme", ["1"]),
            ("acme.ex", ["1"]),
            ("role=boss", ["2"]),
            ("n = 5", ["2"]),
            ("role=x", []),
        ):
            assert found(member.get(PAGE, data={"q": typed})) == ids, typed

    def test_they_are_the_apis_own_and_combine(self, member, api, acme):
        for number, plan, role in ((1, "A", "x"), (2, "A", "y"), (3, "B", "x"), (4, "A", "x")):
            api.post(
                "customer",
                a_customer(str(number), plan=plan, monthly_payment_amount=number, role=role),
            )
        query = {"plan": "A", "custom_attributes[role]": "x", "monthly_payment_amount[gte]": "2"}
        response = member.get(PAGE, data=query)
        assert found(response) == ["4"]
        assert [(each.label, each.value) for each in response.context["described"]] == [
            ("Plan", "A"),
            ("role", "x"),
            ("Pays a month at least", "2"),
        ]
        assert found(member.get(PAGE, data=query | {"q": "john"})) == ["4"]
        assert found(member.get(f"{PAGE}?{response.context['described'][2].without}")) == ["4", "1"]

    def test_the_same_list_by_the_api(self, member, api, acme):
        api.post("customer", [a_customer("1", plan="A & B"), a_customer("2")])
        command = member.get(PAGE, data={"plan": "A & B", "sort": "customer_id"}).context["command"]
        assert "--data-urlencode 'plan=A & B'" in command
        path, *pairs = re.findall(
            r"(?:http://testserver/api/v1/|--data-urlencode ')([^\"']*)", command
        )
        query = dict(pair.split("=", 1) for pair in pairs)
        assert [row["customer_id"] for row in api.get(path, query).data] == ["1"]
        assert member.get(PAGE, data={"q": "john"}).context["command"] == ""

    def test_one_is_added_by_its_name(self, member):
        for chosen, added in (
            ({"field": "location", "value": "Bern"}, "location=Bern"),
            ({"field": "created_at[gte]", "value": "2026-01-01"}, "created_at%5Bgte%5D=2026-01-01"),
            ({"field": "custom_attributes", "value": "role = x"}, "custom_attributes%5Brole%5D=x"),
        ):
            assert (
                member.get(PAGE, data={"plan": "A"} | chosen)["Location"]
                == f"/customers/?plan=A&{added}&sort=-created_at"
            )
        for wrong in (
            {"field": "nothing", "value": "x"},
            {"field": "custom_attributes", "value": "role"},
        ):
            assert member.get(PAGE, data=wrong).status_code == 200

    def test_says_what_is_wrong_with_one(self, member):
        page = member.get(PAGE, data={"created_at[gte]": "soon"}).content.decode()
        assert "<code>created_at[gte]</code> Not a valid time." in page

    def test_columns_are_chosen_and_kept(self, member, api):
        api.post("customer", a_customer("1", location="Bern", role="boss", tags=["a"]))
        chosen = ["location", "custom_attributes.role", "custom_attributes.tags", "nonsense"]
        member.get(PAGE, data={"columns": "1", "column": chosen})
        response = member.get(PAGE)
        [(_, cells)] = response.context["customers"]
        assert [(cell.label, cell.value) for cell in cells] == [
            ("Location", "Bern"),
            ("role", "boss"),
            ("tags", ["a"]),
        ]
        assert "[&quot;a&quot;]" in response.content.decode()
        assert ("custom_attributes.role", "role", True) in response.context["choices"]


class TestPlans:
    def test_each_is_named_once_and_not_too_many(self, acme):
        for number in range(5):
            CustomerFactory.create_batch(3, account=acme, plan=f"plan {number}")
        assert queries.plans(account_id=acme.pk, limit=3) == ["plan 0", "plan 1", "plan 2"]
        assert len(queries.plans(account_id=acme.pk, limit=100)) == 5


class TestCustomer:
    def show(self, member, customer_id: str, **query: str):
        return member.get("/customers/customer/", data={"id": customer_id, **query})

    def test_shows_fields_and_attributes(self, member, api: Api):
        api.post(
            "customer",
            a_customer(
                "15",
                location="Berlin",
                monthly_payment_amount=99.5,
                role="manager",
                deep={"a": [1, None]},
            ),
        )
        page = self.show(member, "15").content.decode()
        for shown in (
            "John Smith",
            "john.smith@example.com",
            "Starter",
            "99.5",
            "Berlin",
            "manager",
        ):
            assert shown in page
        assert "{&quot;a&quot;: [1, null]}" in page

    def test_shows_what_plan_and_payment_were(self, member, api: Api):
        api.post("customer", a_customer("15", plan="Starter"))
        assert "Plan and payment" not in self.show(member, "15").content.decode()
        api.patch("customer/15", {"plan": "Atom"})
        api.patch("customer/15", {"monthly_payment_amount": "99.50"})
        page = self.show(member, "15")
        changes = [(each.label, each.before, each.after) for each in page.context["changes"]]
        assert changes == [("Monthly payment amount", None, "99.5"), ("Plan", "Starter", "Atom")]
        assert "Plan and payment" in page.content.decode()

    def test_shows_the_timeline_newest_first_in_pages(self, member, acme):
        CustomerFactory.create(account=acme, customer_id="15")
        for number in range(60):
            created_at = NOW - datetime.timedelta(hours=number)
            EventFactory.create(
                account=acme, customer_id="15", name=str(number), created_at=created_at
            )
        first = self.show(member, "15")
        assert [event["name"] for event in first.context["events"]] == [
            str(number) for number in range(50)
        ]
        second = member.get(f"/customers/customer/?{first.context['next']}")
        assert [event["name"] for event in second.context["events"]] == [
            str(number) for number in range(50, 60)
        ]

    def test_plots_ninety_days_by_name(self, member, acme):
        CustomerFactory.create(account=acme, customer_id="15")
        for name, days_ago in [("a", 0), ("a", 3), ("b", 3), ("a", 89), ("old", 91)]:
            created_at = timezone.now() - datetime.timedelta(days=days_ago)
            EventFactory.create(account=acme, customer_id="15", name=name, created_at=created_at)
        EventFactory.create(account=acme, customer_id="16", name="another's")
        plot = self.show(member, "15").context["plot"]
        assert [(series.label, series.total) for series in plot.series] == [("a", 3), ("b", 1)]
        assert plot.total == 4
        assert len(plot.days) == 90
        assert [day.total for day in plot.days if day.total] == [1, 2, 1]
        assert plot.days[-4].values == [1, 1]

    def test_the_timeline_says_what_happened(self, member, api: Api):
        api.post("event", {"customer_id": "15", "name": "Paid", "amount": 12, "method": "card"})
        assert '<span class="muted">method=</span>card' in self.show(member, "15").content.decode()

    def test_other_ids_are_shown_counted_and_separated(self, member, acme):
        for customer_id in ("15", "anonymous"):
            EventFactory.create(account=acme, customer_id=customer_id, created_at=timezone.now())
        alias = NewAlias("anonymous", "15", "identify")
        add_aliases(account_id=acme.pk, aliases=[alias], now=timezone.now())
        page = self.show(member, "15")
        assert "anonymous before" in page.content.decode()
        assert (page.context["plot"].total, len(page.context["events"])) == (2, 2)
        form = {"id": "15", "previous_id": "anonymous"}
        assert (
            member.post("/customers/customer/separate/", form)["Location"]
            == "/customers/customer/?id=15"
        )
        page = self.show(member, "15")
        assert (page.context["plot"].total, page.context["aliases"]) == (1, [])
        assert member.post("/customers/customer/separate/", form).status_code == 404
        entry = AuditEntry.objects.get(account=acme, action=AuditEntry.Action.IDS_SEPARATED)
        assert entry.detail == {"customer_id": "15", "previous_id": "anonymous"}
        assert entry.actor_email == "member@acme.example"

    def test_another_accounts_ids_cannot_be_separated(self, member, globex):
        add_aliases(
            account_id=globex.pk, aliases=[NewAlias("a", "15", "alias")], now=timezone.now()
        )
        form = {"id": "15", "previous_id": "a"}
        assert member.post("/customers/customer/separate/", form).status_code == 404
        assert ids_of(account_id=globex.pk, customer_id="15") == ["15", "a"]

    def test_events_may_be_all_that_there_is(self, member, acme):
        EventFactory.create(account=acme, customer_id="early")
        page = self.show(member, "early")
        assert page.status_code == 200
        assert "no customer record yet" in page.content.decode()

    @pytest.mark.parametrize("customer_id", ["a/b", "../x", "ü €", "%2F", '"<x>', "a?b#c&d", " "])
    def test_has_an_address_whatever_its_id(self, member, api: Api, customer_id):
        api.post("customer", a_customer(customer_id, name="Found again"))
        page = member.get(PAGE).content.decode()
        link = page.partition('<th scope="row"><a href="')[2].partition('"')[0]
        assert "Found again" in member.get(link).content.decode()

    def test_shows_the_latest_time_that_there_is(self, member, api: Api):
        api.post("customer", a_customer("15", created_at="253402300799.999999"))
        assert "31 Dec 9999" in self.show(member, "15").content.decode()

    def test_is_not_found_in_another_account(self, member, globex):
        CustomerFactory.create(account=globex, customer_id="theirs")
        EventFactory.create(account=globex, customer_id="theirs")
        for customer_id in ("theirs", "", "\0"):
            assert self.show(member, customer_id).status_code == 404

    def test_costs_a_handful_of_queries(self, member, acme, django_assert_max_num_queries):
        CustomerFactory.create(account=acme, customer_id="15")
        EventFactory.create_batch(30, account=acme, customer_id="15")
        with django_assert_max_num_queries(
            10
        ):  # session, user, membership, customer, ids, changes, timeline by names, plot
            self.show(member, "15")
