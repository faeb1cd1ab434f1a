import datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account
from events.models import Event
from tests.cluster import PLAIN_ONLY
from tests.factories import EventFactory
from tests.plans import plan_of

LIST = "/admin/events/event/"


def test_events_of_two_accounts_with_the_same_id_are_told_apart(
    operator: Client, acme: Account, globex: Account
) -> None:
    EventFactory.create(account=acme, id="1", name="Of Acme")
    EventFactory.create(account=globex, id="1", name="Of Globex")
    page = operator.get(LIST).content.decode()
    for account, name, other in ((acme, "Of Acme", "Of Globex"), (globex, "Of Globex", "Of Acme")):
        address = f"{LIST}{account.pk}_3A1/change/"
        assert address in page
        event = operator.get(address).content.decode()
        assert name in event
        assert other not in event


@pytest.mark.parametrize(
    "event_id", ["a/b", "a:b", "a_3Ab", "ü €", "%2F", '"<x>', "a?b#c", "..", " "]
)
def test_an_id_of_any_characters_has_an_address(
    operator: Client, acme: Account, event_id: str
) -> None:
    EventFactory.create(account=acme, id=event_id, name="Found again")
    links = operator.get(LIST).context["cl"]
    address = links.url_for_result(links.result_list[0])
    assert "Found again" in operator.get(address).content.decode()


def test_events_are_found_by_customer_or_by_id_within_an_account(
    operator: Client, acme: Account, globex: Account
) -> None:
    EventFactory.create(account=acme, id="e1", customer_id="15", name="Opened")
    EventFactory.create(account=acme, id="e2", customer_id="16", name="Closed")
    EventFactory.create(account=globex, id="e3", customer_id="15", name="Elsewhere")
    for term in ("15", "e1"):
        page = operator.get(LIST, {"account": acme.pk, "q": term}).content.decode()
        assert "Opened" in page
        assert "Closed" not in page
        assert "Elsewhere" not in page


def test_events_are_not_changed_here(operator: Client, acme: Account) -> None:
    event = EventFactory.create(account=acme, id="1", custom_attributes={"ip": "10.0.0.1"})
    address = f"{LIST}{acme.pk}_3A1/"
    page = operator.get(f"{address}change/").content.decode()
    assert "10.0.0.1" in page
    assert 'name="_save"' not in page
    assert operator.post(f"{address}change/", {"name": "Forged"}).status_code == 403
    assert operator.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    assert operator.get(f"{LIST}add/").status_code == 403
    assert Event.objects.get(account=acme, pk="1").name == event.name


def test_a_list_ends_after_a_thousand(operator: Client, acme: Account) -> None:
    Event.objects.bulk_create(EventFactory.build_batch(1100, account=acme))
    changes = operator.get(LIST).context["cl"]
    assert changes.result_count == 1000
    assert len(changes.result_list) == 100
    assert operator.get(LIST, {"p": "11"}).headers["Location"] == f"{LIST}?e=1"


def test_a_list_takes_the_same_few_queries_whatever_its_length(
    operator: Client, acme: Account, globex: Account, django_assert_num_queries
) -> None:
    EventFactory.create(account=acme)
    with django_assert_num_queries(
        6
    ):  # session, user, the filter's accounts, count, page, the page's accounts
        operator.get(LIST)
    EventFactory.create_batch(20, account=globex)
    with django_assert_num_queries(6):
        operator.get(LIST)


def _fill(account: Account) -> None:
    """Twenty events each of a hundred customers: more than a list counts, so that to sort them all is dearer."""
    for number in range(100):
        Event.objects.bulk_create(
            EventFactory.build_batch(20, account=account, customer_id=str(number))
        )


@PLAIN_ONLY
def test_the_list_of_an_account_is_read_by_an_index(operator: Client, acme: Account) -> None:
    _fill(acme)
    *_, count, page = plan_of(operator, LIST, {"account": str(acme.pk)}, "events_event")
    for plan in (count, page):
        assert "using events_by_received_at" in plan
        assert "->  Sort" not in plan  # an incremental one sorts a batch of one time, not the table


@PLAIN_ONLY
def test_a_customers_events_are_found_by_an_index(operator: Client, acme: Account) -> None:
    """Their ids by the customer and names, the newest of each; then these rows alone."""
    _fill(acme)
    *_, newest, count, page = plan_of(
        operator, LIST, {"account": str(acme.pk), "q": "15"}, "events_event"
    )
    assert "using events_by_customer_name" in newest
    assert "->  Sort" not in newest
    for plan in (count, page):
        assert "using events_event_pkey" in plan
        assert "Index Cond: ((account_id = " in plan


def test_a_customers_events_are_in_the_order_of_time(
    operator: Client, acme: Account, globex: Account
) -> None:
    now = timezone.now()
    for number, (account, name) in enumerate(
        [(acme, "B"), (acme, "A"), (globex, "C"), (acme, "B"), (acme, "A")]
    ):
        created_at = now - datetime.timedelta(hours=number)
        EventFactory.create(
            account=account, id=str(number), name=name, customer_id="15", created_at=created_at
        )
    EventFactory.create(account=acme, id="another's", customer_id="16")
    shown = operator.get(LIST, {"account": str(acme.pk), "q": "15"}).context["cl"].result_list
    assert [event.id for event in shown] == ["0", "1", "3", "4"]


@PLAIN_ONLY
def test_all_accounts_are_searched_by_customer_and_by_id(
    operator: Client, acme: Account, globex: Account
) -> None:
    EventFactory.create(account=acme, id="e1", customer_id="15")
    EventFactory.create(account=globex, id="e2", customer_id="15")
    EventFactory.create(account=globex, id="e3", customer_id="16")
    for term, ids in (("15", {"e1", "e2"}), ("e3", {"e3"}), ("17", set())):
        response = operator.get(LIST, {"q": term})
        assert {event.id for event in response.context["cl"].result_list} == ids
        assert "All accounts were searched" in response.content.decode()


def test_an_event_links_to_its_customer(operator: Client, acme: Account) -> None:
    EventFactory.create(account=acme, id="1", customer_id="15")
    link = f"/admin/customers/customer/?account={acme.pk}&amp;q=15"
    assert link in operator.get(LIST).content.decode()
    assert link in operator.get(f"{LIST}{acme.pk}_3A1/change/").content.decode()


@PLAIN_ONLY
def test_the_list_of_all_accounts_is_read_by_an_index(
    operator: Client, acme: Account, globex: Account
) -> None:
    _fill(acme)
    _fill(globex)
    for plan in plan_of(operator, LIST, {}, "events_event"):
        assert "using events_by_received_at" in plan
        assert "->  Sort" not in plan
