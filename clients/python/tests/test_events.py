from datetime import datetime, timezone
from itertools import islice

import pytest

from traitly import (
    BadRequestError,
    NotFoundError,
    PayloadTooLargeError,
    RejectedError,
    Traitly,
    new_id,
)

from .conftest import Faults


def test_an_event_comes_back_as_it_is_stored(traitly: Traitly, customer_id: str) -> None:
    event = traitly.events.send(
        customer_id=customer_id,
        name="Logged in",
        created_at=datetime(2017, 5, 4, 21, 34, 59, tzinfo=timezone.utc),
        custom_attributes={"device": "phone", "screens": [1, 2]},
    )
    assert event["created_at"] == "1493933699"
    assert event["custom_attributes"] == {"device": "phone", "screens": [1, 2]}
    assert traitly.events.get(event["id"]) == event
    assert list(traitly.events.list(customer_id=customer_id, name="Logged in")) == [event]


def test_ids_with_every_kind_of_character_are_found(traitly: Traitly, customer_id: str) -> None:
    event_id = f"a/b?c#d%20é {customer_id}"
    traitly.events.send(customer_id=customer_id, name="Logged in", id=event_id)
    assert traitly.events.get(event_id)["id"] == event_id


def test_an_id_is_stored_once(traitly: Traitly, customer_id: str) -> None:
    for _ in range(2):
        traitly.events.send(customer_id=customer_id, name="Logged in", id=f"login-{customer_id}")
    assert len(list(traitly.customers.events(customer_id))) == 1


def test_a_deleted_event_is_gone(traitly: Traitly, customer_id: str) -> None:
    event = traitly.events.send(customer_id=customer_id, name="Logged in")
    traitly.events.delete(event["id"])
    with pytest.raises(NotFoundError):
        traitly.events.get(event["id"])
    with pytest.raises(NotFoundError):
        traitly.events.delete(event["id"])


def test_a_refused_event_says_everything_that_is_wrong(traitly: Traitly, customer_id: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        traitly.events.send(customer_id=customer_id, name=" ", created_at=1493933699000)
    error = caught.value
    assert error.status == 400
    assert error.type == "validation_error"
    assert {one.attr for one in error.errors} == {"name", "created_at"}
    assert error.request_id
    assert error.request_id in str(error)
    assert "milliseconds" in str(error)
    assert error.attempts == 1


def test_many_events_take_few_requests(traitly: Traitly, faults: Faults, customer_id: str) -> None:
    result = traitly.events.send_many(
        {"customer_id": customer_id, "name": f"n{i % 3}"} for i in range(2500)
    )
    assert (result.accepted, result.duplicates, result.rejected) == (2500, 0, [])
    assert len(faults.requests) == 3
    assert sum(1 for _ in traitly.customers.events(customer_id, limit=1000)) == 2500


def test_refused_items_are_told_apart_by_their_place(traitly: Traitly, customer_id: str) -> None:
    events = [
        {"customer_id": customer_id, "name": "Logged in", "id": f"{customer_id}-{i}"}
        for i in range(1500)
    ]
    events[1200] = {"customer_id": customer_id}
    with pytest.raises(
        RejectedError, match="1 of 1500 items were rejected. Item 1200: 1200.name: This field"
    ):
        traitly.events.send_many(events)
    result = traitly.events.send_many(events, raise_on_rejected=False)
    assert (result.accepted, result.duplicates) == (1499, 1499)
    [rejection] = result.rejected
    assert (rejection.index, rejection.errors[0].code, rejection.errors[0].attr) == (
        1200,
        "required",
        "1200.name",
    )
    assert rejection.item["customer_id"] == customer_id


def test_a_batch_of_which_nothing_is_stored_is_no_other_error(traitly: Traitly) -> None:
    result = traitly.events.send_many(
        [{"name": "x"}, {"customer_id": "1"}], raise_on_rejected=False
    )
    assert result.accepted == 0
    assert [rejection.index for rejection in result.rejected] == [0, 1]


def test_too_large_requests_are_halved(traitly: Traitly, faults: Faults, customer_id: str) -> None:
    faults.status(
        413,
        body='{"object":"error","type":"client_error","errors":[{"code":"request_too_large","detail":"d"}]}',
    )
    result = traitly.events.send_many([{"customer_id": customer_id, "name": "Logged in"}] * 3)
    assert result.accepted == 3
    assert len(faults.requests) == 3


def test_an_item_that_is_too_large_by_itself_is_rejected(direct: Traitly, customer_id: str) -> None:
    large = {
        "customer_id": customer_id,
        "name": "Large",
        "custom_attributes": {"a": "x" * 17 * 1024**2},
    }
    result = direct.events.send_many(
        [
            {"customer_id": customer_id, "name": "Small"},
            large,
            {"customer_id": customer_id, "name": "Small"},
        ],
        raise_on_rejected=False,
    )
    assert result.accepted == 2
    assert result.rejected[0].index == 1
    with pytest.raises(PayloadTooLargeError):
        direct.events.send(
            customer_id=customer_id,
            name="Large",
            custom_attributes=large["custom_attributes"],  # type: ignore[arg-type]
        )


def test_lists_go_from_page_to_page(traitly: Traitly, faults: Faults, customer_id: str) -> None:
    traitly.events.send_many(
        {"customer_id": customer_id, "name": "n", "created_at": i} for i in range(10)
    )
    faults.forget()
    times = [
        event["created_at"]
        for event in traitly.events.list(customer_id=customer_id, name="n", limit=3)
    ]
    assert times == [str(i) for i in range(10)]
    assert len(faults.requests) == 4


def test_a_list_goes_on_where_it_was_left(traitly: Traitly, customer_id: str) -> None:
    traitly.events.send_many(
        {"customer_id": customer_id, "name": "n", "created_at": i} for i in range(10)
    )
    first = traitly.customers.events(customer_id, limit=3)
    assert len(list(islice(first, 5))) == 5
    rest = traitly.customers.events(customer_id, limit=3, cursor=first.cursor)
    assert [event["created_at"] for event in rest] == [str(i) for i in range(3, 10)]


def test_ranges_and_sorting(traitly: Traitly, customer_id: str) -> None:
    traitly.events.send_many(
        {"customer_id": customer_id, "name": "n", "created_at": i} for i in range(10)
    )
    found = traitly.events.list(
        customer_id=[customer_id, "nobody"],
        name=["n", "m"],
        created_at={"gte": 3, "lt": 6},
        sort="-created_at",
    )
    assert [event["created_at"] for event in found] == ["5", "4", "3"]


@pytest.mark.parametrize("bad", [float("nan"), object(), datetime(2020, 1, 1)])  # noqa: DTZ001 - that is the point
def test_what_json_cannot_say_is_refused_before_it_is_sent(
    traitly: Traitly, faults: Faults, bad: object
) -> None:
    with pytest.raises((ValueError, TypeError)):
        traitly.events.send(customer_id="1", name="n", custom_attributes={"a": bad})
    assert faults.requests == []


@pytest.mark.parametrize("event_id", ["", ".", ".."])
def test_an_id_that_a_url_cannot_carry_is_refused(traitly: Traitly, event_id: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a URL"):
        traitly.events.get(event_id)


def test_new_ids_are_uuids_in_the_order_of_time() -> None:
    assert new_id()[14] == "7"
    made = [new_id() for _ in range(1000)]
    assert made == sorted(set(made))


def test_events_are_deleted_by_what_they_are(traitly: Traitly, customer_id: str) -> None:
    traitly.events.send_many(
        {"customer_id": customer_id, "name": f"n{i % 2}", "created_at": i} for i in range(6)
    )
    assert traitly.events.delete_many(customer_id=customer_id, name="n0", created_at={"lt": 4}) == 2
    assert [event["created_at"] for event in traitly.customers.events(customer_id)] == [
        "1",
        "3",
        "4",
        "5",
    ]
    with pytest.raises(BadRequestError):
        traitly.events.delete_many()


def test_what_was_probably_meant_is_said(traitly: Traitly, customer_id: str) -> None:
    events = [{"customer_id": customer_id, "name": "n"}] * 1100
    events[1050] = {"customer_id": customer_id, "name": "n", "createdAt": "5"}
    [hint] = traitly.events.send_many(events).hints
    assert hint["attr"] == "1050.createdAt"
