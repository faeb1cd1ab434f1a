"""Few large bodies are unpacked at once: parsed, one can take thirty times the memory of its bytes, and holds the interpreter's lock."""

import ctypes
import gc
import threading
from contextlib import suppress

from django.db import connection
from django.http import HttpRequest
from rest_framework.exceptions import APIException

LARGE = 256 * 1024
_AT_ONCE = 4 * 1024 * 1024  # bytes in each process; a body that is larger is unpacked alone
_WAITING = 6  # threads, of which one at least has its turn; the next is refused, so that others have threads
_WAIT_SECONDS = 8.0


class TooManyLargeBodies(APIException):
    """503, with Retry-After."""

    status_code = 503
    default_code = "service_unavailable"
    default_detail = "The server is handling too many large bodies. Retry, or send smaller ones."
    wait = 2


class _Budget:
    """Who may unpack a large body."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._bytes = 0
        self._threads = 0

    def acquire(self, size: int) -> bool:
        with self._changed:
            if self._threads >= _WAITING:
                return False
            self._threads += 1
            if self._changed.wait_for(lambda: not self._bytes or self._bytes + size <= _AT_ONCE, _WAIT_SECONDS):
                self._bytes += size
                return True
            self._threads -= 1
            return False

    def release(self, size: int) -> None:
        with self._changed:
            self._threads -= 1
            self._bytes -= size
            self._changed.notify_all()


budget = _Budget()


def admit(request: HttpRequest, size: int) -> None:
    """Wait until a body of so many bytes may be unpacked; 503 if that takes too long. ``release`` lets the next one in."""
    if size <= LARGE:
        return
    if not budget.acquire(size):
        raise TooManyLargeBodies
    request.large_body = size  # type: ignore[attr-defined]


def release(request: HttpRequest) -> None:
    """The request is answered: if its body was large, give its memory back to the system and let the next one in."""
    size = getattr(request, "large_body", 0)
    if not size:
        return
    del request.large_body  # type: ignore[attr-defined]
    if size > _AT_ONCE:
        connection.close()  # libpq keeps a buffer for the longest statement that a connection has sent
        gc.collect()
    with suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL(None).malloc_trim(0)
    budget.release(size)
