"""Readers of the feed beside batches of events, over HTTP: what they cost, and when they see what was stored.

Part ``visible`` of ``python -m benchmarks.feed``. As a process of its own it is the readers.
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import Any

from benchmarks.postgres import Postgres, free_port
from benchmarks.processes import ROOT, Service, cpu_ms, wait_until_idle

_MARK = re.compile(rb'"mark": ?(\d+)')
_BATCH = 1000


def measure(
    postgres: Postgres, *, keys: tuple[str, str], seconds: int, rate: int, connections: int
) -> dict[str, Any]:
    """Batches of 1,000, ``rate`` of them a second at most, alone, beside one reader and beside ten.

    ``keys``: the writers' and the readers'. The server deals its threads out by key.
    """
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", "traitly.wsgi"]
    found = []
    with Service("feed", command, port, {}) as server:
        for number, readers in enumerate((0, 0, 1, 10)):
            run = _run(
                postgres, server, keys, readers, seconds, rate, connections, number * 10_000_000
            )
            if number:  # the first one warms up
                found.append(run)
    alone = found[0]["cpu"]
    return {
        "readers": [each["readers"] for each in found],
        "events/s": [each["rate"] for each in found],
        "CPU µs an event, server and PostgreSQL": [each["cpu"] for each in found],
        "more than without": [f"{each['cpu'] / alone - 1:.0%}" for each in found],
        "pages": [each["pages"] for each in found],
        "seen s after the response, p50": [each["p50"] for each in found],
        "p99": [each["p99"] for each in found],
    }


def _run(
    postgres: Postgres,
    server: Service,
    keys: tuple[str, str],
    readers: int,
    seconds: int,
    rate: int,
    connections: int,
    first: int,
) -> dict[str, Any]:
    start = _get(server.port, keys[1], f"since={time.time():.3f}")["metadata"]["next_cursor"]
    reading = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "benchmarks.feed_readers",
            str(server.port),
            keys[1],
            start,
            str(readers),
            str(first),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    begun = cpu_ms(server.process) + cpu_ms(postgres.process)
    stored = _write(server.port, keys[0], seconds, rate, connections, first)
    assert reading.stdin
    reading.stdin.write(f"{len(stored) * _BATCH}\n")
    output, _ = reading.communicate()
    wait_until_idle(server.process)
    spent = cpu_ms(server.process) + cpu_ms(postgres.process) - begun
    answer = json.loads(output)
    waits = sorted(answer["seen"][str(mark)] - at for mark, at in stored.items()) if readers else []
    return {
        "readers": readers,
        "rate": round(len(stored) * _BATCH / seconds),
        "cpu": round(spent / len(stored) / _BATCH * 1000, 1),
        "pages": answer["pages"],
        "p50": round(waits[len(waits) // 2], 3) if waits else None,
        "p99": round(waits[int(len(waits) * 0.99)], 3) if waits else None,
    }


def _write(
    port: int, key: str, seconds: int, rate: int, connections: int, first: int
) -> dict[int, float]:
    """Store batches; when each was acknowledged, by its mark."""
    stored: dict[int, float] = {}
    begun = time.time()

    def write(number: int) -> None:
        client = HTTPConnection("127.0.0.1", port, timeout=60)
        turn = 0
        while (due := begun + (turn * connections + number) / rate) < begun + seconds > time.time():
            time.sleep(max(0.0, due - time.time()))
            mark = first + turn * connections + number
            client.request("POST", "/api/v1/event", _batch(mark), {"Authorization": f"Token {key}"})
            response = client.getresponse()
            response.read()
            if response.status != 201:  # noqa: PLR2004
                raise RuntimeError(f"a batch was answered with {response.status}")
            stored[mark] = time.time()
            turn += 1

    threads = [threading.Thread(target=write, args=[number]) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return stored


_EVENT = (
    '{"customer_id": "customer-%d", "name": "Logged in", "order": %d, "plan": "Atom", "source": "web", "amount": 12.5,'
    ' "country": "DE", "first": true}'
)
_REST = ",".join(_EVENT % (number * 7, number) for number in range(_BATCH - 1))


def _batch(mark: int) -> bytes:
    return f'[{_REST}, {{"customer_id": "1", "name": "Marked", "mark": {mark}}}]'.encode()


def _get(port: int, key: str, query: str) -> Any:
    client = HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("GET", f"/api/v1/feed?{query}", headers={"Authorization": f"Token {key}"})
    found = json.loads(client.getresponse().read())
    client.close()
    return found


class _Reader:
    """Follows the feed; counts what it gets, and the first of several notes when it saw each mark."""

    def __init__(self, port: int, key: str, cursor: str, seen: dict[int, float] | None) -> None:
        self.port, self.key, self.cursor, self.seen = port, key, cursor, seen
        self.entries = self.pages = 0
        self.wanted: int | None = None

    def run(self) -> None:
        client = HTTPConnection("127.0.0.1", self.port, timeout=60)
        while self.wanted is None or self.entries < self.wanted:
            query = f"/api/v1/feed?limit=1000&wait=2&cursor={self.cursor}"
            client.request("GET", query, headers={"Authorization": f"Token {self.key}"})
            body = client.getresponse().read()
            now = time.time()
            self.entries += body.count(b'"type":"event.created"')
            self.pages += 1
            end = body.index(b'"next_cursor":"') + 15
            self.cursor = body[end : body.index(b'"', end)].decode()
            if self.seen is not None:
                self.seen.update({int(mark): now for mark in _MARK.findall(body)})
        if self.entries != self.wanted:
            raise RuntimeError(f"{self.entries} entries instead of {self.wanted}")


def _read(arguments: Sequence[str]) -> None:
    port, key, cursor, number = int(arguments[0]), arguments[1], arguments[2], int(arguments[3])
    seen: dict[int, float] = {}
    readers = [_Reader(port, key, cursor, None if each else seen) for each in range(number)]
    threads = [threading.Thread(target=reader.run) for reader in readers]
    for thread in threads:
        thread.start()
    wanted = int(sys.stdin.readline())
    for reader in readers:
        reader.wanted = wanted
    for thread in threads:
        thread.join()
    print(json.dumps({"seen": seen, "pages": sum(reader.pages for reader in readers)}))


if __name__ == "__main__":
    _read(sys.argv[1:])
