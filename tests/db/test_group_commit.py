"""traitly.db.group_commit: who stores what for whom."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from traitly.db.group_commit import GroupCommit, waiting_calls

SECONDS = 10


class Store:
    """Says twice each number, refuses 13, and waits at a gate before it says anything."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[int]]] = []
        self.gates: dict[str, threading.Event] = {}
        self.arrived = threading.Semaphore(0)

    def __call__(self, key: str, items: Sequence[int]) -> list[int]:
        self.calls.append((key, list(items)))
        self.arrived.release()
        gate = self.gates.get(key)
        assert gate is None or gate.wait(SECONDS)
        if 13 in items:
            raise ValueError(13)
        return [2 * item for item in items]


class Caller(threading.Thread):
    """A request that stores one number."""

    def __init__(self, call: Callable[[str, int], int], key: str, item: int) -> None:
        super().__init__()
        self._call, self._key, self._item = call, key, item
        self.response: int | Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.response = self._call(self._key, self._item)
        except ValueError as error:
            self.response = error


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def group(store: Store) -> Iterator[GroupCommit[str, int, int]]:
    group: GroupCommit[str, int, int] = GroupCommit(store)
    yield group
    assert group._queues == {}  # nothing is left of a key that nobody stores for


def gather(
    group: GroupCommit[str, int, int], store: Store, key: str, items: Sequence[int]
) -> list[Caller]:
    """Callers of whom two are being stored, and the others wait in order, until the key's gate opens."""
    store.gates[key] = threading.Event()
    callers = []
    for place, item in enumerate(items):
        callers.append(Caller(group, key, item))
        if place < 2:
            assert store.arrived.acquire(timeout=SECONDS)
        else:
            wait_until_waiting(group, key, place - 1)
    return callers


def wait_until_waiting(group: GroupCommit[str, int, int], key: str, number: int) -> None:
    deadline = time.monotonic() + SECONDS
    while len(group._queues[key].waiting) < number:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def responses(store: Store, key: str, callers: Sequence[Caller]) -> list[int | Exception | None]:
    store.gates[key].set()
    for caller in callers:
        caller.join(SECONDS)
    return [caller.response for caller in callers]


def test_who_comes_alone_is_stored_at_once(store, group):
    assert group("a", 4) == 8
    assert store.calls == [("a", [4])]


def test_who_comes_while_others_are_stored_is_stored_together(store, group):
    callers = gather(group, store, "a", range(8))

    assert responses(store, "a", callers) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert store.calls[:2] == [("a", [0]), ("a", [1])]
    later = [item for _, items in store.calls[2:] for item in items]
    assert sorted(later) == [2, 3, 4, 5, 6, 7]
    assert len(store.calls) <= 4


def test_how_many_wait_is_counted(store, group):
    callers = gather(group, store, "a", range(5))
    assert group.waiting == 3
    assert waiting_calls() >= 3

    responses(store, "a", callers)

    assert group.waiting == 0


def test_one_that_is_refused_takes_nobody_with_it(store, group):
    callers = gather(group, store, "a", [0, 1, 2, 13, 4, 5])

    found = responses(store, "a", callers)

    assert [response for response in found if not isinstance(response, Exception)] == [
        0,
        2,
        4,
        8,
        10,
    ]
    assert isinstance(found[3], ValueError)


def test_one_alone_that_is_refused_hears_why(store, group):
    with pytest.raises(ValueError, match="13"):
        group("a", 13)
    assert store.calls == [("a", [13])]


def test_keys_do_not_wait_for_each_other(store, group):
    callers = gather(group, store, "a", range(3))

    assert group("b", 5) == 10

    assert responses(store, "a", callers) == [0, 2, 4]


def test_one_that_is_held_up_does_not_hold_up_others(store, group):
    store.gates["a"] = threading.Event()
    stuck = Caller(group, "a", 1)
    assert store.arrived.acquire(timeout=SECONDS)
    gate = store.gates.pop("a")

    assert [group("a", item) for item in (2, 3)] == [4, 6]

    gate.set()
    stuck.join(SECONDS)
    assert stuck.response == 2
