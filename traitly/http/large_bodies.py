"""Limits how many large bodies are parsed at once.

A parsed body can take thirty times the memory of its bytes, and parsing holds the interpreter's
lock.
"""

import ctypes
import gc
import threading
from contextlib import suppress

from django.db import connection
from django.http import HttpRequest
from rest_framework.exceptions import APIException

LARGE = 256 * 1024
_AT_ONCE = 4 * 1024 * 1024  # bytes in each process; a larger body is parsed alone
# Threads, at least one of which is parsing; further ones are refused, so that other requests have
# threads
_WAITING = 6
_WAIT_SECONDS = 8.0


class TooManyLargeBodies(APIException):
    """503, with Retry-After."""

    status_code = 503
    default_code = "service_unavailable"
    default_detail = "The server is handling too many large bodies. Retry, or send smaller ones."
    wait = 2


class _Budget:
    """The bytes of large bodies that are being parsed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._bytes = 0
        self._threads = 0

    def acquire(self, size: int) -> bool:
        with self._changed:
            if self._threads >= _WAITING:
                return False
            self._threads += 1
            if self._changed.wait_for(
                lambda: not self._bytes or self._bytes + size <= _AT_ONCE, _WAIT_SECONDS
            ):
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
    """Wait until a body of ``size`` bytes may be parsed; 503 if that takes too long. ``release`` ends it."""
    if size <= LARGE:
        return
    if not budget.acquire(size):
        raise TooManyLargeBodies
    request.large_body = size  # type: ignore[attr-defined]


def release(request: HttpRequest) -> None:
    """The request is done: if its body was large, return its memory to the system and let the next one in."""
    size = getattr(request, "large_body", 0)
    if not size:
        return
    del request.large_body  # type: ignore[attr-defined]
    if size > _AT_ONCE:
        # libpq keeps a buffer for the longest statement that a connection has sent
        connection.close()
        gc.collect()
    with suppress(OSError, AttributeError):  # the C library is not glibc
        ctypes.CDLL(None).malloc_trim(0)
    budget.release(size)
