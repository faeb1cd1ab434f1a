"""A webhook of the real server, sent by its worker, verified here."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from traitly import (
    BadRequestError,
    NetworkError,
    NotFoundError,
    Traitly,
    Webhook,
    WebhookVerificationError,
)

from .conftest import Faults


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
    direct: Traitly, customer_id: str, receiver: Receiver, batch: int
) -> None:
    made = direct.webhooks.create(
        url=receiver.url, types=["event.created"], names=[customer_id], batch=batch
    )
    try:
        event = direct.events.send(customer_id=customer_id, name=customer_id)
        deadline = time.monotonic() + 30
        while not receiver.received:
            assert time.monotonic() < deadline, "the worker sent nothing"
            time.sleep(0.05)
    finally:
        direct.webhooks.delete(made["id"])
    body, sent = receiver.received[0]
    payload = Webhook(made["secret"]).verify(body, sent)
    entries = payload["data"] if payload["type"] == "batch" else [payload]
    assert [entry["data"] for entry in entries] == [event]
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(body + b" ", sent)


def test_a_webhook_is_made_changed_and_deleted(traitly: Traitly, receiver: Receiver) -> None:
    created = traitly.webhooks.create(url=receiver.url, enabled=False)
    try:
        assert created["secret"].startswith("whsec_")
        kept = traitly.webhooks.get(created["id"])
        assert "secret" not in kept
        assert (kept["url"], kept["types"], kept["batch"]) == (receiver.url, [], 1)
        assert kept in traitly.webhooks.list()

        changed = traitly.webhooks.update(created["id"], types=["customer.erased"], batch=10)
        assert (changed["types"], changed["batch"], changed["enabled"]) == (
            ["customer.erased"],
            10,
            False,
        )
        with pytest.raises(BadRequestError):
            traitly.webhooks.update(created["id"], batch=0)
    finally:
        traitly.webhooks.delete(created["id"])
    with pytest.raises(NotFoundError):
        traitly.webhooks.get(created["id"])
    with pytest.raises(NotFoundError):
        traitly.webhooks.delete(created["id"])


def test_a_webhook_is_never_made_twice(
    traitly: Traitly, receiver: Receiver, faults: Faults
) -> None:
    """A response that is lost is not followed by another try."""
    before = {webhook["id"] for webhook in traitly.webhooks.list()}
    faults.queue({"fault": "cut after"})
    with pytest.raises(NetworkError):
        traitly.webhooks.create(url=receiver.url, enabled=False)
    made = [webhook["id"] for webhook in traitly.webhooks.list() if webhook["id"] not in before]
    assert len(made) == 1
    faults.queue({"fault": "cut after"})
    traitly.webhooks.delete(made[0])  # the second try finds it gone, and that is what was asked for
