"""A receiver of webhooks that is written with nothing but ``standardwebhooks``, and a worker that sends to it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from feed.worker import Worker


class Received:
    """A request that was verified."""

    def __init__(self, path: str, headers: dict[str, str], payload: Any) -> None:
        self.path = path
        self.id = headers["webhook-id"]
        self.payload = payload

    @property
    def ids(self) -> list[str]:
        entries = self.payload["data"] if self.payload["type"] == "batch" else [self.payload]
        return [
            entry["data"].get("id") or entry["data"].get("customer_id") or entry["type"]
            for entry in entries
        ]


class Receiver:
    """Answers with what ``answer`` says: a status, or a status and headers. Keeps what it took and what it refused."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.accepted: list[Received] = []
        self.refused: list[Received] = []
        self.unverified: list[str] = []
        self.begun = 0  # requests that were verified, answered or not
        self.answer: Callable[[Received], Any] = lambda _: 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = receiver.take(self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        payload = None
        for secret in self.secrets:
            try:
                payload = Verifier(secret).verify(body, headers)
            except WebhookVerificationError as error:
                self.unverified.append(f"{error} {headers}")
            else:
                break
        if payload is None:
            return 401, {}
        request = Received(path, {name.lower(): value for name, value in headers.items()}, payload)
        self.begun += 1
        answered = self.answer(request)
        status, more = answered if isinstance(answered, tuple) else (answered, {})
        (self.accepted if 200 <= status < 300 else self.refused).append(request)
        return status, more

    @property
    def ids(self) -> list[str]:
        """Of all entries that were taken, in order."""
        return [each for request in list(self.accepted) for each in request.ids]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        thread.join()
        receiver.server.server_close()


@contextmanager
def working() -> Iterator[Worker]:
    """A worker in a thread of this process."""
    begun = threading.Event()
    holder: list[Any] = []

    def run() -> None:
        async def main() -> None:
            worker = Worker()
            holder.extend([worker, asyncio.get_running_loop()])
            begun.set()
            await worker.run()

        asyncio.run(main())

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(10)
    worker, loop = holder
    try:
        yield worker
    finally:
        loop.call_soon_threadsafe(worker.stop)
        thread.join(30)
        time.sleep(0.7)  # the thread that waits for news gives its connection up


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for it."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)
