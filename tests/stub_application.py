"""A WSGI application without a database, to see what the server in front of an application does."""

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import Any
from urllib.parse import parse_qs

from traitly.server import shared

_noticed = Event()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    parameters = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    return _VIEWS[environ["PATH_INFO"].strip("/")](environ, start_response, **parameters)


def _plain(start_response: Callable[..., Any], body: bytes) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _environ(environ: dict[str, Any], start_response: Callable[..., Any], name: str) -> list[bytes]:
    return _plain(start_response, str(environ.get(name)).encode())


def _length(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    return _plain(start_response, b"%d\n" % len(environ["wsgi.input"].read()))


def _sleep(
    environ: dict[str, Any], start_response: Callable[..., Any], seconds: str
) -> list[bytes]:
    time.sleep(float(seconds))
    return _plain(start_response, b"slept\n")


def _watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    gone = Event()
    environ["gunicorn.socket"].gone = gone.set
    if gone.wait(10):
        _noticed.set()
    return _plain(start_response, b"watched\n")


def _was_noticed(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    return _plain(start_response, str(_noticed.wait(5)).encode())


def _bytes(environ: dict[str, Any], start_response: Callable[..., Any], number: str) -> list[bytes]:
    return _plain(start_response, b"x" * int(number))


def _stream(
    environ: dict[str, Any], start_response: Callable[..., Any], chunks: str
) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(int(chunks)):
        yield b"x" * 65536


def _cut(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"the first half\n"
    raise RuntimeError("The second half is missing.")


_VIEWS: dict[str, Callable[..., Iterable[bytes]]] = {
    "": lambda environ, start_response: _plain(start_response, b"ok\n"),
    "health": lambda environ, start_response: _plain(start_response, b"ok\n"),
    "environ": _environ,
    "length": _length,
    "sleep": _sleep,
    "load": lambda environ, start_response: _plain(start_response, str(shared.load()).encode()),
    "bytes": _bytes,
    "stream": _stream,
    "cut": _cut,
    "watched": _watched,
    "was_noticed": _was_noticed,
}
