"""Live events: what arrives and what is refused is seen, narrowed, opened, mended and sent again."""

import datetime
import json
import uuid

import pytest
from django.utils import timezone

from events import queries
from events.stats import count_events
from rejections.models import Rejection
from tests.client import Api
from tests.factories import EventFactory, an_event

PAGE = "/events/"
FEED = "/events/feed/"
SECOND = datetime.timedelta(seconds=1)


def text(response):
    assert response.status_code == 200, response
    return response.content.decode()


def refuse(api: Api, body=None, kind: str = "event") -> Rejection:
    """What the API refused, as it is kept."""
    assert api.post(kind, body or an_event(created_at="yesterday")).status == 400
    return Rejection.objects.latest("received_at")


def address(rejection: Rejection) -> str:
    return f"/events/rejected/{rejection.id}/"


class TestFeed:
    def test_shows_events_as_they_arrived(self, member, acme):
        now = timezone.now()
        for number in range(3):
            EventFactory.create(
                account=acme, name=f"event {number}", received_at=now + number * SECOND
            )
        names = [row.name for row in member.get(PAGE).context["rows"]]
        assert names == ["event 2", "event 1", "event 0"]

    def test_shows_the_newest_alone(self, member, acme):
        for number in range(60):
            EventFactory.create(
                account=acme, name=str(number), received_at=timezone.now() + number * SECOND
            )
        assert [row.name for row in member.get(FEED).context["rows"]] == [
            str(number) for number in range(59, 9, -1)
        ]

    def test_shows_what_was_refused_among_them_and_why(self, member, api):
        api.post("event", an_event(name="before"))
        refuse(api, an_event(name="Refused", created_at="yesterday"))
        refuse(api, {"customer_id": "7"}, kind="customer")
        api.post("event", an_event(name="after"))
        response = member.get(PAGE)
        assert [row.name for row in response.context["rows"]] == [
            "after",
            None,
            "Refused",
            "before",
        ]
        assert "Not a valid time." in text(response)
        assert "Rejected customer" in text(response)

    def test_says_what_happened(self, member, api):
        api.post("event", an_event(name="Paid", amount=12, method="card"))
        page = text(member.get(PAGE))
        assert '<span class="pair"><span class="muted">amount=</span>12</span>' in page
        assert "just now" in page

    def test_a_refused_one_has_its_name_its_reason_and_a_button(self, member, api):
        rejection = refuse(api, an_event(name="Paid", created_at="yesterday"))
        row = text(member.get(PAGE)).partition('class="refused"')[2].partition("</tr>")[0]
        assert (
            row.index('<th scope="row">Paid')
            < row.index("Not a valid time.")
            < row.index("Fix<span")
        )
        assert f'href="{address(rejection)}"' in row

    def test_asks_again_every_two_seconds_by_itself(self, member, acme):
        EventFactory.create(account=acme)
        page = text(member.get(PAGE))
        assert 'hx-trigger="every 2s"' in page
        assert f'hx-get="{FEED}?seen=' in page

    def test_is_silent_while_nothing_is_new(self, member, acme):
        EventFactory.create(account=acme)
        seen = member.get(FEED).context["seen"]
        assert member.get(FEED, data={"seen": seen}).status_code == 204
        EventFactory.create(account=acme, name="News")
        assert "News" in text(member.get(FEED, data={"seen": seen}))

    def test_is_paused_by_a_link(self, member, acme):
        EventFactory.create(account=acme)
        page = text(member.get(PAGE, data={"paused": "1", "name": "Logged in"}))
        assert "every 2s" not in page
        assert 'href="/events/?name=Logged+in"' in page  # resumes with the same filter

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({"name": "a"}, ["a", "a"]),
            ({"customer_id": "2"}, ["b", "a"]),
            ({"name": "a", "customer_id": "1"}, ["a"]),
            ({"name": " b "}, ["b"]),
            ({"name": "B"}, ["b"]),
            ({"name": "A", "customer_id": "2"}, ["a"]),
            ({"name": "nothing"}, []),
            ({"name": "a\0"}, ["a", "a"]),
        ],
    )
    def test_is_narrowed_by_name_and_customer(self, member, acme, filters, found):
        for customer_id, name in (("1", "a"), ("2", "a"), ("2", "b")):
            EventFactory.create(
                account=acme, customer_id=customer_id, name=name, received_at=timezone.now()
            )
        assert [row.name for row in member.get(FEED, data=filters).context["rows"]] == found

    def test_rejections_are_narrowed_too(self, member, api):
        refuse(api, an_event("1", name="a", created_at="x"))
        refuse(api, an_event("2", name="b", created_at="x"))
        for filters in ({"name": "b"}, {"customer_id": "2"}):
            assert [row.name for row in member.get(FEED, data=filters).context["rows"]] == ["b"]

    def test_a_customers_events_are_found_however_long_ago(self, member, acme, monkeypatch):
        monkeypatch.setattr(queries, "LOOKED_THROUGH", 3)
        old = timezone.now() - datetime.timedelta(days=400)
        EventFactory.create(
            account=acme,
            customer_id="old",
            name="Paid",
            received_at=old,
            created_at=old,
            custom_attributes={"n": 1},
        )
        EventFactory.create_batch(5, account=acme, customer_id="new")
        for filters in ({"customer_id": "old"}, {"customer_id": "old", "name": "pAi"}):
            [row] = member.get(FEED, data=filters).context["rows"]
            assert (row.name, row.created_at, row.received_at, row.attributes) == (
                "Paid",
                old,
                old,
                '{"n": 1}',
            )
        assert member.get(FEED, data={"customer_id": "old", "name": "x"}).context["rows"] == []

    def test_a_customers_newest_are_shown(self, member, acme):
        for number in range(55):
            moment = timezone.now() + number * SECOND
            EventFactory.create(
                account=acme,
                customer_id="1",
                name=f"{number}",
                received_at=moment,
                created_at=moment,
            )
        rows = member.get(FEED, data={"customer_id": "1"}).context["rows"]
        assert [row.name for row in rows] == [str(number) for number in range(54, 4, -1)]

    def test_names_to_choose_from_are_the_known_ones(self, member, acme, globex):
        EventFactory.create_batch(2, account=acme, name="often")
        EventFactory.create(account=acme, name="once")
        EventFactory.create(account=globex, name="theirs")
        assert member.get(PAGE).context["names"] == ["often", "once"]
        count_events(
            account_id=acme.pk, seconds=10, until=timezone.now() + datetime.timedelta(hours=1)
        )
        assert member.get(PAGE).context["names"] == ["often", "once"]

    def test_a_filter_looks_through_the_last_ones_alone(self, member, acme, monkeypatch):
        monkeypatch.setattr(queries, "LOOKED_THROUGH", 3)
        EventFactory.create(account=acme, name="rare", received_at=timezone.now() - SECOND)
        EventFactory.create_batch(2, account=acme, name="often")
        assert len(member.get(FEED, data={"name": "rare"}).context["rows"]) == 1
        EventFactory.create(account=acme, name="often")
        assert member.get(FEED, data={"name": "rare"}).context["rows"] == []

    def test_an_address_with_the_filters_follows_the_typing(self, member, acme):
        response = member.get(FEED, data={"name": "a b", "customer_id": ""})
        assert response["HX-Replace-Url"] == "/events/?name=a+b"

    def test_costs_a_handful_of_queries(self, member, acme, api, django_assert_max_num_queries):
        EventFactory.create_batch(30, account=acme)
        for _ in range(5):
            refuse(api)
        with django_assert_max_num_queries(
            6
        ):  # session, user, membership, events, rejections, whether these came since
            member.get(FEED)

    def test_shows_nothing_of_another_account(self, member, globex, globex_api):
        EventFactory.create(account=globex)
        refuse(globex_api)
        assert member.get(PAGE).context["rows"] == []

    def test_is_for_those_who_are_logged_in(self, visitor):
        for page in (PAGE, FEED, "/events/event/?id=1", f"/events/rejected/{uuid.uuid4()}/"):
            response = visitor.get(page)
            assert response.status_code == 302
            assert response["Location"].startswith("/login/")

    def test_escapes_what_was_sent(self, member, api):
        api.post("event", an_event(name="<script>alert(1)</script>"))
        refuse(api, an_event(name='"><img src=x>', created_at="<b>"))
        page = text(member.get(PAGE))
        assert "<script>alert" not in page
        assert "<img src=x" not in page


class TestEvent:
    @pytest.mark.parametrize("event_id", ["1", "a/b", "../x", "ü €", "%2F", '"<x>', "a?b#c&d", " "])
    def test_opens_as_json_whatever_its_id(self, member, api, event_id):
        api.post("event", an_event(id=event_id, plan="Atom", big=10**30))
        [row] = member.get(FEED).context["rows"]
        response = member.get(row.url)
        assert json.loads(response.context["text"])["custom_attributes"] == {
            "plan": "Atom",
            "big": 10**30,
        }
        assert "Logged in" in text(response)

    def test_is_not_found_in_another_account(self, member, globex):
        EventFactory.create(account=globex, id="theirs")
        for event_id in ("theirs", "", "\0"):
            assert member.get("/events/event/", data={"id": event_id}).status_code == 404


def test_a_list_whose_log_in_has_ended_reloads_its_page(visitor):
    """In its place the log-in page would be shown."""
    for address in (FEED, "/customers/?q=a"):
        response = visitor.get(address, headers={"HX-Request": "true"})
        assert (response.status_code, response["HX-Refresh"], response.content) == (
            200,
            "true",
            b"",
        )
