"""Requests that wait for something without a thread: the view says for what, and is called again when it is there.

The server offers it by ``PARKING`` in the environ: 0.0, or for a request that has waited, until
when it was to wait.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpResponse

PARKING = "traitly.parking"

Wake = Callable[[], None]
Watch = Callable[[Wake], Callable[[], None]]


class ParkedResponse(HttpResponse):
    """In the place of an answer: call again once ``watch`` has called what it is given. It gives what ends the waiting.

    ``until`` is the time of the clock that only advances at which it calls at the latest.
    """

    def __init__(self, *, until: float, watch: Watch) -> None:
        super().__init__()
        self.until = until
        self.watch = watch


class Parked(BaseException):
    """Takes a ``ParkedResponse`` past gunicorn, which has sent nothing yet."""

    def __init__(self, response: ParkedResponse) -> None:
        super().__init__()
        self.response = response


_waited = threading.local()


def say_waited(until: float) -> None:
    """For the request that this thread answers next."""
    _waited.until = until


def parking(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application, with its requests offered to be parked."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ[PARKING] = getattr(_waited, "until", 0.0)
        response = application(environ, start_response)
        if isinstance(response, ParkedResponse):
            response.close()
            raise Parked(response)
        return response

    return call
