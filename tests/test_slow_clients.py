"""What clients that are slow, silent or wrong do to a server: gunicorn as gunicorn.conf.py sets it up."""

import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@contextmanager
def stub_server(files: int = 10_000, **settings: str) -> Iterator[int]:
    """The port of one worker with four threads for each owner, two of them for slow requests, and one to spare."""
    environment = (
        os.environ
        | {"HOST": "127.0.0.1", "PORT": "0", "WEB_WORKERS": "1", "WEB_THREADS": "4"}
        | settings
    )
    command = [sys.executable, "-m", "gunicorn", "tests.stub_application:application"]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    resource.prlimit(
        server.pid, resource.RLIMIT_NOFILE, (files, files)
    )  # before it has read its configuration
    assert server.stderr is not None
    try:
        found = (
            re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line) for line in server.stderr
        )
        yield int(next(filter(None, found))[1])
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert server.returncode == 0


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with stub_server() as found:
        yield found


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def ask(port: int, request: bytes) -> bytes:
    with connect(port) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


def within(port: int, request: bytes = GET % b"/", seconds: float = 3) -> bytes:
    """The answer, which must be there soon: tests run beside others. Slow clients are given 10 seconds."""
    start = time.monotonic()
    response = ask(port, request)
    assert time.monotonic() - start < seconds
    return response


HEAD = b"POST /length HTTP/1.1\r\nHost: localhost\r\n"
SLOW = {
    "nothing": b"",
    "a part of the request line": b"GET /le",
    "a part of the headers": b"GET / HTTP/1.1\r\nHost: local",
    "a part of a small body": HEAD + b"Content-Length: 100\r\n\r\nabc",
    "a part of a body of a megabyte": HEAD + b"Content-Length: 1000000\r\n\r\nabc",
    "a part of a long body": HEAD + b"Content-Length: 10000000\r\n\r\nabc",
    "a part of a chunked body": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "the request for more than they read": b"GET /bytes?number=8000000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "the request for a stream that they do not read": b"GET /stream?chunks=1000 HTTP/1.0\r\nAccept: text/csv\r\n\r\n",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_others_are_answered_while_forty_clients_have_sent(port: int, sent: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connect(port)).sendall(sent)
        for _ in range(3):
            assert within(port).startswith(b"HTTP/1.1 200")
            assert within(
                port, HEAD + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc"
            ).endswith(b"\r\n\r\n3\n")


def end_of(client: socket.socket) -> str:
    """How the answer begins that ends the connection, or why there is none."""
    client.settimeout(0.1)
    try:
        return b"".join(iter(lambda: client.recv(65536), b""))[:12].decode()
    except (ConnectionResetError, TimeoutError) as error:
        return type(error).__name__


def test_who_is_slower_than_that_is_told_so_and_loses_the_connection() -> None:
    with stub_server(WEB_THREADS="16") as port, ExitStack() as stack:
        clients = {name: stack.enter_context(connect(port)) for name in SLOW}
        for name, client in clients.items():
            client.sendall(SLOW[name])
        time.sleep(14)
        ends = {name: end_of(client) for name, client in clients.items()}
    assert ends == {
        "nothing": "TimeoutError",  # for as long as an idle one
        "a part of the request line": "HTTP/1.1 408",
        "a part of the headers": "HTTP/1.1 408",
        "a part of a small body": "HTTP/1.1 408",
        "a part of a body of a megabyte": "TimeoutError",  # longer bodies have more time
        "a part of a long body": "",
        "a part of a chunked body": "",
        "the request for more than they read": "ConnectionResetError",
        "the request for a stream that they do not read": "ConnectionResetError",
    }


@pytest.mark.parametrize(
    "sent", [SLOW["a part of a long body"], SLOW["the request for a stream that they do not read"]]
)
def test_a_slow_request_too_many_is_refused(sent: bytes) -> None:
    with stub_server() as port, ExitStack() as stack:
        for _ in range(3):  # two have a thread, one waits
            stack.enter_context(connect(port)).sendall(sent)
        time.sleep(6)
        response = within(port, sent)
    assert response.startswith(b"HTTP/1.1 503")
    assert b"\r\nRetry-After: 2\r\n" in response
    assert b'"object": "error"' in response


def test_one_owner_of_requests_leaves_a_thread_to_others(port: int) -> None:
    sleep = b"GET /sleep?seconds=2 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token %s\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(connect(port)).sendall(sleep % b"a")
        time.sleep(0.3)
        other = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Token b\r\n\r\n"
        assert within(port, other).startswith(b"HTTP/1.1 200")
        assert within(port, GET % b"/health").startswith(b"HTTP/1.1 200")


def test_requests_that_wait_for_a_thread_are_counted() -> None:
    with stub_server() as port, ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(connect(port)).sendall(
                b"GET /sleep?seconds=2 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token a\r\n\r\n"
            )
        time.sleep(0.3)
        counted = within(port, GET % b"/load")
    assert re.search(rb"running=[45], queued=6, grouped=0", counted)


def test_a_request_that_gets_no_thread_in_time_is_refused() -> None:
    with stub_server(WEB_THREADS="1") as port, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(connect(port)).sendall(GET % b"/sleep?seconds=14")
        time.sleep(0.3)
        early = stack.enter_context(connect(port))
        early.settimeout(20)
        early.sendall(GET % b"/")
        time.sleep(6)
        late = within(port, seconds=0.9)  # at once: there is no hope
        assert late.startswith(b"HTTP/1.1 503")
        assert early.recv(65536).startswith(b"HTTP/1.1 503")


def test_a_server_that_stops_answers_whom_it_has_and_refuses_others_at_once() -> None:
    with stub_server() as port, connect(port) as early:
        early.sendall(GET % b"/sleep?seconds=3")
        time.sleep(0.5)
        psutil.Process().children()[-1].terminate()
        time.sleep(1)
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        assert early.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_new_client_takes_the_place_of_the_one_that_was_silent_for_longest() -> None:
    with stub_server(files=230) as port, ExitStack() as stack:
        clients = [stack.enter_context(connect(port)) for _ in range(60)]
        assert within(port).startswith(b"HTTP/1.1 200")
        clients[-1].sendall(GET % b"/")
        assert clients[-1].recv(65536).startswith(b"HTTP/1.1 200")
        assert clients[0].recv(65536) == b""


def test_a_client_that_has_gone_is_noticed(port: int) -> None:
    with connect(port) as client:
        client.sendall(GET % b"/watched")
        time.sleep(0.2)
    assert ask(port, GET % b"/was_noticed").endswith(b"True")


def test_a_client_that_asks_whether_to_go_on_is_told_so_once(port: int) -> None:
    with connect(port) as client:
        client.sendall(
            HEAD + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"
        )
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        response = b"".join(iter(lambda: client.recv(65536), b""))
    assert response.startswith(b"HTTP/1.1 200")
    assert response.endswith(b"\r\n\r\n3\n")


def test_requests_in_pieces_and_several_at_once_are_all_answered(port: int) -> None:
    one = HEAD + b"Content-Length: 5\r\n\r\nhello"
    with connect(port) as client:
        for piece in (
            one[:7],
            one[7:60],
            one[60:-2],
            one[-2:] + one + one[:30],
            one[30:] + GET % b"/",
        ):
            client.sendall(piece)
            time.sleep(0.05)
        response = b"".join(iter(lambda: client.recv(65536), b""))
    assert response.count(b"HTTP/1.1 200 OK") == 4
    assert response.count(b"\r\n\r\n5\n") == 3


def test_idle_connections_do_not_delay_the_end() -> None:
    with ExitStack() as stack:
        with stub_server() as port:
            clients = [stack.enter_context(connect(port)) for _ in range(20)]
            clients[0].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert clients[0].recv(65536).startswith(b"HTTP/1.1 200")
            start = time.monotonic()
        assert time.monotonic() - start < 8


def test_a_large_answer_arrives_whole(port: int) -> None:
    with connect(port) as client:
        client.sendall(GET % b"/bytes?number=8000000")
        time.sleep(0.5)
        response = b"".join(iter(lambda: client.recv(65536), b""))
    assert len(response.partition(b"\r\n\r\n")[2]) == 8_000_000


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_an_answer_that_is_cut_ends_with_a_reset(port: int, version: bytes) -> None:
    with connect(port) as client:
        client.sendall(
            b"GET /cut HTTP/%s\r\nHost: localhost\r\nConnection: close\r\n\r\n" % version
        )
        with pytest.raises(ConnectionResetError):
            list(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        (b"SCRIPT_NAME: /environ", b"SCRIPT_NAME", b""),
        (b"PATH_INFO: /health", b"PATH_INFO", b"/environ"),
        (b"X-Forwarded-Proto: https", b"wsgi.url_scheme", b"http"),
        (b"X-Forwarded-Ssl: on", b"wsgi.url_scheme", b"http"),
    ],
)
def test_a_client_on_this_machine_cannot_pass_for_a_proxy(
    port: int, header: bytes, name: bytes, value: bytes
) -> None:
    request = (
        b"GET /environ?name=%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n\r\n"
        % (name, header)
    )
    head, _, body = ask(port, request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == value


def test_chunks_that_nobody_read_and_are_malformed_end_the_connection(port: int) -> None:
    request = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"
    )
    assert ask(port, request).count(b"HTTP/1.1") == 1
