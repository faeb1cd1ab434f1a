"""Clients that send each event again until it is acknowledged, and the check that each was stored exactly once."""

import http.client
import itertools
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.server import Server

_UNCERTAIN = (0, 500, 502, 503)  # 0: no response. Sent again, with the same ids.


def programs_per_processor() -> float:
    """How many programs shared each processor in the last minutes, 1 at least: as many times longer things may take."""
    return max(1.0, os.getloadavg()[1] / (os.cpu_count() or 1))


class HttpClient:
    """One keep-alive connection, made anew after each failure."""

    def __init__(self, server: Server, *, timeout: float = 10) -> None:
        self._server = server
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of the response; status 0 and why where there was none."""
        connection = self._connection or http.client.HTTPConnection(
            "127.0.0.1", self._server.port, timeout=self._timeout
        )
        self._connection = connection
        try:
            connection.request(
                method,
                f"/api/v1/{path}",
                None if body is None else json.dumps(body),
                {"Authorization": f"Token {self._server.key}", **(headers or {})},
            )
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return 0, repr(error).encode(), {}
        return response.status, content, dict(response.headers)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection:
            self._connection.close()
            self._connection = None


class Writer(threading.Thread):
    """Stores events of a customer of its own until ``stop``; every event has a mark by which it is found again.

    Half of the writers choose ids, the others send an Idempotency-Key. ``pause``: seconds between
    requests.
    """

    def __init__(self, server: Server, name: str, *, uses_key: bool, pause: float = 0.0) -> None:
        super().__init__(name=name, daemon=True)
        self._client = HttpClient(server)
        self._uses_key = uses_key
        self._pause = pause
        self._over = threading.Event()
        self.acknowledged: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.unexpected: list[bytes] = []

    def run(self) -> None:
        for number in itertools.count():
            if self._over.is_set():
                self._client.close()
                return
            marks = [f"{self.name}-{number}-{each}" for each in range(random.choice([1, 1, 1, 20]))]
            if self._stored(marks, f"{self.name}-{number}"):
                self.acknowledged += marks
            time.sleep(self._pause)

    def _stored(self, marks: list[str], key: str) -> bool:
        """Whether the events were acknowledged; False only for what must not happen, which ``unexpected`` keeps."""
        events = [{"customer_id": self.name, "name": "x", "mark": mark} for mark in marks]
        headers = {"Idempotency-Key": key} if self._uses_key else {}
        if not self._uses_key:
            events = [event | {"id": event["mark"]} for event in events]
        while True:
            status, content, _ = self._client.ask("POST", "event", events, headers)
            self.statuses[status] += 1
            if status not in _UNCERTAIN:
                if status != 201:
                    self.unexpected.append(content)
                return status == 201
            time.sleep(random.uniform(0.05, 0.2))

    def stop(self) -> None:
        """Let it finish the request that it has begun."""
        self._over.set()


class Load:
    """The writers of ``writing``."""

    def __init__(self, server: Server, writers: list[Writer]) -> None:
        self._server = server
        self.writers = writers

    @property
    def statuses(self) -> Counter[int]:
        """How many responses had each status, 0 where there was none."""
        return sum((writer.statuses for writer in self.writers), Counter())

    def check_each_is_stored_once(self) -> int:
        """Every event that was acknowledged is there exactly once, and nothing else. Gives their number."""
        total = 0
        for writer in self.writers:
            assert not writer.is_alive(), f"{writer.name} never finished"
            assert not writer.unexpected, writer.unexpected[:3]
            stored = Counter(self._marks(writer.name))
            assert stored == Counter(writer.acknowledged), _difference(stored, writer.acknowledged)
            total += len(writer.acknowledged)
        return total

    def _marks(self, customer_id: str) -> list[str]:
        client = HttpClient(self._server, timeout=60)
        status, content, _ = client.ask(
            "GET", f"customer/{customer_id}/event", headers={"Accept": "application/x-ndjson"}
        )
        client.close()
        assert status == 200, content
        return [json.loads(line)["custom_attributes"]["mark"] for line in content.splitlines()]


def _difference(stored: Counter[str], acknowledged: list[str]) -> str:
    expected = Counter(acknowledged)
    return f"missing {list(expected - stored)[:5]}, too many {list(stored - expected)[:5]}"


@contextmanager
def receiving(take: Callable[[list[dict[str, Any]]], None]) -> Iterator[str]:
    """The URL of a receiver of webhooks, which takes everything: ``take`` gets the entries of each request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            take(payload["data"] if payload["type"] == "batch" else [payload])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def writing(server: Server, name: str, *, writers: int = 6, pause: float = 0.0) -> Iterator[Load]:
    """So many writers while the block runs; after it they have finished what they had begun."""
    threads = [
        Writer(server, f"{name}-{number}", uses_key=number % 2 == 1, pause=pause)
        for number in range(writers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield Load(server, threads)
    finally:
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join(60)
