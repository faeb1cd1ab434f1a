"""Two ids of one customer: reading follows them, nothing is rewritten, and they come apart again."""

import json

import pytest
from django.utils import timezone

from customers.aliases import NewAlias, add_aliases, ids_of, root_of
from customers.models import Alias, Customer
from events.models import Event
from events.queries import everything
from tests.factories import a_customer, an_event
from traitly.lists.streams import ndjson_lines


@pytest.fixture
def say(acme):
    def say(*pairs):
        aliases = [
            NewAlias(previous_id, customer_id, "alias") for previous_id, customer_id in pairs
        ]
        return add_aliases(account_id=acme.pk, aliases=aliases, now=timezone.now())

    return say


def test_a_customer_is_found_by_each_of_its_ids(api, say):
    api.post("customer", a_customer("user"))
    say(("anon", "user"))

    assert api.get("customer/anon").row["customer_id"] == "user"
    assert api.get("customer/user").row["customer_id"] == "user"


def test_a_profile_that_was_stored_before_stays_until_the_other_one_is(api, say):
    api.post("customer", a_customer("anon"))
    say(("anon", "user"))

    assert api.get("customer/anon").row["customer_id"] == "anon"
    assert api.get("customer/user").status == 404


def test_the_timeline_has_the_events_of_all_ids_in_order(api, say):
    api.post(
        "event",
        [
            an_event("anon", id="1", created_at=1, name="A"),
            an_event("user", id="2", created_at=2, name="B"),
        ],
    )
    api.post(
        "event",
        [an_event("old", id="3", created_at=3, name="A"), an_event("other", id="4", created_at=4)],
    )
    say(("anon", "user"), ("old", "anon"))

    for customer_id in ("user", "anon", "old"):
        rows = api.get(f"customer/{customer_id}/event").data
        assert [(row["id"], row["customer_id"]) for row in rows] == [
            ("1", "user"),
            ("2", "user"),
            ("3", "user"),
        ]
    assert api.get("event/3").row["customer_id"] == "user"


def test_the_timeline_of_several_ids_has_pages_and_filters(api, say):
    api.post(
        "event",
        [
            an_event(("user", "anon")[n % 2], id=str(n), created_at=n, name=f"N{n % 3}")
            for n in range(20)
        ],
    )
    say(("anon", "user"))

    first = api.get("customer/user/event", {"limit": 7})
    second = api.get(
        "customer/user/event", {"limit": 100, "cursor": first.json["metadata"]["next_cursor"]}
    )
    assert [row["id"] for row in first.data + second.data] == [str(n) for n in range(20)]
    filtered = api.get("customer/user/event", {"name": "N1", "sort": "-created_at"}).data
    assert [row["id"] for row in filtered] == ["19", "16", "13", "10", "7", "4", "1"]


def test_what_is_stored_is_not_rewritten(api, acme, say):
    api.post("event", an_event("anon", id="1"))
    say(("anon", "user"))

    assert Event.objects.get(account=acme).customer_id == "anon"


def test_deleting_an_alias_separates_the_ids_again(api, say):
    api.post(
        "event", [an_event("anon", id="1", created_at=1), an_event("user", id="2", created_at=2)]
    )
    say(("anon", "user"))

    response = api.delete("customer/user/alias/anon")

    assert response.status == 200
    assert response.row["previous_id"] == "anon"
    assert [row["id"] for row in api.get("customer/user/event").data] == ["2"]
    assert [row["id"] for row in api.get("customer/anon/event").data] == ["1"]
    assert api.delete("customer/user/alias/anon").status == 404


def test_deleting_one_in_a_chain_leaves_the_rest_together(acme, api, say):
    say(("a", "b"), ("b", "c"), ("c", "d"))
    assert ids_of(account_id=acme.pk, customer_id="a") == ["d", "a", "b", "c"]

    api.delete("customer/d/alias/b")

    assert ids_of(account_id=acme.pk, customer_id="a") == ["b", "a"]
    assert ids_of(account_id=acme.pk, customer_id="c") == ["d", "c"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_a_chain_is_resolved_in_whatever_order_it_is_told(acme, say, order):
    pairs = [("a", "b"), ("b", "c"), ("c", "d")]
    for place in order:
        say(pairs[place])

    assert {root_of(account_id=acme.pk, customer_id=each) for each in "abcd"} == {"d"}


def test_circles_are_refused(acme, say):
    say(("a", "b"), ("b", "c"))

    assert say(("c", "a")) == [NewAlias("c", "a", "alias")]
    assert say(("a", "a")) == [NewAlias("a", "a", "alias")]
    assert root_of(account_id=acme.pk, customer_id="a") == "c"


def test_what_is_known_writes_nothing(acme, say):
    say(("a", "b"))
    before = Alias.objects.get(account=acme).created_at

    say(("a", "b"))

    assert Alias.objects.get(account=acme).created_at == before


def test_an_id_that_becomes_another_customers_takes_its_own_along(acme, say):
    say(("a", "b"), ("b", "c"), ("b", "z"))

    assert ids_of(account_id=acme.pk, customer_id="a") == ["z", "a", "b"]
    assert ids_of(account_id=acme.pk, customer_id="c") == ["c"]


def test_erasing_erases_what_is_stored_under_every_id(api, acme, say):
    api.post("customer", [a_customer("user"), a_customer("anon"), a_customer("other")])
    api.post("event", [an_event("user"), an_event("anon"), an_event("other")])
    say(("anon", "user"))

    response = api.delete("customer/anon")

    assert response.row["customer_id"] == "user"
    assert response.json["metadata"]["events"] == 2
    assert set(Customer.objects.filter(account=acme).values_list("customer_id", flat=True)) == {
        "other"
    }
    assert Event.objects.filter(account=acme).count() == 1
    assert not Alias.objects.filter(account=acme).exists()


def test_the_aliases_of_a_customer(api, say):
    api.post("customer", a_customer("user"))
    assert api.get("customer/user/alias").data == []
    say(("anon", "user"))

    [row] = api.get("customer/anon/alias").data

    assert {name: row[name] for name in ("previous_id", "customer_id", "reason")} == {
        "previous_id": "anon",
        "customer_id": "user",
        "reason": "alias",
    }
    assert float(row["created_at"]) <= timezone.now().timestamp()
    assert api.get("customer/nobody/alias").status == 404


def test_another_accounts_aliases_are_not_followed(api, globex_api, say):
    api.post("event", an_event("anon", id="1"))
    globex_api.post("event", an_event("anon", id="1"))
    say(("anon", "user"))

    assert globex_api.get("customer/user/event").status == 404
    assert globex_api.get("event/1").row["customer_id"] == "anon"
    assert globex_api.delete("customer/user/alias/anon").status == 404


@pytest.mark.django_db(transaction=True)  # the feed shows what is committed
def test_the_feed_names_the_customer_as_it_is_known_now(api, say):
    api.post("event", an_event("anon", id="1"))
    say(("anon", "user"))

    [entry] = api.get("feed", {"type": "event.created"}).data

    assert entry["data"]["customer_id"] == "user"


def test_an_export_names_the_customer_as_it_is_known_now(api, acme, say):
    api.post("event", [an_event("anon", id="1"), an_event("other", id="2")])
    say(("anon", "user"))

    lines = (
        b"".join(ndjson_lines(everything(account_id=acme.pk), account_id=acme.pk))
        .decode()
        .splitlines()
    )

    assert [json.loads(line)["customer_id"] for line in lines] == ["user", "other"]
