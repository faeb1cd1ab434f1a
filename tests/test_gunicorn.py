"""gunicorn itself, as gunicorn.conf.py sets it up: what it answers and refuses without the application."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "gunicorn", "traitly.wsgi"]
ROOT = Path(__file__).parent.parent


def _environment(data_dir: Path, **settings: str) -> dict[str, str]:
    return {**os.environ, "HOST": "127.0.0.1", "PORT": "0", "TRAITLY_DATA_DIR": str(data_dir), **settings}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a gunicorn whose database nobody needs."""
    environment = _environment(tmp_path_factory.mktemp("data"), DATABASE_URL="postgres://127.0.0.1:1/none")
    server = subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    found = next(filter(None, (re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line) for line in server.stderr)))
    yield int(found[1])
    server.terminate()
    server.communicate(timeout=30)
    assert server.returncode == 0


def _send(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"G@T /api/v1/event HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /api/v1/event?name=" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET /api/v1/event HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
    ],
)
def test_what_gunicorn_refuses_has_the_error_shape(port: int, request_: bytes, status: int) -> None:
    head, _, body = _send(port, request_).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: application/json" in head
    error = json.loads(body)
    assert list(error) == ["object", "type", "errors", "metadata"]
    assert (error["object"], error["type"]) == ("error", "client_error")
    assert [list(found) for found in error["errors"]] == [["code", "detail", "attr"]]


def test_a_connection_is_kept_for_the_next_request(port: int) -> None:
    request = b"GET /api/v1/event HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /api/v1/event HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert _send(port, request + request + last).count(b"HTTP/1.1 401 Unauthorized") == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"API_KEY_ENCRYPTION_KEYS": "abc"}, "traitly.E001"),
        ({"DEBUG": "maybe"}, "DEBUG must be true or false"),
        ({"DATABASE_URL": "mysql://localhost/traitly"}, "DATABASE_URL must name a PostgreSQL"),
    ],
)
def test_a_broken_setting_stops_the_start_and_says_so(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    environment = _environment(tmp_path, **({"DATABASE_URL": "postgres://127.0.0.1:1/none"} | settings))
    done = subprocess.run(COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Booting worker" not in done.stderr
