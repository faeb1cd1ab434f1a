"""A proxy in front of a server that breaks requests on demand.

Faults are queued: each one is used up by the next request, and without any the proxy only passes
on. It is driven over HTTP, so that tests in any language can: ``POST /_faults`` with a JSON list of
faults, ``GET /_requests`` for what arrived since (``method``, ``target`` and ``body`` of each),
``DELETE /_requests`` to forget faults and requests.

A fault is one of ``{"fault": "status", "status": 503, "headers": {"Retry-After": "1"}, "body":
"..."}``: the answer, without the server; ``{"fault": "cut before"}``: the connection is cut, the
server never hears of it; ``{"fault": "cut after"}``: the server acts on it, then the connection is
cut: nobody knows whether it was stored; ``{"fault": "cut in body"}``: half of the response's body
arrives; ``{"fault": "slow", "seconds": 2}``: the server acts on it at once, the response comes
late.
"""

import http.client
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class FaultProxy(ThreadingHTTPServer):
    """Started by ``fault_proxy``."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = port
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.faults: deque[dict[str, Any]] = deque()
        self.requests: list[dict[str, str]] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that went away are what this is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path in {"/_faults", "/_requests"}:
            self._control(body)
            return
        self.server.requests.append(
            {"method": self.command, "target": self.path, "body": body.decode("utf-8", "replace")}
        )
        try:
            fault = self.server.faults.popleft()
        except IndexError:
            fault = {"fault": "none"}
        self._break(fault, body)

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - names of http.server

    def _control(self, body: bytes) -> None:
        if self.command == "POST":
            self.server.faults.extend(json.loads(body))
        if self.command == "DELETE":
            self.server.faults.clear()
            self.server.requests.clear()
        self._respond(
            200, {"Content-Type": "application/json"}, json.dumps(self.server.requests).encode()
        )

    def _break(self, fault: dict[str, Any], body: bytes) -> None:
        kind = fault["fault"]
        if kind == "status":
            self._respond(fault["status"], fault.get("headers", {}), fault.get("body", "").encode())
            return
        if kind == "cut before":
            self._cut()
            return
        status, headers, content = self._ask_server(body)
        if kind == "cut after":
            self._cut()
        elif kind == "cut in body":
            self._respond(status, headers, content, send=len(content) // 2)
            self._cut()
        else:
            time.sleep(fault.get("seconds", 0))
            self._respond(status, headers, content)

    def _ask_server(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP
        }
        connection.request(self.command, self.path, body or None, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        kept = {
            name: value for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP
        }
        return response.status, kept, content

    def _respond(
        self, status: int, headers: dict[str, str], content: bytes, send: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:send])

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - a name of http.server
        """Quiet."""


@contextmanager
def fault_proxy(port: int) -> Iterator[FaultProxy]:
    """A proxy to the server on ``port``."""
    proxy = FaultProxy(port)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
