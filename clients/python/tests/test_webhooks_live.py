"""A webhook of the real server, sent by its worker, verified here."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from traitly import Traitly, Webhook, WebhookVerificationError


class Receiver(HTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        self.received: list[tuple[bytes, dict[str, str]]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((body, dict(self.headers)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("batch", [1, 10])
def test_what_the_server_signs_verifies(
    direct: Traitly, url: str, key: str, customer_id: str, receiver: Receiver, batch: int
) -> None:
    settings = {"url": receiver.url, "types": ["event.created"], "names": [customer_id], "batch": batch}
    headers = {"Authorization": f"Token {key}"}
    created = httpx.post(f"{url}/api/v1/webhook", json=settings, headers=headers)
    assert created.status_code == 201, created.text
    [made] = created.json()["data"]
    try:
        event = direct.events.send(customer_id=customer_id, name=customer_id)
        deadline = time.monotonic() + 30
        while not receiver.received:
            assert time.monotonic() < deadline, "the worker sent nothing"
            time.sleep(0.05)
    finally:
        httpx.delete(f"{url}/api/v1/webhook/{made['id']}", headers=headers)
    body, sent = receiver.received[0]
    payload = Webhook(made["secret"]).verify(body, sent)
    entries = payload["data"] if payload["type"] == "batch" else [payload]
    assert [entry["data"] for entry in entries] == [event]
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(body + b" ", sent)
