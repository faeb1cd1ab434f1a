"""Quotas per account (contract, "Quotas")."""

import datetime

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEntry, DailyUsage
from customers.models import Customer
from customers.quotas import forget_counts
from events.models import Event
from rejections.models import Rejection
from tests.client import Api
from tests.factories import CustomerFactory, MembershipFactory, a_customer, an_event, make_key


@pytest.fixture
def two_events(settings):
    settings.ACCOUNT_MAX_EVENTS_PER_DAY = 2


@pytest.fixture
def two_customers(settings):
    settings.ACCOUNT_MAX_CUSTOMERS = 2


def customers(*ids):
    return [a_customer(customer_id) for customer_id in ids]


def test_without_a_limit_nothing_is_counted_nor_asked(api, django_assert_num_queries):
    with django_assert_num_queries(3):  # the key and its account, the event, the customer
        assert api.post("event", an_event()).status == 201
        assert api.post("customer", a_customer()).status == 201

    assert not DailyUsage.objects.exists()


@pytest.mark.usefixtures("two_events", "two_customers")
def test_a_limit_costs_one_statement_for_events_and_one_a_minute_for_customers(
    api, django_assert_num_queries
):
    with django_assert_num_queries(
        5
    ):  # the key, the count of events and the event, the count of customers and one
        api.post("event", an_event())
        api.post("customer", a_customer("1"))
    with django_assert_num_queries(3):
        api.post("event", an_event())
        api.post("customer", a_customer("2"))


@pytest.mark.usefixtures("two_events")
def test_events_over_the_quota_are_429_until_the_day_ends(api, acme):
    responses = [api.post("event", an_event()) for _ in range(3)]

    assert [response.status for response in responses] == [201, 201, 429]
    assert responses[2].errors == [("quota_exceeded", None)]
    tomorrow = (timezone.now() + datetime.timedelta(days=1)).strftime("%Y-%m-%d")
    assert "2 events a day" in responses[2].details
    assert f"{tomorrow}T00:00:00Z" in responses[2].details
    assert 0 < int(responses[2].headers["Retry-After"]) <= 86_400
    assert Event.objects.count() == 2

    DailyUsage.objects.update(day=timezone.now().date() - datetime.timedelta(days=1))
    assert api.post("event", an_event()).status == 201
    assert DailyUsage.objects.get(account=acme).events == 1


@pytest.mark.usefixtures("two_events")
def test_a_batch_that_does_not_fit_is_refused_whole_and_counts_nothing(api):
    response = api.post("event", [an_event(), an_event(), an_event(), {"name": "refused"}])

    assert response.status == 429
    assert not Event.objects.exists()
    assert not Rejection.objects.exists()
    assert api.post("event", [an_event(), an_event()]).status == 201


@pytest.mark.usefixtures("two_events")
def test_an_event_that_was_stored_before_counts_once(api):
    responses = [api.post("event", an_event(id="same")) for _ in range(4)]

    assert [response.status for response in responses] == [201, 201, 201, 201]
    assert DailyUsage.objects.get().events == 1


@pytest.mark.usefixtures("two_events")
def test_a_clock_that_is_behind_starts_no_new_day(api, acme):
    tomorrow = timezone.now().date() + datetime.timedelta(days=1)
    DailyUsage.objects.create(account=acme, day=tomorrow, events=2)

    assert api.post("event", an_event()).status == 429
    assert DailyUsage.objects.get().day == tomorrow


@pytest.mark.usefixtures("two_events", "two_customers")
def test_each_account_has_its_own(api, globex_api):
    api.post("event", [an_event(), an_event()])
    api.post("customer", customers("1", "2"))

    assert globex_api.post("event", an_event()).status == 201
    assert globex_api.post("customer", a_customer("3")).status == 201


@pytest.mark.usefixtures("two_customers")
def test_new_customers_over_the_quota_are_429_and_updates_are_not(api):
    assert api.post("customer", customers("1", "2")).status == 201

    refused = api.post("customer", customers("1", "3"))
    assert refused.status == 429
    assert refused.errors == [("quota_exceeded", None)]
    assert "2 customers" in refused.details
    assert "Retry-After" not in refused.headers
    assert Customer.objects.count() == 2
    assert api.post("customer", customers("2", "1", "1")).status == 200
    assert api.patch("customer/1", {"plan": "Atom"}).status == 200


@pytest.mark.usefixtures("two_customers")
def test_other_processes_customers_count_within_a_minute(api, acme):
    api.post("customer", a_customer("1"))
    CustomerFactory.create_batch(2, account=acme)
    forget_counts()  # as after a minute

    assert api.post("customer", a_customer("new")).status == 429


@pytest.mark.usefixtures("two_events", "two_customers")
def test_an_accounts_own_limits_go_before_the_servers(acme):
    acme.max_events_per_day, acme.max_customers = 3, 0
    acme.save()
    api = Api(make_key(acme).key)

    assert api.post("event", [an_event()] * 4).status == 429
    assert api.post("event", [an_event()] * 3).status == 201
    assert api.post("customer", customers("1", "2", "3")).status == 201


@pytest.mark.usefixtures("two_events")
def test_an_import_says_it_and_goes_on_the_next_day(acme, tmp_path):
    file = tmp_path / "events.ndjson"
    file.write_text('{"customer_id": "1", "name": "a"}\n' * 4)
    command = ("import_data", "events", str(file), "--account", str(acme.pk), "--batch", "1")

    with pytest.raises(CommandError, match=r"2 events a day.*Everything before it is imported"):
        call_command(*command)
    assert Event.objects.count() == 2

    DailyUsage.objects.update(day=timezone.now().date() - datetime.timedelta(days=1))
    call_command(*command)
    assert Event.objects.count() == 4


@pytest.mark.usefixtures("two_events")
def test_sending_a_refused_event_again_says_it(acme, api, client):
    api.post("event", [{"name": "no customer"}, an_event(), an_event()])
    client.force_login(MembershipFactory.create(account=acme).user)
    rejection = Rejection.objects.get()

    page = client.post(
        f"/events/rejected/{rejection.pk}/", {"payload": '{"customer_id": "1", "name": "a"}'}
    )

    assert page.status_code == 422
    assert "2 events a day" in page.content.decode()
    assert Rejection.objects.exists()


def test_operators_set_them_in_the_admin_and_the_account_knows(operator, acme):
    none = {
        f"{name}-{of}_FORMS": "0"
        for name in ("memberships", "api_keys")
        for of in ("TOTAL", "INITIAL")
    }
    form = {"name": "Acme", "max_customers": "5", "max_events_per_day": ""} | none

    assert operator.post(f"/admin/accounts/account/{acme.pk}/change/", form).status_code == 302

    acme.refresh_from_db()
    assert (acme.max_customers, acme.max_events_per_day) == (5, None)
    entry = AuditEntry.objects.get(account=acme)
    assert entry.action == "account.quotas_changed"
    assert entry.detail["customers"] == 5
