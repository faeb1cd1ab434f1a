"""Stores what several concurrent requests write in one statement and one commit."""

import itertools
import threading
import weakref
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R")

# Concurrent calls per key. With two, a statement that is blocked by a lock or a slow disk does not
# block everybody else's.
_AT_ONCE = 2


class _Caller(Generic[T, R]):
    """A caller that waits to be ``called``: with its result, without one (it then stores its item alone), or to become a leader."""

    __slots__ = ("called", "item", "result", "served")

    def __init__(self, item: T) -> None:
        self.item = item
        self.served = False
        self.result: list[R] = []
        self.called = threading.Lock()
        self.called.acquire()


class _Queue(Generic[T, R]):
    """The callers of one key: the number of leaders, and the followers waiting."""

    __slots__ = ("leaders", "waiting")

    def __init__(self) -> None:
        self.leaders = 0
        self.waiting: list[_Caller[T, R]] = []


_all: "weakref.WeakSet[GroupCommit[Any, Any, Any]]" = weakref.WeakSet()


def waiting_calls() -> int:
    """How many calls of this process wait behind others."""
    return sum(each.waiting for each in _all)


class GroupCommit(Generic[K, T, R]):
    """Calls ``store(key, items)`` once for all items of a key that arrived while others were being stored.

    Nobody waits for company: if fewer than ``_AT_ONCE`` calls are running, a call starts at once.
    ``store`` returns a result for each item, in order, committed on return. What it raises for
    several items says nothing about any one of them: then each is stored alone, in its own thread.
    """

    def __init__(self, store: Callable[[K, Sequence[T]], Sequence[R]]) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._queues: dict[K, _Queue[T, R]] = {}
        self.waiting = 0
        _all.add(self)

    def __call__(self, key: K, item: T) -> R:
        """The item's result, once it is committed. Raises what ``store`` raises for this item alone."""
        caller: _Caller[T, R] = _Caller(item)
        with self._lock:
            queue = self._queues.setdefault(key, _Queue())
            leads = queue.leaders < _AT_ONCE
            if leads:
                queue.leaders += 1
            else:
                queue.waiting.append(caller)
                self.waiting += 1
        if not leads:
            caller.called.acquire()
        if not caller.served:
            self._lead(key, queue, caller)
        return caller.result[0] if caller.result else self._store(key, [item])[0]

    def _lead(self, key: K, queue: _Queue[T, R], caller: _Caller[T, R]) -> None:
        """As the leader, store what waits, wake its callers, and appoint the next leader."""
        with self._lock:
            callers = [caller, *queue.waiting]
            self.waiting -= len(queue.waiting)
            queue.waiting.clear()
        results: Sequence[R] = ()
        try:
            results = self._store(key, [each.item for each in callers])
        except Exception:
            if len(callers) == 1:
                raise
        finally:
            with self._lock:
                successor = queue.waiting.pop(0) if queue.waiting else None
                self.waiting -= successor is not None
                if successor is None:
                    queue.leaders -= 1
                    if not queue.leaders:
                        del self._queues[key]
            if successor:
                successor.called.release()
            for each, result in itertools.zip_longest(callers, results):
                each.served = True
                each.result = [] if result is None else [result]
                each.called.release()
