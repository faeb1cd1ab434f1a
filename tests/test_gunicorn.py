"""gunicorn itself, as gunicorn.conf.py sets it up: what it answers and refuses without the application."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.server import Server, running_server

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "gunicorn", "traitly.wsgi"]
ROOT = Path(__file__).parent.parent


def _environment(data_dir: Path, **settings: str) -> dict[str, str]:
    return {
        **os.environ,
        "HOST": "127.0.0.1",
        "PORT": "0",
        "TRAITLY_DATA_DIR": str(data_dir),
        **settings,
    }


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a gunicorn whose database nobody needs."""
    environment = _environment(
        tmp_path_factory.mktemp("data"), DATABASE_URL="postgres://127.0.0.1:1/none"
    )
    server = subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    found = next(
        filter(
            None,
            (re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line) for line in server.stderr),
        )
    )
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


def _established(port: int) -> set[str]:
    """The inodes of the sockets that are connected to a port, by that end of them."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        f"socket:[{fields[9]}]"
        for fields in lines
        if fields[1].endswith(f":{port:04X}") and fields[3] == "01"
    }


def _of_children(pid: int, ask: Callable[[Path], Any]) -> dict[int, Any]:
    """What ``ask`` says of each process that this one has started, by its folder in /proc."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if process.joinpath("stat").read_text().rpartition(")")[2].split()[1] == str(pid):
                found[int(process.name)] = ask(process)
    return found


def _sockets(process: Path) -> set[str]:
    return {str(file.readlink()) for file in process.joinpath("fd").iterdir()}


def _held(server: Server, connections: int) -> list[int]:
    """How many of so many new connections each process of the server holds, once all are accepted."""
    assert server.process
    with ExitStack() as stack:
        for _ in range(connections):
            stack.enter_context(server.connect())
        deadline = time.monotonic() + 20
        held: list[int] = []
        while sum(held) < connections:
            assert time.monotonic() < deadline, held
            time.sleep(0.1)
            established = _established(server.port)
            held = [
                len(each & established)
                for each in _of_children(server.process.pid, _sockets).values()
            ]
    return held


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="asks Linux whose connections there are"
)
def test_connections_are_shared_out_among_the_workers(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        while _held(server, 2) != [1, 1]:  # until both workers are there
            time.sleep(0.2)  # the connections before are closed by then
        time.sleep(0.2)
        held = _held(server, 16)
    assert len(held) == 2
    assert min(held) >= 6


def _pinned(server: Server, but: int = 0) -> dict[int, int]:
    """The processor of each of two workers, once both are there and keep to one, and none is ``but``."""
    assert server.process
    deadline = time.monotonic() + 20
    found: dict[int, set[int]] = {}
    while len(found) != 2 or but in found or any(len(each) > 1 for each in found.values()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
        found = _of_children(
            server.process.pid, lambda process: os.sched_getaffinity(int(process.name))
        )
    return {pid: min(each) for pid, each in found.items()}


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="asks Linux which processors a process may use"
)
def test_a_worker_has_the_processor_of_the_one_that_it_replaces(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        before = _pinned(server)
        died = max(before)
        os.kill(died, signal.SIGKILL)
        after = _pinned(server, but=died)
    assert sorted(after.values()) == sorted(before.values())


def test_clients_that_do_not_hang_up_keep_nobody_waiting(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            client.sendall(b"GET /api/v1/event HTTP/1.0\r\nHost: localhost\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.0 401")
        start = time.monotonic()
        for _ in range(4):
            _send(
                port, b"GET /api/v1/event HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
        assert time.monotonic() - start < 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"API_KEY_ENCRYPTION_KEYS": "abc"}, "traitly.E001"),
        ({"DEBUG": "maybe"}, "DEBUG must be true or false"),
        ({"DATABASE_URL": "mysql://localhost/traitly"}, "DATABASE_URL must name a PostgreSQL"),
    ],
)
def test_a_broken_setting_stops_the_start_and_says_so(
    tmp_path: Path, settings: dict[str, str], message: str
) -> None:
    environment = _environment(
        tmp_path, **({"DATABASE_URL": "postgres://127.0.0.1:1/none"} | settings)
    )
    done = subprocess.run(
        COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert "Booting worker" not in done.stderr


def test_a_database_that_never_answers_delays_neither_the_start_nor_the_end(tmp_path: Path) -> None:
    with socket.create_server(
        ("127.0.0.1", 0)
    ) as database:  # the kernel accepts; nobody reads or writes
        url = f"postgres://127.0.0.1:{database.getsockname()[1]}/none"
        environment = _environment(tmp_path, DATABASE_URL=url)
        start = time.monotonic()
        with subprocess.Popen(
            COMMAND, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        ) as server:
            assert server.stderr is not None
            found = (
                re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line)
                for line in server.stderr
            )
            with socket.create_connection(
                ("127.0.0.1", int(next(filter(None, found))[1])), timeout=20
            ) as client:
                client.sendall(
                    b"GET /api/v1/event HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token a\r\n\r\n"
                )
                time.sleep(1)  # it waits for the database
                server.terminate()
                assert client.recv(65536).startswith(b"HTTP/1.1 503")
            server.communicate(timeout=20)
        assert server.returncode == 0
    assert time.monotonic() - start < 25  # a worker would be killed after 30 s


# Holds a customer's row; says so once a request waits for it; lets go when told to.
_HOLD = """
import time
from django.db import connection, transaction
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("UPDATE customers_customer SET plan = plan")
    print("held", flush=True)
    waiting = False
    while not waiting:
        time.sleep(0.05)
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        waiting = cursor.rowcount > 0
    print("waited for", flush=True)
    input()
"""


def _post(server: Server, client: http.client.HTTPConnection, name: str) -> None:
    customer = {"customer_id": "1", "name": name, "email": "a@example.com", "plan": "Starter"}
    client.request(
        "POST", "/api/v1/customer", json.dumps(customer), {"Authorization": f"Token {server.key}"}
    )


def test_a_request_in_flight_at_sigterm_is_answered(tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as server,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as client,
    ):
        _post(server, client, "Before")
        assert client.getresponse().read().startswith(b'{"data":[{"customer_id":"1"')
        holder = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", _HOLD],
            cwd=ROOT,
            env=server.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.process
        assert holder.stdin
        assert holder.stdout
        with holder:
            assert holder.stdout.readline() == "held\n"
            _post(server, client, "In flight")
            assert holder.stdout.readline() == "waited for\n"
            server.process.terminate()
            time.sleep(1)  # the signal has been handled: an idle worker ends in less
            holder.stdin.write("\n")
        response = client.getresponse()
        assert response.status == 200
        assert json.load(response)["data"][0]["name"] == "In flight"
        assert server.process.wait(30) == 0


# Locks a table; says when a request waits for it, and when none does any longer.
_LOCK = """
import time
from django.db import connection, transaction
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("LOCK TABLE customers_customer")
    print("held", flush=True)
    for waited in (True, False):
        while True:
            time.sleep(0.05)
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
            if bool(cursor.rowcount) is waited:
                break
        print("waited for" if waited else "alone", flush=True)
"""


def test_the_statement_of_a_client_that_has_gone_is_cancelled(tmp_path: Path) -> None:
    with running_server(
        tmp_path, settings={"LOCK_TIMEOUT_MS": "60000", "STATEMENT_TIMEOUT_MS": "60000"}
    ) as server:
        holder = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", _LOCK],
            cwd=ROOT,
            env=server.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout
        with holder:
            assert holder.stdout.readline() == "held\n"
            with server.connect() as client:
                request = f"GET /api/v1/customer HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n\r\n"
                client.sendall(request.encode())
                assert holder.stdout.readline() == "waited for\n"
            start = time.monotonic()
            assert holder.stdout.readline() == "alone\n"
            assert time.monotonic() - start < 8
