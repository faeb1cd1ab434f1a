"""GET /feed."""

import time
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from django.db import connection
from django.utils import timezone

from customers.erasure import erase_customer
from events.models import Event
from feed import entries, queries, services
from feed.models import Attempt, Delivery
from feed.positions import Position
from tests.client import Api, Response
from tests.db.test_clock import open_transaction
from tests.factories import a_customer, an_event

pytestmark = pytest.mark.django_db(transaction=True)  # inside of a transaction nothing is settled


def ids(answer: Response) -> list[str]:
    return [entry["data"].get("id", entry["data"]["customer_id"]) for entry in answer.data]


def loop(api: Api, **query) -> list[str]:
    """What a client gets that follows the cursor until there is nothing new."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get("feed", query | cursor)
        if not answer.data:
            return found
        found += ids(answer)
        cursor = {"cursor": answer.json["metadata"]["next_cursor"]}


def test_an_entry_is_its_type_its_time_and_the_object(api):
    api.post("event", an_event(id="e", plan="Atom"))
    answer = api.get("feed")

    assert (answer.status, answer.json["object"], list(answer.json)) == (
        200,
        "feed",
        ["data", "metadata", "retrieved", "object"],
    )
    assert list(answer.row) == ["type", "timestamp", "data"]
    assert answer.row["type"] == "event.created"
    assert answer.row["data"] == api.get("event/e").row
    assert float(answer.row["timestamp"]) == pytest.approx(
        Event.objects.get().received_at.timestamp()
    )


def test_changes_come_in_the_order_of_their_commits(api):
    for number in range(5):
        api.post("event", an_event(id=str(number), created_at=1_700_000_000 - number))
    assert ids(api.get("feed")) == list("01234")


def test_customers_are_shown_as_they_are_now(api):
    api.post("customer", a_customer("1"))
    before = api.get("feed")
    api.post("customer", a_customer("1", plan="Atom"))
    api.patch("customer/1", {"plan": "Team"})
    after = api.get("feed", {"cursor": before.json["metadata"]["next_cursor"]})

    assert before.row["type"] == after.row["type"] == "customer.updated"
    assert after.row["data"] == api.get("customer/1").row


def test_an_erased_customer_is_named_and_nothing_else(api, acme):
    api.post("customer", a_customer("1"))
    api.post("event", an_event("1"))
    cursor = api.get("feed").json["metadata"]["next_cursor"]
    api.delete("customer/1")
    answer = api.get("feed", {"cursor": cursor})

    assert answer.row["type"] == "customer.erased"
    assert answer.row["data"] == {"customer_id": "1"}
    assert erase_customer(account_id=acme.pk, customer_id="nobody") is None
    assert len(api.get("feed").data) == 1


def test_an_erasure_takes_along_what_webhooks_have_kept(api, acme, globex):
    customer_id = 'a%"b\\é'
    api.post("customer", a_customer(customer_id))
    for account in (acme, globex):
        webhook = services.create_webhook(account=account, url="https://example.com/").row
        for about in (customer_id, "other"):
            body = orjson.dumps({"type": "event.created", "data": {"customer_id": about}})
            Attempt.objects.create(
                webhook=webhook,
                message_id=about,
                at=timezone.now(),
                milliseconds=1,
                entries=1,
                body=body.decode(),
            )
            failed = Delivery(
                webhook=webhook, message_id=f"{about} set aside", body=body, entries=1
            )
            failed.set_aside_at = timezone.now()
            failed.save()
        body = orjson.dumps({"data": {"customer_id": customer_id}})
        Delivery(webhook=webhook, message_id="retried", body=body, entries=1).save()

    erase_customer(account_id=acme.pk, customer_id=customer_id)

    attempts = Attempt.objects.values_list("webhook__account_id", "message_id")
    assert set(attempts) == {(acme.pk, "other"), (globex.pk, "other"), (globex.pk, customer_id)}
    kept = set(Delivery.objects.filter(webhook__account=acme).values_list("message_id", flat=True))
    assert kept == {"other set aside", "retried"}
    assert Delivery.objects.filter(webhook__account=globex).count() == 3


def test_an_erased_customer_that_comes_back_has_both_entries(api):
    api.post("customer", a_customer("1"))
    api.delete("customer/1")
    api.post("customer", a_customer("1"))
    assert {entry["type"] for entry in api.get("feed").data} == {
        "customer.erased",
        "customer.updated",
    }


def test_the_cursor_is_always_there(api):
    empty = api.get("feed")
    assert empty.data == []
    again = api.get("feed", {"cursor": empty.json["metadata"]["next_cursor"]})
    assert again.data == []
    api.post("event", an_event(id="e"))
    assert ids(api.get("feed", {"cursor": again.json["metadata"]["next_cursor"]})) == ["e"]


def test_a_cursor_goes_on_with_other_filters(api):
    api.post("event", [an_event(id="a", name="A"), an_event(id="b", name="B")])
    cursor = api.get("feed", {"name": "A"}).json["metadata"]["next_cursor"]
    api.post("event", an_event(id="c", name="C"))
    assert ids(api.get("feed", {"name": "C", "cursor": cursor})) == ["c"]


def test_next_is_the_whole_url(api):
    api.post("event", an_event(id="e"))
    answer = api.get("feed", {"since": "1", "type": "event.created"})
    url = urlsplit(answer.json["metadata"]["next"])
    assert answer.headers["Link"] == f'<{url.geturl()}>; rel="next"'
    assert parse_qs(url.query) == {
        "type": ["event.created"],
        "cursor": [answer.json["metadata"]["next_cursor"]],
    }
    assert api.get(f"{url.path}?{url.query}").data == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_pages_of_any_size_show_everything_once(api, limit):
    api.post("event", [an_event(id=f"a{number}") for number in range(5)])
    api.post("customer", [a_customer(f"c{number}") for number in range(3)])
    api.delete("customer/c1")
    api.post("event", [an_event(id=f"b{number}") for number in range(5)])
    found = loop(api, limit=limit)
    assert found[:5] == [f"a{number}" for number in range(5)]
    assert found[-5:] == [f"b{number}" for number in range(5)]
    assert sorted(found[5:-5]) == ["c0", "c1", "c2"]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_entries_of_one_moment_are_told_apart(api, acme, limit):
    """Of all types, at the same microsecond."""
    for name in ("a", "b", "\U0010ffff" * 255):
        api.post("event", an_event(id=name))
        api.post("customer", a_customer(name))
        api.post("event", an_event(name + "x" if len(name) == 1 else "x"))
        api.delete(f"customer/{name}x" if len(name) == 1 else "customer/x")
    with connection.cursor() as cursor:
        for table, column in (
            ("events_event", "received_at"),
            ("customers_change", "changed_at"),
            ("feed_erasure", "erased_at"),
        ):
            cursor.execute(f"UPDATE {table} SET {column} = '2020-01-01'")
    found = loop(api, limit=limit)
    assert len(found) == 9
    assert len(loop(api, limit=limit, type="event.created")) == 3
    assert len(loop(api, limit=limit, type="customer.erased")) == 3


def test_type_and_name_narrow_it(api):
    api.post(
        "event",
        [an_event(id="a", name="A"), an_event(id="b", name="B"), an_event(id="c", name="C")],
    )
    api.post("customer", a_customer("1"))
    assert ids(api.get("feed", {"type": "customer.updated"})) == ["1"]
    assert ids(api.get("feed", {"name": ["A", "C"]})) == ["a", "c", "1"]
    assert ids(api.get("feed", {"name": "B", "type": ["event.created", "customer.erased"]})) == [
        "b"
    ]


def test_a_rare_name_is_looked_for_in_bounded_steps(api, monkeypatch):
    monkeypatch.setattr(entries, "_SCANNED", 10)
    api.post("event", [an_event(id=f"{number:03}") for number in range(100)])
    api.post("event", an_event(id="rare", name="Rare"))
    answer = api.get("feed", {"name": "Rare"})
    assert answer.data == []
    for _ in range(20):
        if answer.data:
            break
        answer = api.get("feed", {"name": "Rare", "cursor": answer.json["metadata"]["next_cursor"]})
    assert ids(answer) == ["rare"]


def test_since_begins_at_a_time(api):
    api.post("event", an_event(id="before"))
    time.sleep(0.01)
    since = api.get("feed").row["timestamp"]
    api.post("event", an_event(id="after"))
    assert ids(api.get("feed", {"since": since})) == ["before", "after"]
    assert ids(api.get("feed", {"since": f"{float(since) + 0.005:.6f}"})) == ["after"]
    assert api.get("feed", {"since": "2100-01-01"}).data == []


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"typ": "x"}, ("unknown_parameter", "typ")),
        ({"type": "event.deleted"}, ("invalid_choice", "type")),
        ({"limit": "0"}, ("invalid", "limit")),
        ({"limit": "1001"}, ("invalid", "limit")),
        ({"wait": "31"}, ("invalid", "wait")),
        ({"wait": "-1"}, ("invalid", "wait")),
        ({"since": "yesterday"}, ("invalid", "since")),
        ({"cursor": "broken"}, ("invalid", "cursor")),
        ({"cursor": "é"}, ("invalid", "cursor")),
        ({"cursor": Position.of("MC4wLg").cursor, "since": "1"}, ("invalid", "since")),
        ({"name": "\0"}, ("null_characters_not_allowed", "name")),
    ],
)
def test_what_is_wrong_is_said(api, query, error):
    answer = api.get("feed", query)
    assert (answer.status, answer.errors) == (400, [error])


def test_a_transaction_that_is_open_holds_the_feed_back_and_nothing_is_passed_over(api, acme):
    with open_transaction(acme, "slow") as end:
        api.post("event", an_event(id="fast"))
        first = api.get("feed")
        assert first.data == []
        end.set()
        time.sleep(0.05)
        assert ids(api.get("feed", {"cursor": first.json["metadata"]["next_cursor"]})) == [
            "slow",
            "fast",
        ]


def test_large_entries_make_pages_shorter(api, monkeypatch):
    monkeypatch.setattr(entries, "MAX_BYTES", 20_000)
    monkeypatch.setattr(entries, "_FIRST_ROWS", 2)
    api.post("event", [an_event(id=f"{number:02}", text="x" * 3000) for number in range(20)])
    assert len(api.get("feed", {"limit": 1000}).data) < 10
    assert loop(api, limit=1000) == [f"{number:02}" for number in range(20)]


def test_a_stream_is_everything_up_to_now_and_says_where_it_ends(api, monkeypatch):
    monkeypatch.setattr(queries, "_STREAMED_ROWS", 3)
    api.post("event", [an_event(id=str(number)) for number in range(8)])
    answer = api.get("feed", headers={"Accept": "application/x-ndjson"})
    assert [line["data"]["id"] for line in answer.lines] == list("01234567")
    api.post("event", an_event(id="later"))
    url = urlsplit(answer.headers["Link"].split(">")[0][1:])
    assert ids(api.get(f"{url.path}?{url.query}")) == ["later"]
    assert api.get("feed", {"wait": "1"}, headers={"Accept": "application/x-ndjson"}).status == 400
    assert api.get("feed", headers={"Accept": "text/csv"}).status == 406


def test_accounts_see_their_own_feed(api, globex_api):
    api.post("event", an_event(id="acme"))
    globex_api.post("event", an_event(id="globex"))
    assert ids(api.get("feed")) == ["acme"]
    assert ids(globex_api.get("feed")) == ["globex"]
