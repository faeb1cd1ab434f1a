"""Cancels a statement when nobody waits for its result any more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connections

_CANCEL_SECONDS = 5  # for another thread to ask PostgreSQL


@contextmanager
def cancelled_when_gone(client: Any) -> Iterator[None]:
    """Cancel this thread's statement if ``client`` (traitly.server's ClientSocket) disconnects meanwhile.

    Only for reads: nobody would know whether a write was cancelled. With other servers it does
    nothing.
    """
    if not hasattr(client, "gone"):
        yield
        return
    lock = threading.Lock()
    wrappers = [connections[name] for name in settings.DATABASES]  # of this thread
    over = False

    def cancel() -> None:
        with lock:
            for wrapper in wrappers:
                if not over and wrapper.connection is not None:
                    wrapper.connection.cancel()

    client.gone = cancel
    try:
        yield
    finally:
        client.gone = None
        # Wait for a cancellation that is on its way; otherwise it would hit the next request's
        # statement.
        over = True
        if lock.acquire(timeout=_CANCEL_SECONDS):
            lock.release()
