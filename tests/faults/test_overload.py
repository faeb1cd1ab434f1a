"""More requests than a server can answer: who cannot be answered soon hears so at once, and events go first."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clients import HttpClient
from tests.server import Server, running_server

pytestmark = pytest.mark.xdist_group("faults")

_SECONDS = 20
_READERS = 150
_WRITERS = 10
_TOKEN = "a-token-for-tests"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One process of four threads, and customers of whom a page is large."""
    tmp_path.chmod(0o755)
    settings = {"WEB_WORKERS": "1", "WEB_THREADS": "4", "METRICS_TOKEN": _TOKEN}
    with running_server(tmp_path, settings=settings) as running:
        client = HttpClient(running, timeout=60)
        for start in range(0, 3000, 500):
            customers = [
                {
                    "customer_id": f"{start + n}",
                    "name": "x",
                    "email": "a@example.com",
                    "plan": "x",
                    "text": "x" * 2000,
                }
                for n in range(500)
            ]
            assert client.ask("POST", "customer", customers)[0] == 201
        client.close()
        yield running


class Clients:
    """Threads that ask one after the other, and what became of it: status and seconds of each kind of request."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self.slowest: dict[tuple[str, int], float] = defaultdict(float)
        self.without_retry_after = 0

    def start(self, number: int, kind: str, *request: Any) -> None:
        """So many that ask this all the time."""
        for _ in range(number):
            self._threads.append(threading.Thread(target=self._run, args=(kind, request)))
            self._threads[-1].start()

    def _run(self, kind: str, request: tuple[Any, ...]) -> None:
        client = HttpClient(self._server, timeout=60)
        while not self._over.is_set():
            begin = time.monotonic()
            status, _, headers = client.ask(*request)
            took = time.monotonic() - begin
            self.statuses[kind][status] += 1
            self.slowest[kind, status] = max(self.slowest[kind, status], took)
            if status == 503:
                self.without_retry_after += "Retry-After" not in headers
                time.sleep(0.2)
        client.close()

    def stop(self) -> None:
        """Let them finish."""
        self._over.set()
        for thread in self._threads:
            thread.join()


def test_events_are_stored_while_pages_and_exports_are_shed(server: Server) -> None:
    clients = Clients(server)
    clients.start(_READERS, "page", "GET", "customer?limit=1000")
    clients.start(20, "export", "GET", "customer", None, {"Accept": "text/csv"})
    time.sleep(2)
    clients.start(_WRITERS, "event", "POST", "event", {"customer_id": "1", "name": "x"})
    time.sleep(_SECONDS)
    clients.stop()

    rates = {
        kind: f"{statuses[200] + statuses[201]} answered, {statuses[503]} shed"
        for kind, statuses in clients.statuses.items()
    }
    slowest = {
        f"{kind} {status}": f"{seconds:.1f} s"
        for (kind, status), seconds in clients.slowest.items()
    }
    print(f"overload: {rates}; slowest {slowest}")
    assert clients.statuses["page"][503] > 0
    assert clients.statuses["event"][201] > 10 * clients.statuses["event"][503]
    assert clients.statuses["event"].keys() <= {201, 503}
    assert clients.statuses["page"].keys() <= {200, 503}
    assert clients.without_retry_after == 0
    # Ten seconds is the longest that a request waits for a thread.
    assert max(seconds for (_, status), seconds in clients.slowest.items() if status == 503) < 13
    assert clients.slowest["event", 201] < clients.slowest["page", 200]
    _check_metrics(server)


def _check_metrics(server: Server) -> None:
    with server.connect() as sock:
        sock.sendall(f"GET /metrics HTTP/1.0\r\nAuthorization: Bearer {_TOKEN}\r\n\r\n".encode())
        text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    [refused] = [
        line for line in text.splitlines() if line.startswith('traitly_refused_total{status="503"}')
    ]
    assert float(refused.rpartition(" ")[2]) > 0
