"""The published reference, word for word, and HTTP itself: a real gunicorn, real sockets, a real curl."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.server import ROOT, Server, running_server

pytestmark = pytest.mark.xdist_group("server")  # one server for all of them


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def auth(server: Server) -> dict[str, str]:
    return {"Authorization": f"Token {server.key}"}


def answer_of(connection: http.client.HTTPConnection) -> tuple[http.client.HTTPResponse, bytes]:
    response = connection.getresponse()
    return response, response.read()


def event(customer_id: str, **fields: object) -> bytes:
    return json.dumps({"customer_id": customer_id, "name": "x"} | fields).encode()


def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["curl", "-sS", "--max-time", "60", *arguments], capture_output=True, check=False
    )


def test_the_published_check_passes(server):
    done = subprocess.run(
        [sys.executable, "tests/conformance.py"],
        cwd=ROOT,
        env=server.environment | {"TRAITLY_URL": server.url, "TRAITLY_KEY": server.key},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert " 0 failed" in done.stdout


def test_a_connection_serves_many_requests(server, auth):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    socket = connection.sock
    for status, method, path, body in [
        (200, "GET", "/api/v1/customer", b""),
        (201, "POST", "/api/v1/event", event("keep")),
        (400, "POST", "/api/v1/event", b"{oops"),
        (404, "GET", "/api/nothing", b""),
        (405, "PUT", "/api/v1/event", b"{}"),
        (415, "POST", "/api/v1/event", b"<a/>"),
        (200, "HEAD", "/api/v1/customer", b""),
        (204, "OPTIONS", "/api/v1/customer", b""),
        (200, "GET", "/api/v1/customer", b""),
    ]:
        kind = {"Content-Type": "application/xml" if body == b"<a/>" else "application/json"}
        connection.request(method, path, body or None, auth | kind)
        response, _ = answer_of(connection)
        assert response.status == status
        assert response.headers["X-Request-ID"]
        assert connection.sock is socket, (method, path)
    connection.close()


@pytest.mark.parametrize(
    "path", ["/api/v1/customer", "/api/v1/event?customer_id=1&name=x", "/api/nothing"]
)
def test_head_has_the_headers_of_get_and_no_body(server, auth, path):
    with server.connect() as socket:
        head = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\nConnection: close\r\n\r\n"
        socket.sendall(head.encode())
        received = b""
        while part := socket.recv(65536):
            received += part

    headers, _, body = received.partition(b"\r\n\r\n")
    assert body == b""
    assert b"Content-Type: application/json" in headers


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_chunked_body_is_read(server, auth, kind):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    chunks = [b"[", event("chunked"), b",", event("chunked"), b"]"]
    connection.request(
        "POST", "/api/v1/event", iter(chunks), auth | {"Content-Type": kind}, encode_chunked=True
    )
    response, body = answer_of(connection)

    assert response.status == 201
    assert len(json.loads(body)["data"]) == 2
    connection.close()


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense\r\n\r\n",
        b"5\r\n[1234567\r\n",
        b"-1\r\n\r\n",
        b"2;a=\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n",
        b"",
    ],
    ids=["size", "length", "negative", "extension", "end", "empty"],
)
def test_a_malformed_chunked_body_is_400(server, body):
    head = (
        f"POST /api/v1/event HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n"
    )
    with server.connect() as client:
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + body)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"object":"error"' in answer


def test_a_chunked_body_that_is_too_large_is_413(server, auth, tmp_path):
    (tmp_path / "large").write_bytes(b" " * 20_000_000)

    done = curl(
        *("-H", f"Authorization: Token {server.key}", "-H", "Transfer-Encoding: chunked"),
        *(
            "--data-binary",
            f"@{tmp_path / 'large'}",
            "-w",
            "\n%{http_code}",
            f"{server.url}/api/v1/event",
        ),
    )

    assert done.stdout.splitlines()[-1] == b"413", done
    assert json.loads(done.stdout.splitlines()[0])["errors"][0]["code"] == "request_too_large"


def test_20_mb_are_413_that_curl_can_read(server, tmp_path):
    (tmp_path / "large").write_bytes(b" " * 20_000_000)

    done = curl(
        *("-H", f"Authorization: Token {server.key}", "--data-binary", f"@{tmp_path / 'large'}"),
        *("-w", "\n%{http_code}", f"{server.url}/api/v1/event"),
    )

    assert done.stdout.splitlines()[-1] == b"413", done
    assert json.loads(done.stdout.splitlines()[0])["errors"][0]["code"] == "request_too_large"


@pytest.mark.parametrize("wrong", ["Token nope", ""])
def test_20_mb_without_a_key_are_401_that_curl_can_read(server, tmp_path, wrong):
    (tmp_path / "large").write_bytes(b" " * 20_000_000)

    done = curl(
        *("-H", f"Authorization: {wrong}", "--data-binary", f"@{tmp_path / 'large'}"),
        *("-w", "\n%{http_code}", f"{server.url}/api/v1/event"),
    )

    assert done.stdout.splitlines()[-1] == b"401", done


def test_expect_100_continue_with_5_mb(server, tmp_path):
    filler = "x" * 500
    events = [{"customer_id": "100", "name": "continue", "filler": filler} for _ in range(9_000)]
    (tmp_path / "body").write_text(json.dumps(events))

    done = curl(
        *(
            "-H",
            f"Authorization: Token {server.key}",
            "-H",
            "Expect: 100-continue",
            "-H",
            "Content-Type: application/json",
        ),
        *(
            "--data-binary",
            f"@{tmp_path / 'body'}",
            "-o",
            str(tmp_path / "answer"),
            "-w",
            "%{http_code}",
        ),
        f"{server.url}/api/v1/event",
    )

    assert done.stdout == b"201", done
    assert len(json.loads((tmp_path / "answer").read_text())["data"]) == 9_000


def test_pipelined_requests_are_answered_in_order(server):
    with server.connect() as socket:
        request = (
            "GET /api/v1/nothing{} HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: pipe-{}\r\n{}\r\n"
        )
        socket.sendall(
            "".join(
                request.format(i, i, "Connection: close\r\n" * (i == 4)) for i in range(5)
            ).encode()
        )
        received = b""
        while part := socket.recv(65536):
            received += part

    found = [line for line in received.split(b"\r\n") if line.lower().startswith(b"x-request-id")]
    assert [line.split(b"pipe-")[1] for line in found] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_slow_client_is_answered_and_holds_nobody_up(server, auth):
    body = event("slow")
    with server.connect() as slow:
        head = (
            f"POST /api/v1/event HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        slow.sendall(head.encode())
        for position, byte in enumerate(body):
            slow.sendall(bytes([byte]))
            time.sleep(0.03)
            if position % 10 == 0:
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
                connection.request("GET", "/api/v1/customer", headers=auth)
                assert answer_of(connection)[0].status == 200
                connection.close()
        received = b""
        while part := slow.recv(65536):
            received += part

    assert received.startswith(b"HTTP/1.1 201")


def test_a_client_that_goes_away_midway_harms_nobody(server, auth):
    for _ in range(20):
        with server.connect() as socket:
            socket.sendall(
                f"POST /api/v1/event HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n"
                f"Content-Length: 1000\r\n\r\n{{".encode()
            )
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/api/v1/customer", headers=auth)

    assert answer_of(connection)[0].status == 200
    connection.close()


def test_a_foreign_host_is_400_in_json(server):
    done = curl("-H", "Host: evil.example", "-w", "\n%{http_code}", f"{server.url}/api/v1/customer")

    assert done.stdout.splitlines()[-1] == b"400"
    assert json.loads(done.stdout.splitlines()[0])["object"] == "error"


@pytest.mark.slow
def test_a_revoked_key_stops_within_five_seconds_in_every_process(server):
    key = server.manage("create_account", "--email", "b@example.com", "--company", "Globex").strip()
    clients = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=30) for _ in range(12)]

    def statuses() -> set[int]:
        seen = set()
        for client in clients:
            client.request("GET", "/api/v1/customer", headers={"Authorization": f"Token {key}"})
            seen.add(answer_of(client)[0].status)
        return seen

    assert statuses() == {200}
    server.sql(f"UPDATE accounts_apikey SET revoked_at = now() WHERE last_four = '{key[-4:]}'")
    revoked = time.monotonic()
    time.sleep(max(0, 5 - (time.monotonic() - revoked)))

    assert statuses() == {401}
    for client in clients:
        client.close()


@pytest.mark.slow
def test_a_request_in_flight_at_sigterm_is_answered(tmp_path: Path):
    with running_server(tmp_path) as server:
        body = json.dumps([{"customer_id": str(i), "name": "term"} for i in range(5_000)]).encode()
        with server.connect() as socket:
            head = (
                f"POST /api/v1/event HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            socket.sendall(head.encode() + body[: len(body) // 2])
            time.sleep(0.3)
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            time.sleep(0.5)
            socket.sendall(body[len(body) // 2 :])
            received = b""
            while part := socket.recv(65536):
                received += part
        stopping.join(60)

        assert received.startswith(b"HTTP/1.1 201")
        assert received.count(b'"success":1') == 5_000
        assert server.process
        assert server.process.returncode == 0


@pytest.mark.slow
def test_two_hundred_clients_with_the_same_batch_store_it_once(server, auth):
    batch = json.dumps(
        [{"customer_id": "200", "name": "at once", "id": f"at-once-{i}"} for i in range(100)]
    ).encode()
    ready = threading.Barrier(200)
    answers: list[tuple[int, int]] = []

    def post() -> None:
        with closing(
            http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        ) as connection:
            ready.wait(30)
            connection.request("POST", "/api/v1/event", batch, auth)
            response, body = answer_of(connection)
        answers.append((response.status, 100 - json.loads(body)["metadata"].get("duplicates", 0)))

    threads = [threading.Thread(target=post) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert [status for status, _ in answers] == [201] * 200
    assert sum(stored for _, stored in answers) == 100
