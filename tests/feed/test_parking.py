"""Requests that wait for the feed have no thread: others are answered meanwhile, by a real gunicorn."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.feed.test_faults import ask
from tests.server import Server, running_server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]
WAITING = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    os.environ["WEB_THREADS"] = "2"
    try:
        with running_server(tmp_path_factory.mktemp("parking")) as running:
            yield running
    finally:
        del os.environ["WEB_THREADS"]


def send(server: Server, query: str, more: bytes = b"") -> socket.socket:
    client = server.connect()
    head = f"GET /api/v1/feed?{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n\r\n"
    client.sendall(head.encode() + more)
    return client


def receive(client: socket.socket) -> Any:
    client.settimeout(30)
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += client.recv(65536)
    assert head.startswith(b"HTTP/1.1 200")
    return json.loads(body[:length])


def cursor(server: Server) -> Any:
    return ask(server, "GET", "feed?limit=1000")[1]["metadata"]["next_cursor"]


def post(server: Server, event_id: str) -> None:
    assert ask(server, "POST", "event", {"customer_id": "1", "name": "x", "id": event_id})[0] == 201


def test_sixty_clients_wait_while_others_are_answered_and_all_get_what_comes(server):
    start = cursor(server)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(send(server, f"cursor={start}&wait=30")) for _ in range(WAITING)
        ]
        begin = time.monotonic()
        for _ in range(20):
            assert ask(server, "GET", "customer")[0] == 200
        # A thread for each that waits would leave none for these before the first of those are
        # over.
        assert time.monotonic() - begin < 20
        post(server, "parked")
        answers = [receive(client) for client in clients]
    assert [[entry["data"]["id"] for entry in answer["data"]] for answer in answers] == [
        ["parked"]
    ] * WAITING


def test_it_ends_when_the_time_is_over_and_the_connection_is_kept(server):
    start = cursor(server)
    with send(server, f"cursor={start}&wait=1") as client:
        begin = time.monotonic()
        assert receive(client)["data"] == []
        assert 0.9 < time.monotonic() - begin < 10
        client.sendall(
            f"GET /api/v1/feed?limit=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n\r\n".encode()
        )
        assert receive(client)["object"] == "feed"


def test_a_client_that_goes_while_it_waits_is_forgotten(server):
    start = cursor(server)
    for _ in range(30):
        send(server, f"cursor={start}&wait=30").close()
    time.sleep(0.5)
    post(server, "after those")
    assert ask(server, "GET", f"feed?cursor={start}&wait=5")[1]["data"]


def test_what_a_client_sends_while_it_waits_is_answered_afterwards(server):
    start = cursor(server)
    second = f"GET /api/v1/customer HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n\r\n".encode()
    with send(server, f"cursor={start}&wait=30", second) as client:
        time.sleep(0.5)
        post(server, "for the pipeline")
        data = b""
        client.settimeout(10)
        while b'"object":"customer"' not in data:
            data += client.recv(65536)
    assert data.index(b"for the pipeline") < data.index(b'"object":"customer"')


def test_a_server_that_is_told_to_end_answers_who_waits(server):
    start = cursor(server)
    with send(server, f"cursor={start}&wait=30") as client:
        time.sleep(0.5)
        begin = time.monotonic()
        server.stop()
        assert receive(client)["data"] == []
        assert time.monotonic() - begin < 15
