"""What clients that are slow, silent or wrong do to a server: gunicorn as gunicorn.conf.py sets it up."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@contextmanager
def stub_server(**settings: str) -> Iterator[int]:
    """The port of one worker that serves ``tests.stub_application``."""
    environment = os.environ | {"HOST": "127.0.0.1", "PORT": "0", "WEB_WORKERS": "1", "WEB_THREADS": "4"} | settings
    command = [sys.executable, "-m", "gunicorn", "tests.stub_application:application"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        found = (re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line) for line in server.stderr)
        yield int(next(filter(None, found))[1])
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert server.returncode == 0


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with stub_server() as found:
        yield found


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def ask(port: int, request: bytes) -> bytes:
    with connect(port) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_an_answer_that_is_cut_ends_with_a_reset(port: int, version: bytes) -> None:
    with connect(port) as client:
        client.sendall(b"GET /cut HTTP/%s\r\nHost: localhost\r\nConnection: close\r\n\r\n" % version)
        with pytest.raises(ConnectionResetError):
            list(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        (b"SCRIPT_NAME: /environ", b"SCRIPT_NAME", b""),
        (b"PATH_INFO: /health", b"PATH_INFO", b"/environ"),
        (b"X-Forwarded-Proto: https", b"wsgi.url_scheme", b"http"),
        (b"X-Forwarded-Ssl: on", b"wsgi.url_scheme", b"http"),
    ],
)
def test_a_client_on_this_machine_cannot_pass_for_a_proxy(port: int, header: bytes, name: bytes, value: bytes) -> None:
    request = b"GET /environ?name=%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n\r\n" % (name, header)
    head, _, body = ask(port, request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == value


def test_chunks_that_nobody_read_and_are_malformed_end_the_connection(port: int) -> None:
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"
    assert ask(port, request).count(b"HTTP/1.1") == 1
