"""Cancels a statement for whose result nobody waits any longer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

_CANCEL_SECONDS = 5  # until another thread has asked PostgreSQL to


@contextmanager
def cancelled_when_gone(client: Any) -> Iterator[None]:
    """While this runs, cancel this thread's statement if ``client`` (traitly.server's ClientSocket) is found to be gone.

    Only around what reads: nobody would know whether a write was cancelled. With other servers it does nothing.
    """
    if not hasattr(client, "gone"):
        yield
        return
    lock = threading.Lock()
    wrapper = connections["default"]
    over = False

    def cancel() -> None:
        with lock:
            if not over and wrapper.connection is not None:
                wrapper.connection.cancel()

    client.gone = cancel
    try:
        yield
    finally:
        client.gone = None
        # Not before a cancellation on its way has arrived: it would hit the next request's statement.
        over = True
        if lock.acquire(timeout=_CANCEL_SECONDS):
            lock.release()
