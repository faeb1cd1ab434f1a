"""SIGTERM and rolling restarts under load: no request fails, though no client tries again."""

import itertools
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.faults.clients import HttpClient
from tests.server import Server, running_server

pytestmark = pytest.mark.xdist_group("faults")

_TOKEN = "a-token-for-tests"
RESTARTS = int(os.environ.get("FAULTS_RESTARTS", "5"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    tmp_path.chmod(0o755)
    with running_server(tmp_path, settings={"METRICS_TOKEN": _TOKEN}) as running:
        yield running


@contextmanager
def _clients(server: Server, *, number: int = 8) -> Iterator[tuple["Counter[int]", list[bytes]]]:
    """Half of them keep their connection, the others open one for each request. None tries again."""
    statuses: Counter[int] = Counter()
    failures: list[bytes] = []
    over = threading.Event()

    def run(who: int) -> None:
        client = HttpClient(server, timeout=40)
        for each in itertools.count():
            if over.is_set():
                client.close()
                return
            status, content, headers = client.ask(
                "POST", "event", {"customer_id": f"{who}", "name": "x", "n": each}
            )
            statuses[status] += 1
            if status != 201:
                failures.append(content)
            if who % 2 or headers.get("Connection") == "close":
                client.close()
            time.sleep(0.01)

    threads = [threading.Thread(target=run, args=(who,)) for who in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield statuses, failures
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _web_workers(server: Server) -> set[int]:
    assert server.process
    return {each.pid for each in psutil.Process(server.process.pid).children()}


def test_workers_are_replaced_one_after_the_other_under_load(server: Server) -> None:
    """SIGHUP: new workers, then the old ones end. What came to them is answered."""
    with _clients(server) as (statuses, failures):
        for _ in range(RESTARTS):
            time.sleep(1)
            before = _web_workers(server)
            assert server.process
            server.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 60
            while _web_workers(server) & before:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        time.sleep(1)
    print(f"{RESTARTS} rolling restarts: {dict(statuses)}")
    assert not failures, failures[:5]
    assert statuses[201] > 100


def test_another_master_takes_over_under_load(server: Server) -> None:
    """SIGUSR2 starts one with the code and the environment of now, on the same socket; SIGTERM ends the old one."""
    assert server.process
    old = psutil.Process(server.process.pid)
    workers = _web_workers(server)
    with _clients(server) as (statuses, failures):
        time.sleep(1)
        old.send_signal(signal.SIGUSR2)
        deadline = time.monotonic() + 60
        while not (
            masters := [
                each for each in old.children() if each.pid not in workers and each.children()
            ]
        ):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(40) == 0
        time.sleep(2)
    try:
        print(f"another master: {dict(statuses)}")
        assert not failures, failures[:5]
        assert statuses[201] > 50
        with server.connect() as sock:
            sock.sendall(
                f"GET /metrics HTTP/1.0\r\nAuthorization: Bearer {_TOKEN}\r\n\r\n".encode()
            )
            text = b"".join(iter(lambda: sock.recv(65536), b""))
        assert b"traitly_request_seconds_count" in text
    finally:
        masters[0].terminate()
        masters[0].wait(40)


def test_sigterm_answers_what_it_has_accepted(server: Server) -> None:
    """Then nobody listens any more. Only requests for which no connection could be opened have failed."""
    with _clients(server) as (statuses, failures):
        time.sleep(2)
        assert server.process
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(40) == 0
    print(f"SIGTERM: {dict(statuses)}")
    assert {failure.partition(b"(")[0] for failure in failures} <= {b"ConnectionRefusedError"}, (
        failures[:5]
    )
    assert statuses[201] > 50
    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        pass
