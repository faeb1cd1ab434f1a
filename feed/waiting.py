"""Waits for new entries in the feed: one thread per process queries the database for all waiters."""

import logging
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from django.db import connection

from feed.positions import Position
from feed.queries import has_new_entries
from traitly.db.clock import settle

logger = logging.getLogger(__name__)

# Between two looks. Longer the more there is to ask for and to wake, so that each who is woken has
# more to fetch.
_PAUSE_SECONDS = 0.1
_PAUSE_SECONDS_EACH = 0.002  # more, for each account that is asked for and for each who waits
_MAX_PAUSE_SECONDS = 0.4
_REST_SECONDS = 0.5  # without anyone who waits, then the connection is given up


class Waiter(NamedTuple):
    """Someone to wake once, when the account has settled entries beyond a position, or at a monotonic time."""

    account_id: int
    after: Position
    until: float
    wake: Callable[[], None]


class Watch:
    """The waiters. A thread polls for them; it starts with the first waiter and rests while there is none."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiters: dict[int, Waiter] = {}
        self._thread: threading.Thread | None = None

    def add(self, waiter: Waiter) -> Callable[[], None]:
        """Add a waiter; returns a function that removes it."""
        with self._changed:
            self._waiters[id(waiter)] = waiter
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="feed-watch", daemon=True)
                self._thread.start()
            self._changed.notify()

        def give_up() -> None:
            self._remove(waiter)

        return give_up

    def _remove(self, waiter: Waiter) -> bool:
        with self._changed:
            return self._waiters.pop(id(waiter), None) is not None

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiters:
                    if not self._changed.wait(_REST_SECONDS):
                        connection.close()
                waiters = list(self._waiters.values())
            now = time.monotonic()
            ready = self._with_entries([waiter for waiter in waiters if waiter.until > now])
            for waiter in waiters:
                if (waiter.until <= now or id(waiter) in ready) and self._remove(waiter):
                    waiter.wake()
            each = len(waiters) + len({waiter.account_id for waiter in waiters})
            time.sleep(min(_PAUSE_SECONDS + _PAUSE_SECONDS_EACH * each, _MAX_PAUSE_SECONDS))

    def _with_entries(self, waiters: list[Waiter]) -> set[int]:
        """Who of them has waited for long enough. Of an account, who is furthest behind asks for all."""
        after: dict[int, Position] = {}
        for waiter in waiters:
            after[waiter.account_id] = min(waiter.after, after.get(waiter.account_id, waiter.after))
        try:
            if not (changed := has_new_entries(after)):
                return set()
            until = settle()
            found = has_new_entries(
                {account_id: after[account_id] for account_id in changed}, until
            )
        except Exception:  # whatever it is, waiters are woken when their time is over
            logger.exception("The feed could not be read for waiting requests")
            connection.close()
            return set()
        return {
            id(waiter)
            for waiter in waiters
            if waiter.account_id in found and waiter.after.at < until
        }


watch = Watch()
