"""Queries the database without waiting long for it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import DatabaseError, connection

T = TypeVar("T")

_DEADLINE_SECONDS = 0.8


class Probe(Generic[T]):
    """Runs a query on its own thread and connection, because libpq waits for ever for a server that hangs.

    One at a time in a process: however many ask, a hanging server costs a single thread, and new
    connections come one after the other.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._running: _Running[T] | None = None

    def __call__(self) -> T:
        """The result of ``ask``. ``DatabaseError`` if it fails or takes too long."""
        with self._lock:
            if self._running is None or self._running.done.is_set():
                self._running = _Running(self._ask)
            running = self._running
        if not running.done.wait(_DEADLINE_SECONDS):
            raise DatabaseError("The database does not respond.")
        if running.error:
            raise DatabaseError("The database cannot be queried.") from running.error
        return running.result[0]


class _Running(Generic[T]):
    def __init__(self, ask: Callable[[], T]) -> None:
        self.done = threading.Event()
        self.result: list[T] = []
        self.error: BaseException | None = None
        # A daemon thread: the process may exit while it waits.
        threading.Thread(target=self._run, args=(ask,), daemon=True, name="probe").start()

    def _run(self, ask: Callable[[], T]) -> None:
        try:
            self.result.append(ask())
        except BaseException as error:  # noqa: BLE001  whatever it is, the database has not answered
            self.error = error
        finally:
            connection.close()
            self.done.set()
