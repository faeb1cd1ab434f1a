"""What readers of a feed share: never more, never less, and nothing that was deleted."""

import datetime
import random
import threading
import time
from typing import Any

import pytest
from django.db import connection

from feed import entries, queries, segments
from feed.entries import Entries, Entry, Page
from feed.positions import START, Filter, Position
from feed.segments import Segments
from tests.factories import a_customer, an_event
from tests.feed.test_feed import ids, loop
from traitly.db.clock import settle

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def position(number: int) -> Position:
    return Position(NOW, 0, f"{number:03}")


def page(first: int, last: int) -> Page:
    """The entries of these numbers, of which the last one is where it ends."""
    return Page(
        Entries(Entry(position(each), b"x") for each in range(first, last + 1)),
        position(last),
        more=True,
    )


def numbers(found: Page | None) -> list[int]:
    assert found is not None
    return [int(entry.position.id) for entry in found.entries]


def test_a_segment_is_found_from_each_place_within_it():
    kept = Segments()
    kept.keep("a", position(0), page(1, 9), read_at=time.monotonic())
    assert numbers(kept.find("a", position(0), 100)) == list(range(1, 10))
    assert numbers(kept.find("a", position(4), 100)) == [5, 6, 7, 8, 9]
    assert kept.find("a", position(9), 100) is None
    assert kept.find("a", START, 100) is None
    assert kept.find("b", position(4), 100) is None


def test_less_than_a_segment_ends_where_it_is_cut():
    kept = Segments()
    kept.keep("a", position(0), page(1, 9), read_at=time.monotonic())
    found = kept.find("a", position(0), 3)
    assert numbers(found) == [1, 2, 3]
    assert found is not None
    assert found.end == position(3)


def test_what_was_read_too_long_ago_is_not_found():
    kept = Segments()
    kept.keep("a", position(0), page(1, 9), read_at=time.monotonic() - segments.KEPT_SECONDS)
    assert kept.find("a", position(0), 100) is None


def test_the_first_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(segments, "_MAX_BYTES", 10)
    kept = Segments()
    for begin in (0, 10, 20):
        kept.keep("a", position(begin), page(begin + 1, begin + 5), read_at=time.monotonic())
    assert kept.find("a", position(0), 100) is None
    assert numbers(kept.find("a", position(10), 100)) == [11, 12, 13, 14, 15]


def test_of_several_who_read_at_one_place_one_does(within):
    kept, begun, end, found = Segments(), threading.Event(), threading.Event(), []

    def slow() -> Page:
        begun.set()
        end.wait(10)
        return page(1, 3)

    def read() -> None:
        found.append(kept.read("a", position(0), slow))

    leader = threading.Thread(target=read)
    leader.start()
    begun.wait(10)
    others = [threading.Thread(target=read) for _ in range(5)]
    for thread in others:
        thread.start()
    end.set()
    for thread in [leader, *others]:
        thread.join(10)
    assert [each for each in found if each] == [page(1, 3)]
    assert numbers(kept.find("a", position(0), 100)) == [1, 2, 3]


def test_who_waited_for_one_that_failed_reads_by_itself():
    kept = Segments()

    def fail() -> Page:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept.read("a", position(0), fail)
    assert kept.read("a", position(0), lambda: page(1, 3)) == page(1, 3)


@pytest.fixture
def reads(monkeypatch) -> list[Any]:
    """How often the tables were looked into."""
    made: list[Any] = []

    def counted(**arguments: Any) -> Page:
        made.append(arguments)
        return entries.read_entries(**arguments)

    monkeypatch.setattr(queries, "read_entries", counted)
    return made


def test_readers_at_the_same_place_share_what_one_has_read(api, reads):
    cursor = api.get("feed").json["metadata"]["next_cursor"]
    api.post("event", [an_event(id=f"{number:02}") for number in range(20)])
    first = api.get("feed", {"cursor": cursor})
    reads.clear()
    answers = [api.get("feed", {"cursor": cursor}).data for _ in range(5)]
    middle = api.get("feed", {"cursor": cursor, "limit": 7})
    rest = api.get("feed", {"cursor": middle.json["metadata"]["next_cursor"]})
    assert answers == [first.data] * 5
    assert ids(middle) + ids(rest) == ids(first)
    assert not reads


def test_an_event_that_was_deleted_is_in_no_later_page(api):
    api.post("event", [an_event(id=each) for each in "abc"])
    assert ids(api.get("feed")) == ["a", "b", "c"]
    api.delete("event/b")
    assert ids(api.get("feed")) == ["a", "c"]


def test_a_customer_that_was_erased_is_in_no_later_page(api):
    api.post("event", [an_event("1", id="of 1"), an_event("2", id="of 2")])
    api.post("customer", a_customer("1"))
    assert ids(api.get("feed")) == ["of 1", "of 2", "1"]
    api.delete("customer/1")
    answer = api.get("feed")
    assert ids(answer) == ["of 2", "1"]
    assert answer.data[1]["type"] == "customer.erased"


def test_a_customer_that_changes_after_it_was_read_follows_again(api):
    api.post("customer", a_customer("1", plan="Atom"))
    cursor = api.get("feed").json["metadata"]["next_cursor"]
    api.patch("customer/1", {"plan": "Team"})
    entries = [*api.get("feed").data, *api.get("feed", {"cursor": cursor}).data]
    assert entries[-1]["data"]["plan"] == "Team"


def test_what_comes_after_a_shared_page_follows_it(api):
    api.post("event", an_event(id="a"))
    first = api.get("feed")
    api.post("event", an_event(id="b"))
    assert ids(api.get("feed")) == ["a", "b"]
    assert ids(api.get("feed", {"cursor": first.json["metadata"]["next_cursor"]})) == ["b"]


def test_filters_are_told_apart(api):
    api.post("event", [an_event(id="a", name="A"), an_event(id="b", name="B")])
    api.post("customer", a_customer("1"))
    for _ in range(2):
        assert ids(api.get("feed", {"name": "A", "type": "event.created"})) == ["a"]
        assert ids(api.get("feed", {"name": "B", "type": "event.created"})) == ["b"]
        assert ids(api.get("feed", {"type": "customer.updated"})) == ["1"]
        assert ids(api.get("feed")) == ["a", "b", "1"]


def test_readers_of_all_paces_see_everything_once_while_it_is_written(api, acme):
    """Each with a limit of its own and rests of its own, so that they share in every way there is."""
    done = threading.Event()
    seen: list[list[str]] = [[] for _ in range(6)]

    def read(number: int) -> None:
        chance, after = random.Random(number), START
        while True:
            last = done.is_set()
            found = queries.read_page(
                account_id=acme.pk,
                only=Filter(),
                after=after,
                limit=chance.choice([1, 3, 10, 1000]),
                fresh=True,
            )
            seen[number] += [entry.position.id for entry in found.entries]
            after = found.end
            if last and not found.entries and not found.more:
                break
            done.wait(chance.random() * 0.02)
        connection.close()

    threads = [threading.Thread(target=read, args=[number]) for number in range(len(seen))]
    for thread in threads:
        thread.start()
    for number in range(60):
        api.post("event", [an_event(id=f"{number:02}-{each}") for each in range(5)])
    settle(patience=5)
    done.set()
    for thread in threads:
        thread.join(30)
    assert seen[0] == sorted(seen[0])
    assert len(seen[0]) == 300
    assert seen == [seen[0]] * len(seen)
    assert loop(api, limit=1000) == seen[0]
