"""The feed, read from a real server, through a proxy that breaks requests."""

import asyncio
import json
import threading
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytest

from traitly import AsyncTraitly, Traitly
from traitly.types import FeedEntry

from .conftest import Faults


def _of(entries: Iterable[FeedEntry], customer_id: str) -> list[Any]:
    """What a test stored itself: the account is everybody's."""
    return [entry for entry in entries if entry["data"]["customer_id"] == customer_id]


@pytest.fixture
def start(direct: Traitly) -> str:
    """The cursor of now."""
    feed = direct.feed.list(since=time.time() - 1)
    for _ in feed:
        pass
    assert feed.cursor
    return feed.cursor


def _store(direct: Traitly, customer_id: str, count: int, name: str = "n") -> None:
    direct.events.send_many(
        {"customer_id": customer_id, "name": name, "created_at": i} for i in range(count)
    )


def test_every_change_comes_in_order(traitly: Traitly, customer_id: str, start: str) -> None:
    traitly.customers.upsert(customer_id=customer_id, name="N", email="n@example.com", plan="p")
    event = traitly.events.send(customer_id=customer_id, name="n")
    entries = _of(traitly.feed.list(cursor=start), customer_id)
    assert [entry["type"] for entry in entries] == ["customer.updated", "event.created"]
    assert entries[0]["data"] == traitly.customers.get(customer_id)
    assert entries[1]["data"] == event
    traitly.customers.erase(customer_id)
    [last] = _of(traitly.feed.list(cursor=start, type="customer.erased"), customer_id)
    assert last["data"] == {"customer_id": customer_id}


def test_nothing_is_missed_or_doubled_whatever_fails(
    traitly: Traitly, direct: Traitly, faults: Faults, customer_id: str, start: str
) -> None:
    _store(direct, customer_id, 30)
    faults.queue(
        {"fault": "none"},
        {"fault": "cut in body"},
        {"fault": "status", "status": 503},
        {"fault": "cut after"},
    )
    times = [
        entry["data"]["created_at"]
        for entry in _of(traitly.feed.list(cursor=start, limit=4), customer_id)
    ]
    assert sorted(times, key=int) == [str(i) for i in range(30)]


def test_it_goes_on_where_it_was_left(direct: Traitly, customer_id: str, start: str) -> None:
    _store(direct, customer_id, 10)
    feed = direct.feed.list(cursor=start, limit=4)
    before = [entry["data"]["id"] for entry in islice(feed, 6)]  # type: ignore[typeddict-item]
    after = [entry["data"]["id"] for entry in direct.feed.list(cursor=feed.cursor)]  # type: ignore[typeddict-item]
    assert before[4:] == after[:2]  # the page was not handled to its end
    assert len({*before, *after}) == 10
    saved = None
    for page in direct.feed.list(cursor=start, limit=4).pages():
        saved = page.next_cursor
        break
    assert len(list(direct.feed.list(cursor=saved))) == 6


def test_names_that_are_rare_are_found(direct: Traitly, customer_id: str, start: str) -> None:
    _store(direct, customer_id, 12_000, "frequent")
    _store(direct, customer_id, 1, "rare")
    [entry] = direct.feed.list(cursor=start, name="rare")
    assert entry["data"]["customer_id"] == customer_id


def test_following_waits_for_what_is_new(
    traitly: Traitly, direct: Traitly, customer_id: str, start: str
) -> None:
    def write() -> None:
        time.sleep(0.5)
        direct.events.send(customer_id=customer_id, name="n")
        time.sleep(0.5)
        direct.events.send(customer_id=customer_id, name="m")

    thread = threading.Thread(target=write)
    thread.start()
    begin = time.monotonic()
    names = [entry["data"]["name"] for entry in islice(traitly.feed.follow(cursor=start), 2)]  # type: ignore[typeddict-item]
    thread.join()
    assert names == ["n", "m"]
    assert time.monotonic() - begin < 10


def test_a_server_that_does_not_hold_requests_is_not_hammered(
    traitly: Traitly, direct: Traitly, faults: Faults, customer_id: str, start: str
) -> None:
    empty = json.dumps(
        {"data": [], "metadata": {"next_cursor": start}, "retrieved": "1", "object": "feed"}
    )
    faults.status(200, times=2, body=empty)
    threading.Timer(1.2, lambda: direct.events.send(customer_id=customer_id, name="n")).start()
    begin = time.monotonic()
    next(iter(traitly.feed.follow(cursor=start)))
    assert time.monotonic() - begin >= 2


def test_asynchronously(url: str, key: str, customer_id: str, start: str) -> None:
    async def work() -> None:
        async with AsyncTraitly(url=url, key=key) as traitly:
            result = await traitly.events.send_many(
                {"customer_id": customer_id, "name": "n"} for _ in range(3)
            )
            assert result.accepted == 3
            assert len([entry async for entry in traitly.feed.list(cursor=start, limit=2)]) == 3
            async for entry in traitly.feed.follow(cursor=start):
                assert entry["type"] == "event.created"
                break

    asyncio.run(work())
