"""One statement and one commit for what several requests write at the same time."""

import itertools
import threading
import weakref
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R")

# Calls of one key that run at once. One more than none waits behind: a statement that is held up, by a lock or by a
# slow disk, does not hold up everybody else's.
_AT_ONCE = 2


class _Turn(Generic[T, R]):
    """A caller who waits to be ``called``: with its result, or with none, to store its item alone; or else to lead."""

    __slots__ = ("called", "item", "result", "served")

    def __init__(self, item: T) -> None:
        self.item = item
        self.served = False
        self.result: list[R] = []
        self.called = threading.Lock()
        self.called.acquire()


class _Line(Generic[T, R]):
    """The callers of one key: how many lead, and who waits."""

    __slots__ = ("leaders", "waiting")

    def __init__(self) -> None:
        self.leaders = 0
        self.waiting: list[_Turn[T, R]] = []


_all: "weakref.WeakSet[GroupCommit[Any, Any, Any]]" = weakref.WeakSet()


def waiting_calls() -> int:
    """How many calls of this process wait behind others."""
    return sum(each.waiting for each in _all)


class GroupCommit(Generic[K, T, R]):
    """Calls ``store(key, items)`` once for all items of a key that came while others of it were being stored.

    Nobody waits for company: whoever finds less than ``_AT_ONCE`` calls running goes at once. ``store`` gives a result
    for each item, in order, committed on return. What it raises for several items says nothing about any one of them:
    then each is stored alone, in its own thread.
    """

    def __init__(self, store: Callable[[K, Sequence[T]], Sequence[R]]) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._lines: dict[K, _Line[T, R]] = {}
        self.waiting = 0
        _all.add(self)

    def __call__(self, key: K, item: T) -> R:
        """The item's result, once it is committed. Raises what ``store`` raises for this item alone."""
        turn: _Turn[T, R] = _Turn(item)
        with self._lock:
            line = self._lines.setdefault(key, _Line())
            leads = line.leaders < _AT_ONCE
            if leads:
                line.leaders += 1
            else:
                line.waiting.append(turn)
                self.waiting += 1
        if not leads:
            turn.called.acquire()
        if not turn.served:
            self._lead(key, line, turn)
        return turn.result[0] if turn.result else self._store(key, [item])[0]

    def _lead(self, key: K, line: _Line[T, R], turn: _Turn[T, R]) -> None:
        """Store what waits, and call those whose it was, and another who leads."""
        with self._lock:
            turns = [turn, *line.waiting]
            self.waiting -= len(line.waiting)
            line.waiting.clear()
        results: Sequence[R] = ()
        try:
            results = self._store(key, [each.item for each in turns])
        except Exception:
            if len(turns) == 1:
                raise
        finally:
            with self._lock:
                successor = line.waiting.pop(0) if line.waiting else None
                self.waiting -= successor is not None
                if successor is None:
                    line.leaders -= 1
                    if not line.leaders:
                        del self._lines[key]
            if successor:
                successor.called.release()
            for each, result in itertools.zip_longest(turns, results):
                each.served = True
                each.result = [] if result is None else [result]
                each.called.release()
