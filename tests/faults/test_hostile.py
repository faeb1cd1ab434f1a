"""Clients that mean harm, by the thousand and without a proxy in front: others are answered, memory stays bounded."""

import gzip
import os
import random
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest

from tests.faults.clients import HttpClient, programs_per_processor
from tests.server import Server, running_server

pytestmark = pytest.mark.xdist_group("faults")

GARBAGE = int(os.environ.get("FAULTS_GARBAGE", "100000"))
_MAX_MEGABYTES = 600  # of a master and two workers, which have some 100 at rest
_EVENT = b'{"customer_id": "1", "name": "x"}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    folder = tmp_path_factory.mktemp("hostile")
    folder.chmod(0o755)
    with running_server(folder) as running:
        _seconds_for_others(running)
        yield running


def _head(server: Server, more: str) -> bytes:
    return (
        f"POST /api/v1/event HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n{more}\r\n"
    ).encode()


def _seconds_for_others(server: Server, times: int = 20) -> float:
    """The longest that another client waits for an event to be stored, and for /health, each on a new connection."""
    worst = 0.0
    for _ in range(times):
        start = time.monotonic()
        client = HttpClient(server)
        status, content, _ = client.ask("POST", "event", {"customer_id": "1", "name": "x"})
        client.close()
        worst = max(worst, time.monotonic() - start)
        assert status == 201, content
        start = time.monotonic()
        with server.connect() as sock:
            sock.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            assert b" 200 " in sock.recv(100)
        worst = max(worst, time.monotonic() - start)
    return worst


def _megabytes(server: Server) -> float:
    """Of gunicorn's processes; what they share counts once."""
    assert server.process
    master = psutil.Process(server.process.pid)
    return sum(each.memory_full_info().pss for each in [master, *master.children()]) / 1e6


class _Most:
    megabytes = 0.0


@contextmanager
def _watched(server: Server) -> Iterator[_Most]:
    """The most memory that the server has while the block runs."""
    over, most = threading.Event(), _Most()

    def watch() -> None:
        while not over.wait(0.1):
            with suppress(psutil.NoSuchProcess):
                most.megabytes = max(most.megabytes, _megabytes(server))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


@contextmanager
def _drip(clients: list[socket.socket]) -> Iterator[None]:
    """A byte a second on each connection."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(1):
            for client in clients:
                with suppress(OSError):
                    client.send(b"x")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("what", ["headers", "bodies"])
def test_500_clients_that_send_a_byte_a_second(server: Server, what: str) -> None:
    begin = (
        _head(server, "Content-Length: 100\r\n")
        if what == "bodies"
        else _head(server, "X-Slow: ")[:-2]
    )
    with ExitStack() as stack, _watched(server) as most:
        clients = [stack.enter_context(server.connect()) for _ in range(500)]
        for client in clients:
            client.sendall(begin)
        with _drip(clients):
            time.sleep(2)
            worst = _seconds_for_others(server)
    print(f"500 slow {what}: others within {worst:.2f} s, {most.megabytes:.0f} MB at most")
    assert worst < programs_per_processor()  # a second, where processors are free
    assert most.megabytes < _MAX_MEGABYTES


def test_2000_idle_clients(server: Server) -> None:
    with ExitStack() as stack, _watched(server) as most:
        for _ in range(2000):
            client = stack.enter_context(server.connect())
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b" 200 " in client.recv(4096)
        worst = _seconds_for_others(server)
    print(f"2,000 idle: others within {worst:.2f} s, {most.megabytes:.0f} MB at most")
    assert worst < programs_per_processor()  # a second, where processors are free
    assert most.megabytes < _MAX_MEGABYTES


def test_gzip_bombs(server: Server) -> None:
    """16 KB that would be 16 MiB, or 1 MB that would be a gigabyte, from 64 clients at once."""
    bombs = [
        gzip.compress(bytes(16 * 2**20)),
        gzip.compress(bytes(2**30), 9),
        gzip.compress(gzip.compress(bytes(2**28))),
    ]
    statuses: Counter[bytes] = Counter()

    def send(bomb: bytes) -> None:
        with server.connect() as client, suppress(OSError):
            client.settimeout(60)
            client.sendall(
                _head(server, f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n") + bomb
            )
            statuses[client.recv(65536)[9:12]] += 1

    threads = [
        threading.Thread(target=send, args=[bombs[number % len(bombs)]]) for number in range(64)
    ]
    with _watched(server) as most:
        for thread in threads:
            thread.start()
        worst = _seconds_for_others(server)
        for thread in threads:
            thread.join()
    print(
        f"64 gzip bombs: {dict(statuses)}; others within {worst:.2f} s, {most.megabytes:.0f} MB at most"
    )
    assert statuses.keys() <= {b"400", b"413", b"503"}
    assert worst < programs_per_processor()  # a second, where processors are free
    assert most.megabytes < _MAX_MEGABYTES


def _garbage(server: Server) -> list[Callable[[random.Random], bytes]]:
    valid = _head(server, f"Content-Length: {len(_EVENT)}\r\nConnection: close\r\n") + _EVENT

    def changed(chance: random.Random) -> bytes:
        data = bytearray(valid)
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)

    def body(chance: random.Random) -> bytes:
        content = chance.randbytes(chance.randint(1, 300))
        return _head(server, f"Content-Length: {len(content)}\r\nConnection: close\r\n") + content

    def query(chance: random.Random) -> bytes:
        noise = chance.randbytes(40).hex()
        return f"GET /api/v1/customer?{noise}=%{noise[:2]}&sort={noise} HTTP/1.0\r\nAuthorization: Token {server.key}\r\n\r\n".encode()

    return [lambda chance: chance.randbytes(chance.randint(1, 300)), changed, body, query]


def test_garbage(server: Server) -> None:
    """Random bytes, requests with some bytes changed, bodies that are none, parameters that are none."""
    kinds = _garbage(server)
    statuses: Counter[bytes] = Counter()
    lock, threads_number = threading.Lock(), 8

    def send(seed: int) -> None:
        chance = random.Random(seed)
        seen: Counter[bytes] = Counter()
        for number in range(GARBAGE // threads_number):
            with suppress(OSError), server.connect() as client:
                client.settimeout(0.5)
                client.sendall(kinds[number % len(kinds)](chance))
                client.shutdown(socket.SHUT_WR)
                seen[client.recv(4096)[9:12]] += 1
        with lock:
            statuses.update(seen)

    threads = [threading.Thread(target=send, args=[seed]) for seed in range(threads_number)]
    worst = 0.0
    with _watched(server) as most:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            worst = max(worst, _seconds_for_others(server, times=2))
            time.sleep(0.5)
    print(
        f"{GARBAGE} requests of garbage: {dict(statuses)}; others within {worst:.2f} s, {most.megabytes:.0f} MB at most"
    )
    assert b"500" not in statuses
    assert sum(statuses.values()) > 0.5 * GARBAGE
    assert worst < programs_per_processor()  # a second, where processors are free
    assert most.megabytes < _MAX_MEGABYTES


_SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHAPES = {
    "both lengths": (
        f"Content-Length: {len(_SMUGGLED) + 5}\r\nTransfer-Encoding: chunked\r\n",
        b"0\r\n\r\n" + _SMUGGLED,
    ),
    "two lengths": (f"Content-Length: 0\r\nContent-Length: {len(_SMUGGLED)}\r\n", _SMUGGLED),
    "a list of lengths": (f"Content-Length: 0, {len(_SMUGGLED)}\r\n", _SMUGGLED),
    "a signed length": (f"Content-Length: +{len(_SMUGGLED)}\r\n", _SMUGGLED),
    "a length in hex": (f"Content-Length: 0x{len(_SMUGGLED):x}\r\n", _SMUGGLED),
    "a length with a space in the name": (f"Content-Length : {len(_SMUGGLED)}\r\n", _SMUGGLED),
    "a length on a folded line": (f"Content-Length:\r\n {len(_SMUGGLED)}\r\n", _SMUGGLED),
    "an encoding that is not chunked": (
        "Transfer-Encoding: xchunked\r\n",
        b"0\r\n\r\n" + _SMUGGLED,
    ),
    "chunked, and then another": (
        "Transfer-Encoding: chunked, identity\r\n",
        b"0\r\n\r\n" + _SMUGGLED,
    ),
    "chunked twice": (
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"0\r\n\r\n" + _SMUGGLED,
    ),
    "chunked after a vertical tab": (
        "Transfer-Encoding: \x0bchunked\r\n",
        b"0\r\n\r\n" + _SMUGGLED,
    ),
    "a name with an underscore": (
        f"Content_Length: {len(_SMUGGLED)}\r\nContent-Length: 5\r\n",
        b"12345" + _SMUGGLED,
    ),
    "a bare line feed": (f"X: y\nContent-Length: {len(_SMUGGLED)}\r\n", _SMUGGLED),
    "a bare carriage return": (f"X: y\rContent-Length: {len(_SMUGGLED)}\r\n", _SMUGGLED),
    "a NUL": (f"X: y\0\r\nContent-Length: {len(_SMUGGLED)}\r\n", _SMUGGLED),
    "a chunk's length with a sign": ("Transfer-Encoding: chunked\r\n", b"+0\r\n\r\n" + _SMUGGLED),
    "a chunk's length in 0x": ("Transfer-Encoding: chunked\r\n", b"0x0\r\n\r\n" + _SMUGGLED),
    "a chunk that ends by a line feed": ("Transfer-Encoding: chunked\r\n", b"0\n\n" + _SMUGGLED),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_request_is_smuggled(server: Server, shape: str) -> None:
    """Whatever two readers could read in two ways is refused, or is one request: what follows is not answered as another.

    A body of the right length may be followed by a request: then it is pipelined, and no proxy
    would see less.
    """
    headers, rest = SHAPES[shape]
    with server.connect() as client:
        client.settimeout(3)
        client.sendall(_head(server, headers) + rest)
        response = b""
        with suppress(TimeoutError, ConnectionResetError):
            while part := client.recv(65536):
                response += part
    statuses = [
        line[9:12] for line in response.split(b"HTTP/1.1")[1:] for line in [b"HTTP/1.1" + line]
    ]
    pipelined = shape == "a name with an underscore"
    assert len(statuses) <= 1 + pipelined, response
    assert statuses[:1] in ([], [b"400"], [b"501"]), response
