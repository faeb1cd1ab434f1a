"""POST /event (contract, "Events"): store once, whatever is retried."""

import re
import time
import uuid

import pytest

from events.models import Event
from tests.factories import a_customer, an_event

FIELDS = ["customer_id", "name", "created_at", "success", "id", "custom_attributes"]
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def ids(response):
    return [row["id"] for row in response.data]


def test_the_references_example(api):
    response = api.post(
        "event",
        {
            "customer_id": "15",
            "name": "Customer C",
            "monthly_payment_amount": 99,
            "location": "New York",
            "plan": "Atom",
            "email": "support@company.com",
        },
    )

    assert response.status == 201
    assert list(response.row) == FIELDS
    assert response.row["customer_id"] == "15"
    assert response.row["name"] == "Customer C"
    assert response.row["success"] == 1
    assert response.row["custom_attributes"] == {
        "monthly_payment_amount": 99,
        "location": "New York",
        "plan": "Atom",
        "email": "support@company.com",
    }


@pytest.mark.parametrize("missing", ["customer_id", "name"])
def test_what_is_needed(api, missing):
    sent = an_event()
    del sent[missing]

    assert api.post("event", sent).errors == [("required", missing)]


def test_created_at_defaults_to_now_in_whole_seconds(api):
    created_at = api.post("event", an_event()).row["created_at"]

    assert re.fullmatch(r"[0-9]+", created_at)
    assert abs(int(created_at) - time.time()) < 60


def test_the_customer_need_not_exist(api):
    assert api.post("event", an_event("nobody")).status == 201
    assert api.get("customer/nobody").status == 404
    assert api.get("customer/nobody/event").row["customer_id"] == "nobody"


def test_without_an_id_the_server_makes_a_uuidv7(api):
    response = api.post("event", [an_event() for _ in range(100)])

    assert len(set(ids(response))) == 100
    assert all(UUID7.fullmatch(made) for made in ids(response))
    assert abs((uuid.UUID(ids(response)[0]).int >> 80) - time.time() * 1000) < 60_000


@pytest.mark.parametrize("sent", ["x", "x" * 255, "😀" * 255, " ", "1", "a/b", "é"])
def test_an_id_is_the_clients_own(api, sent):
    assert api.post("event", an_event(id=sent)).row["id"] == sent
    assert Event.objects.get().id == sent


@pytest.mark.parametrize("sent", ["", "x" * 256, 5, 1.5, True, [], {}, "a\0"])
def test_other_ids_are_refused(api, sent):
    assert [attr for _, attr in api.post("event", an_event(id=sent)).errors] == ["id"]


def test_an_id_that_is_stored_is_acknowledged_and_stored_once(api):
    first = api.post("event", an_event(id="e", created_at=5))
    again = api.post("event", an_event(id="e", created_at=5))

    assert (first.status, again.status) == (201, 201)
    assert again.data == first.data
    assert again.row["success"] == 1
    assert again.json["metadata"] == {"duplicates": 1}
    assert Event.objects.count() == 1


def test_what_is_stored_under_an_id_stays(api):
    first = api.post("event", an_event("1", id="e", created_at=5, a=1)).row

    assert api.post("event", an_event("2", id="e", name="other", created_at=6, a=2)).status == 201
    assert api.get("event/e").data == [first]


def test_ids_are_compared_exactly(api):
    response = api.post("event", [an_event(id=i) for i in ("a", "A", "a ", "á", "a\u0301")])

    assert response.json["metadata"] == {}
    assert Event.objects.count() == 5


def test_an_id_belongs_to_the_account(api, globex_api):
    api.post("event", an_event("1", id="e"))

    response = globex_api.post("event", an_event("2", id="e"))

    assert response.json["metadata"] == {}
    assert api.get("event/e").row["customer_id"] == "1"
    assert globex_api.get("event/e").row["customer_id"] == "2"


def test_what_was_read_can_be_sent_back(api):
    row = api.post("event", an_event(created_at="1.5", a=[1, None])).row

    again = api.post("event", row)

    assert again.data == [row]
    assert again.json["metadata"] == {"duplicates": 1}


# Idempotency-Key
# ------------------------------------------------------------------------------------------------------


def keyed(api, key, body):
    return api.post("event", body, headers={"Idempotency-Key": key})


def test_a_retried_request_stores_nothing_twice(api):
    batch = [an_event("1"), an_event("1"), an_event("2", id="own")]

    first, again = keyed(api, "k", batch), keyed(api, "k", batch)

    assert (first.status, again.status) == (201, 201)
    assert ids(first) == ids(again)
    assert len(set(ids(first))) == 3
    assert ids(first)[2] == "own"
    assert first.json["metadata"] == {}
    assert again.json["metadata"] == {"duplicates": 3}
    assert Event.objects.count() == 3


def test_a_single_object_is_the_first_position(api):
    assert ids(keyed(api, "k", an_event())) == ids(keyed(api, "k", [an_event()]))


def test_an_id_is_derived_from_the_key_and_the_position(api):
    first = keyed(api, "k", [an_event()] * 3)
    other = keyed(api, "K", [an_event()] * 3)
    less = keyed(api, "k", [an_event("9"), {"name": "bad"}, an_event("9")])

    assert not set(ids(first)) & set(ids(other))
    assert [row.get("id") for row in less.data] == [ids(first)[0], None, ids(first)[2]]


def test_positions_and_keys_are_not_mixed_up(api):
    """Key 1 at position 11 is not key 11 at position 1, however they are put together."""
    seen = set()
    for key in ("1", "11", "1:1", "0", ":", "0:1"):
        seen |= set(ids(keyed(api, key, [an_event()] * 12)))

    assert len(seen) == 6 * 12


def test_two_accounts_may_use_the_same_key(api, globex_api):
    assert keyed(api, "k", an_event()).json["metadata"] == {}
    assert keyed(globex_api, "k", an_event()).json["metadata"] == {}


@pytest.mark.parametrize("key", ["x", "x" * 255, "a b", "01a20873-327b", "é"])
def test_keys_of_1_to_255_characters(api, key):
    assert keyed(api, key, an_event()).status == 201
    assert keyed(api, key, an_event()).json["metadata"] == {"duplicates": 1}


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_other_keys_are_400(api, key):
    response = keyed(api, key, an_event())

    assert response.status == 400
    assert response.errors[0][1] == "Idempotency-Key"
    assert not Event.objects.exists()


def test_a_key_on_a_customer_request_changes_nothing(api):
    for status in (201, 200):
        assert api.post("customer", a_customer(), headers={"Idempotency-Key": "k"}).status == status


def test_what_no_index_can_hold_is_refused_alone(api):
    """PostgreSQL would refuse the whole batch: an entry of an index has at most 2,704 bytes."""
    wide = "".join(
        chr(0x20000 + 157 * number) for number in range(255)
    )  # incompressible, four bytes each

    response = api.post(
        "event", [an_event("1"), an_event(wide, name=wide, id=wide), an_event(wide, name=wide)]
    )

    assert response.status == 207
    assert [row["success"] for row in response.data] == [1, 0, 1]
    assert [(error["code"], error["attr"]) for error in response.data[1]["errors"]] == [
        ("max_length", "1.id")
    ]
    assert Event.objects.count() == 2


def test_the_longest_identifiers_of_three_bytes_a_character_are_stored(api):
    wide = "".join(chr(0x4E00 + 79 * number) for number in range(255))

    assert api.post("event", an_event(wide, name=wide, id=wide)).row["id"] == wide


def test_of_two_events_with_one_id_in_a_body_the_first_is_stored(api):
    response = api.post(
        "event", [an_event("1", name="zzz", id="x"), an_event("1", name="aaa", id="x")]
    )

    assert response.json["metadata"] == {"duplicates": 1}
    assert api.get("event/x").row["name"] == "zzz"
