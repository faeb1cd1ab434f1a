"""A database that is away, slow, full, short of connections or read-only: 503, no worker lost, recovery without a restart."""

import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from django.conf import settings

from tests.faults.clients import HttpClient
from tests.faults.proxy import Proxy, proxying
from tests.postgres.processes import User
from tests.server import Server, free_port, running_server
from traitly.postgres import roles
from traitly.postgres.server import SOCKET

pytestmark = [
    pytest.mark.xdist_group("faults"),
    pytest.mark.skipif(
        bool(settings.DATABASE_URL), reason="harms an embedded PostgreSQL of its own"
    ),
]

REQUESTS: list[tuple[str, str, Any]] = [
    ("POST", "event", {"customer_id": "1", "name": "x"}),
    ("POST", "event", [{"customer_id": "1", "name": "x"}, {"customer_id": "2", "name": "x"}]),
    (
        "POST",
        "customer",
        {"customer_id": "1", "name": "x", "email": "a@example.com", "plan": "Starter"},
    ),
    ("PATCH", "customer/1", {"plan": "Atom"}),
    ("DELETE", "event/nothing", None),
    ("GET", "customer", None),
    ("GET", "customer/1/event", None),
    ("GET", "feed", None),
]
WRITES = [request for request in REQUESTS if request[0] in {"POST", "PATCH"}]


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Proxy]]:
    """A server whose DATABASE_URL leads through a proxy to an embedded PostgreSQL, which another process keeps running."""
    folder = tmp_path_factory.mktemp("database")
    folder.chmod(0o755)
    user = User(folder)
    assert user.response() == "connected"
    with proxying(folder / "postgres" / SOCKET) as proxy:
        server = Server(os.environ | {"TRAITLY_DATA_DIR": str(folder)}, free_port())
        server.environment |= {
            "PORT": str(server.port),
            "HOST": "127.0.0.1",
            "WEB_WORKERS": "2",
            "DATABASE_URL": f"postgres://{roles.USER}@127.0.0.1:{proxy.port}/{roles.DATABASE}",
        }
        server.manage("migrate", "--verbosity", "0")
        server.key = server.manage(
            "create_account", "--email", "a@example.com", "--company", "Acme"
        ).strip()
        server.start()
        yield server, proxy
        server.stop()
    user.end()


@contextmanager
def _no_worker_lost(server: Server) -> Iterator[None]:
    """The same processes serve after the block as before."""
    assert server.process
    master = psutil.Process(server.process.pid)
    before = {each.pid for each in master.children()}
    yield
    assert {each.pid for each in master.children()} == before


def _ask(server: Server, request: tuple[str, str, Any]) -> tuple[int, float]:
    """Status, and the seconds it took. A 503 says when to come again and nothing of the inside."""
    client = HttpClient(server, timeout=60)
    start = time.monotonic()
    status, content, headers = client.ask(*request)
    took = time.monotonic() - start
    client.close()
    if status == 503:
        assert int(headers["Retry-After"]) >= 1
        [error] = json.loads(content)["errors"]
        assert error["code"] == "service_unavailable"
        assert "psycopg" not in error["detail"]
        assert "traitly" not in error["detail"]
    return status, took


def _wait_until_back(server: Server, *, seconds: float = 10) -> float:
    """Until every kind of request succeeds."""
    start = time.monotonic()
    while not all(_ask(server, request)[0] in {200, 201, 404} for request in REQUESTS):
        assert time.monotonic() < start + seconds, "it has not recovered"
        time.sleep(0.1)
    return time.monotonic() - start


def _at_once(server: Server, requests: list[tuple[str, str, Any]]) -> "Counter[int]":
    """The statuses of requests that are all sent at the same time."""
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda r=each: found.append(_ask(server, r)[0]))
        for each in requests
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(found)


def test_away(behind_proxy: tuple[Server, Proxy]) -> None:
    server, proxy = behind_proxy
    _wait_until_back(server)
    with _no_worker_lost(server):
        proxy.refuses = True
        proxy.cut()
        for request in REQUESTS * 2:
            status, took = _ask(server, request)
            assert (status, took < 4) == (503, True), request
        proxy.refuses = False
        print(f"away: back after {_wait_until_back(server):.1f} s")


def test_slow(behind_proxy: tuple[Server, Proxy]) -> None:
    """Each piece takes half a second either way. Nothing fails that PostgreSQL has time for."""
    server, proxy = behind_proxy
    _wait_until_back(server)
    with _no_worker_lost(server):
        proxy.delay = 0.5
        statuses = _at_once(server, REQUESTS * 4)
        proxy.delay = 0.0
        print(f"slow: {dict(statuses)}, back after {_wait_until_back(server):.1f} s")
    assert statuses.keys() <= {200, 201, 404, 503}
    assert statuses[200] + statuses[201] > 0


def test_it_says_nothing_more(behind_proxy: tuple[Server, Proxy]) -> None:
    """More requests than there are threads: those that find none are refused, and health is told all the while."""
    server, proxy = behind_proxy
    _wait_until_back(server)
    with _no_worker_lost(server):
        proxy.hangs = True
        statuses: list[Counter[int]] = []
        asking = threading.Thread(target=lambda: statuses.append(_at_once(server, REQUESTS * 8)))
        asking.start()
        time.sleep(7)
        status, took = _ask(server, REQUESTS[0])
        proxy.hangs = False
        asking.join(60)
        print(f"hangs: {dict(statuses[0])}; a late request: {status} after {took:.2f} s")
        assert (status, took < 1) == (503, True)
        _wait_until_back(server)


def _connect(proxy: Proxy) -> "psycopg2.extensions.connection":
    return psycopg2.connect(
        host="127.0.0.1", port=proxy.port, user=roles.USER, dbname=roles.DATABASE
    )


def test_read_only(behind_proxy: tuple[Server, Proxy]) -> None:
    """As after a failover to a standby: writes are 503, and work again once they may, though the sessions were kept."""
    server, proxy = behind_proxy
    _wait_until_back(server)
    alter = f"ALTER DATABASE {roles.DATABASE} SET default_transaction_read_only ="
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    with _no_worker_lost(server), closing(_connect(proxy)) as session, session.cursor() as cursor:
        session.autocommit = True
        cursor.execute(f"{alter} on")
        cursor.execute(kill)
        for request in WRITES * 4:
            assert _ask(server, request)[0] == 503
        # Where the key has to be looked up, its use cannot be recorded.
        assert {_ask(server, ("GET", "customer", None))[0] for _ in range(8)} <= {200, 503}
        cursor.execute(f"{alter} off")
        print(f"read-only: back after {_wait_until_back(server):.1f} s")


def test_no_connection_left(behind_proxy: tuple[Server, Proxy]) -> None:
    server, proxy = behind_proxy
    _wait_until_back(server)
    with _no_worker_lost(server), ExitStack() as stack:
        proxy.cut()
        time.sleep(1)
        with suppress(psycopg2.OperationalError):
            while True:
                stack.callback(_connect(proxy).close)
        statuses = _at_once(server, REQUESTS * 4)
        assert statuses == {503: 4 * len(REQUESTS)}
        stack.close()
        print(f"no connection left: back after {_wait_until_back(server):.1f} s")


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)],
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a tmpfs can be mounted by root only, where the kernel lets it")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk(tmp_path: Path) -> None:
    """Writes are 503 while nothing fits, and what was acknowledged is there once there is room again."""
    tmp_path.chmod(0o755)
    with _small_disk(tmp_path, 400), running_server(tmp_path) as server:
        _wait_until_back(server)
        ballast = tmp_path / "ballast"
        acknowledged: list[str] = []
        statuses: Counter[int] = Counter()
        client = HttpClient(server, timeout=60)

        def send(number: int) -> int:
            body = [
                {
                    "customer_id": "1",
                    "name": "x",
                    "id": f"{number}-{each}",
                    "text": os.urandom(2000).hex(),
                }
                for each in range(100)
            ]
            status, content, _ = client.ask("POST", "event", body)
            statuses[status] += 1
            assert status in {201, 503}, content
            if status == 201:
                acknowledged.extend(event["id"] for event in body)
            return status

        with _no_worker_lost(server):
            assert send(0) == 201
            with ballast.open("wb") as file, suppress(OSError):
                while True:
                    file.write(b"x" * 2**20)
            number = 1
            while statuses[503] < 10:
                send(number)
                number += 1
                assert number < 500
            ballast.unlink()
            deadline = time.monotonic() + 20
            while send(number) != 201:
                number += 1
                assert time.monotonic() < deadline, "it has not recovered"
                time.sleep(0.2)
        print(f"full disk: {dict(statuses)}")
        status, content, _ = client.ask(
            "GET", "event?customer_id=1&name=x", headers={"Accept": "application/x-ndjson"}
        )
        client.close()
        assert status == 200
        stored = Counter(json.loads(line)["id"] for line in content.splitlines())
        assert not [each for each in acknowledged if stored[each] != 1]
        assert max(stored.values()) == 1
