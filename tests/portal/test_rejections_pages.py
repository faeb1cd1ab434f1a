"""What was refused: found by its reason, mended, changed together, dismissed, and gone once it was stored."""

import json
import uuid
from decimal import Decimal

import pytest

from customers.models import Customer
from events.models import Event
from rejections.models import Rejection
from rejections.services import MAX_PAYLOAD_CHARACTERS
from tests.client import Api
from tests.factories import EventFactory, a_customer, an_event

PAGE = "/events/rejected/"


def text(response):
    assert response.status_code == 200, response
    return response.content.decode()


def refuse(api: Api, body=None, kind: str = "event") -> Rejection:
    """What the API refused, as it is kept."""
    assert api.post(kind, body or an_event(created_at="yesterday")).status == 400
    return Rejection.objects.latest("received_at")


def address(rejection: Rejection) -> str:
    return f"{PAGE}{rejection.id}/"


class TestList:
    def test_shows_what_was_refused_and_why(self, member, api, globex_api):
        rejection = refuse(api, an_event("7", name="Paid", created_at="yesterday"))
        refuse(globex_api)
        response = member.get(PAGE)
        assert response.context["rows"] == [rejection]
        assert "Not a valid time." in text(response)

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({}, ["Left", "Paid", None]),
            ({"name_part": "AI"}, ["Paid"]),
            ({"customer_id": "2"}, ["Left"]),
            ({"reason": "event:invalid:created_at"}, ["Left", "Paid"]),
            ({"reason": "event:required:name"}, [None]),
            ({"reason": "customer:required:name"}, []),
            ({"reason": "nonsense"}, []),
            ({"reason": "\0", "name_part": "\0"}, ["Left", "Paid", None]),
        ],
    )
    def test_is_narrowed(self, member, api, filters, found):
        refuse(api, {"customer_id": "3"})
        refuse(api, an_event("1", name="Paid", created_at="x"))
        refuse(api, an_event("2", name="Left", created_at="x"))
        assert [row.name for row in member.get(PAGE, data=filters).context["rows"]] == found

    def test_reasons_to_choose_from_are_the_most_frequent_first(self, member, api, globex_api):
        refuse(api, {"customer_id": "3"})
        refuse(api)
        refuse(api)
        refuse(globex_api, {"name": "x"})
        reasons = member.get(PAGE).context["reasons"]
        assert [(reason.key, reason.items) for reason in reasons] == [
            ("event:invalid:created_at", 2),
            ("event:required:name", 1),
        ]

    def test_has_pages(self, member, api):
        api.post("event", [an_event(name=str(number), created_at="x") for number in range(60)])
        response = member.get(PAGE, data={"reason": "event:invalid:created_at"})
        following = member.get(f"{PAGE}?{response.context['next']}")
        assert [len(each.context["rows"]) for each in (response, following)] == [50, 10]
        assert {row.name for each in (response, following) for row in each.context["rows"]} == set(
            map(str, range(60))
        )
        assert member.get(PAGE, data={"before": "x"}).status_code == 404

    def test_is_for_those_who_are_logged_in(self, visitor):
        for path in (PAGE, f"{PAGE}dismiss/", f"{PAGE}change/"):
            assert visitor.post(path)["Location"].startswith("/login/")


class TestGoneByThemselves:
    def test_an_event_whose_id_is_stored_since(self, member, api):
        refuse(api, an_event(id="7", created_at="yesterday"))
        other = refuse(api, an_event(id="8", created_at="yesterday"))
        api.post("event", an_event(id="7"))
        assert member.get(PAGE).context["rows"] == [other]
        assert Rejection.objects.get() == other

    def test_a_customer_that_is_stored_since(self, member, api):
        api.post("customer", a_customer("1"))
        refuse(api, a_customer("1", email="nobody"), kind="customer")
        assert (
            len(member.get("/events/").context["rows"]) == 1
        )  # what was stored before is not meant
        api.post("customer", a_customer("1", plan="Another"))
        assert member.get("/events/").context["rows"] == []
        assert not Rejection.objects.exists()

    def test_not_by_what_another_account_stores(self, member, api, globex, globex_api):
        refuse(api, an_event(id="7", created_at="yesterday"))
        EventFactory.create(account=globex, id="7")
        refuse(api, a_customer("1", email="nobody"), kind="customer")
        globex_api.post("customer", a_customer("1"))
        assert len(member.get(PAGE).context["rows"]) == 2


class TestDismiss:
    def test_one_or_many(self, member, api):
        kept, *gone = [refuse(api) for _ in range(3)]
        response = member.post(f"{PAGE}dismiss/", {"chosen": [row.id for row in gone]})
        assert "2 items dismissed." in text(member.get(response["Location"]))
        assert Rejection.objects.get() == kept

    def test_all_that_match(self, member, api):
        api.post(
            "event",
            [an_event(name="Paid", created_at="x")] * 60 + [an_event(name="Left", created_at="x")],
        )
        response = member.post(f"{PAGE}dismiss/", {"all": "1", "name_part": "paid"})
        assert response["Location"] == f"{PAGE}?name_part=paid"
        assert Rejection.objects.get().name == "Left"

    def test_nothing_of_another_account(self, member, api, globex_api):
        theirs = refuse(globex_api)
        member.post(f"{PAGE}dismiss/", {"chosen": [theirs.id]})
        member.post(f"{PAGE}dismiss/", {"all": "1"})
        assert Rejection.objects.get() == theirs
        assert member.post(f"{PAGE}dismiss/", {"chosen": ["x"]}).status_code == 404


class TestChange:
    def change(self, member, **form):
        return text(member.get(member.post(f"{PAGE}change/", form)["Location"]))

    def test_sets_a_field_of_all_and_stores_them(self, member, api, acme):
        rows = [
            refuse(api, an_event(name=name, created_at="yesterday", n=1))
            for name in ("a", "b", "c")
        ]
        chosen = [row.id for row in rows[:2]]
        page = self.change(
            member, chosen=chosen, action="set", field="created_at", value="1700000000"
        )
        assert "2 items stored." in page
        assert Rejection.objects.get() == rows[2]
        stored = Event.objects.filter(account=acme).order_by("name")
        assert [(event.name, event.created_at.timestamp()) for event in stored] == [
            ("a", 1700000000),
            ("b", 1700000000),
        ]

    def test_renames_and_removes(self, member, api, acme):
        refuse(api, {"customer_id": "1", "event": "Paid"})
        self.change(member, all="1", action="rename", field="event", value="name")
        assert Event.objects.get(account=acme).name == "Paid"
        refuse(api, a_customer("1", phone_number=["x"]), kind="customer")
        self.change(member, all="1", action="remove", field="phone_number")
        assert Customer.objects.get(account=acme).phone_number is None

    def test_reads_json(self, member, api, acme):
        refuse(api, a_customer("1", monthly_payment_amount="a lot"), kind="customer")
        self.change(member, all="1", action="set", field="monthly_payment_amount", value="9.5")
        assert Customer.objects.get(account=acme).monthly_payment_amount == Decimal("9.5")

    def test_what_is_still_wrong_stays_and_is_told(self, member, api):
        refuse(api, an_event(created_at="x"))
        refuse(api, {"customer_id": "1"})
        page = self.change(member, all="1", action="set", field="created_at", value="5")
        assert "1 item stored." in page
        assert "1 item still rejected. name: This field is required." in page
        assert Rejection.objects.get().name is None

    def test_sent_twice_is_stored_once(self, member, api, acme):
        rejection = refuse(api)
        form = {"chosen": [rejection.id], "action": "set", "field": "created_at", "value": "5"}
        self.change(member, **form)
        rejection.save(force_insert=True)  # as it was for a second request at the same moment
        self.change(member, **form)
        assert Event.objects.filter(account=acme).count() == 1

    @pytest.mark.parametrize(
        "form",
        [{}, {"action": "set"}, {"action": "x", "field": "y"}, {"action": "rename", "field": "y"}],
    )
    def test_needs_a_change(self, member, api, form):
        refuse(api)
        assert "Say which field" in self.change(member, all="1", **form)
        assert Rejection.objects.exists()

    def test_needs_a_choice(self, member, api):
        refuse(api)
        assert "Select at least one" in self.change(
            member, action="set", field="created_at", value="5"
        )

    def test_nothing_of_another_account(self, member, globex_api):
        theirs = refuse(globex_api)
        self.change(member, chosen=[theirs.id], action="set", field="created_at", value="5")
        assert Rejection.objects.get() == theirs
        assert not Event.objects.exists()


class TestUnreadableBody:
    @pytest.mark.parametrize(
        ("body", "arrived", "reason"),
        [
            (b'{"customer_id": "1", "name": ', '{"customer_id": "1", "name":', "not valid JSON"),
            (b'{"name": "\xff"}', '{"name": "\\xff"}', "not valid JSON"),
            (b"name=Paid&customer_id=1", "name=Paid&amp;customer_id=1", "form-encoded"),
        ],
    )
    def test_is_shown_with_what_arrived_and_why(self, member, api, body, arrived, reason):
        content_type = "application/x-www-form-urlencoded"
        assert api.post("event", body, content_type=content_type).status == 400
        rejection = Rejection.objects.get()
        page = text(member.get(address(rejection)))
        assert arrived in page.replace("&quot;", '"')
        assert reason in page
        assert "Unreadable body" in text(member.get("/events/"))
        assert "Unreadable body" in text(member.get(PAGE))

    def test_of_another_media_type_too(self, member, api):
        assert api.post("customer", b"<xml/>", content_type="text/xml").status == 415
        assert "Unsupported media type" in text(member.get(PAGE))

    def test_can_be_mended_as_a_whole(self, member, api, acme):
        api.post("event", b'[{"customer_id": "1", "name": "a"}, {"customer_id": "1", "name": "b"')
        rejection = Rejection.objects.get()
        payload = member.get(address(rejection)).context["payload"]
        wrong = member.post(
            address(rejection), {"payload": '[{"customer_id": "1", "name": "a"}, {"name": "b"}]'}
        )
        assert "<code>1.customer_id</code> This field is required." in wrong.content.decode()
        assert not Event.objects.exists()
        assert member.post(address(rejection), {"payload": payload + "}]"}).status_code == 302
        assert Event.objects.filter(account=acme).count() == 2
        assert not Rejection.objects.exists()

    def test_is_kept_up_to_a_bound(self, member, api):
        api.post("event", b'{"name": "' + "ü\n".encode() * 100_000)
        rejection = Rejection.objects.get()
        assert rejection.truncated
        assert len(rejection.payload) == MAX_PAYLOAD_CHARACTERS
        page = member.get(address(rejection))
        assert page.context["payload"].startswith('{"name": "ü\n')
        assert "<textarea" not in text(page)

    def test_keeps_no_key(self, member, api, acme):
        key = f"traitly_{'a1' * 20}"
        api.post("event", f"Authorization: Token {key}".encode())
        assert key not in Rejection.objects.get().payload
        assert "traitly_…" in member.get(address(Rejection.objects.get())).context["payload"]


class TestRejection:
    def test_shows_payload_and_reasons(self, member, api):
        page = text(
            member.get(address(refuse(api, {"customer_id": "15", "created_at": "yesterday"})))
        )
        assert "<code>name</code> This field is required." in page
        assert "Not a valid time." in page
        assert "&quot;customer_id&quot;: &quot;15&quot;" in page

    def test_is_mended_and_sent_again(self, member, api, acme):
        rejection = refuse(api, an_event("15", name="Paid", created_at="yesterday"))
        member.get(address(rejection))
        response = member.post(
            address(rejection), {"payload": json.dumps(an_event("15", name="Paid", created_at=7))}
        )
        stored = Event.objects.get(account=acme)
        assert (stored.customer_id, stored.name, stored.created_at.timestamp()) == ("15", "Paid", 7)
        assert response["Location"] == f"/events/event/?id={stored.id}"
        assert not Rejection.objects.exists()
        assert "Stored." in text(member.get(response["Location"]))

    def test_a_customer_too(self, member, api, acme):
        rejection = refuse(api, a_customer("7", email="nobody"), kind="customer")
        response = member.post(
            address(rejection), {"payload": json.dumps(a_customer("7", seats=3))}
        )
        assert response["Location"] == "/customers/customer/?id=7"
        assert Customer.objects.get(account=acme).custom_attributes == {"seats": 3}
        assert not Rejection.objects.exists()

    def test_of_an_unknown_kind_nothing_is_stored(self, member, acme, monkeypatch):
        """Neither as a customer nor at all."""
        monkeypatch.setattr(
            "portal.views.rejections.queries.find",
            lambda **_: Rejection(account=acme, kind="invoice", payload="{}"),
        )
        with pytest.raises(ValueError, match="invoice"):
            member.post(f"/events/rejected/{uuid.uuid4()}/", {"payload": json.dumps(a_customer())})
        assert not Customer.objects.exists()

    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            ('{"customer_id": "1"}', "This field is required."),
            ("[1]", "Send one JSON object, not an array."),
            ("{", "not valid JSON"),
            ("", "not valid JSON"),
            ('{"customer_id": "1", "name": "a\\u0000"}', "Null characters"),
            ('"text"', "Expected a JSON object."),
        ],
    )
    def test_says_what_is_still_wrong_and_keeps_what_was_typed(self, member, api, payload, reason):
        rejection = refuse(api)
        response = member.post(address(rejection), {"payload": payload})
        assert response.status_code == 422
        assert reason in response.content.decode()
        assert response.context["payload"] == payload
        assert Rejection.objects.count() == 1
        assert not Event.objects.exists()

    def test_sent_twice_is_stored_once(self, member, api, acme):
        rejection = refuse(api)
        form = {"payload": json.dumps(an_event())}
        member.post(address(rejection), form)
        rejection.save(force_insert=True)  # as it was for a second request at the same moment
        member.post(address(rejection), form)
        assert Event.objects.filter(account=acme).count() == 1

    def test_an_event_without_a_time_happened_when_it_was_sent(self, member, api):
        rejection = refuse(api, {"customer_id": "1"})
        proposed = json.loads(member.get(address(rejection)).context["payload"])
        assert proposed == {
            "customer_id": "1",
            "created_at": str(int(rejection.received_at.timestamp())),
        }

    def test_what_was_cut_cannot_be_sent(self, member, api):
        rejection = refuse(api, an_event(created_at="x", long="x" * 100_000))
        page = member.get(address(rejection))
        assert "cannot be resent" in text(page)
        assert "<textarea" not in text(page)
        assert member.post(address(rejection), {"payload": "{}"}).status_code == 200
        assert Rejection.objects.count() == 1

    def test_is_not_found_in_another_account(self, member, globex_api, globex):
        rejection = refuse(globex_api)
        assert member.get(address(rejection)).status_code == 404
        assert (
            member.post(address(rejection), {"payload": json.dumps(an_event())}).status_code == 404
        )
        assert Rejection.objects.filter(account=globex).exists()
        assert not Event.objects.exists()

    def test_needs_the_forms_token(self, member, api):
        rejection = refuse(api)
        response = member.client.post(address(rejection), {"payload": json.dumps(an_event())})
        assert response.status_code == 403
        assert not Event.objects.exists()
