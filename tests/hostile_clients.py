"""What clients that mean harm cost a real server: ``python -m tests.hostile_clients`` (five minutes) prints the figures
of docs/reliability.md. The test suite shows the same in small (test_slow_clients.py); here are the
numbers of an attack.
"""

import gzip
import os
import resource
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traitly.settings")

from tests.server import Server, running_server

_LIMIT = 16 * 1024 * 1024
_CLIENTS = 64


def _received(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def _post(server: Server, length: object, more: str = "") -> bytes:
    return (
        f"POST /api/v1/event HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {server.key}\r\n"
        f"Content-Length: {length}\r\n{more}\r\n"
    ).encode()


def _drip(clients: list[socket.socket], rest: bytes, over: threading.Event) -> None:
    for byte in rest:
        if over.wait(1):
            return
        for client in clients:
            with suppress(OSError):
                client.sendall(bytes([byte]))


@contextmanager
def _attack(server: Server, number: int, sent: bytes, dripped: bytes = b"") -> Iterator[None]:
    """So many clients that send this, and then a byte a second each."""
    over = threading.Event()
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(number)]
        for client in clients:
            client.sendall(sent)
        dripping = threading.Thread(target=_drip, args=(clients, dripped, over))
        dripping.start()
        time.sleep(2)
        try:
            yield
        finally:
            over.set()
            dripping.join()


def _worst(server: Server, requests: int = 40) -> str:
    """How long another client waits for /health and for the answer to a POST, at worst."""
    event = b'{"customer_id": "1", "name": "Logged in"}'
    post = _post(server, len(event), "Connection: close\r\n") + event
    worst = {}
    for name, request in (("/health", b"GET /health HTTP/1.0\r\n\r\n"), ("POST", post)):
        times = []
        for _ in range(requests):
            start = time.monotonic()
            with server.connect() as client:
                client.sendall(request)
                response = _received(client)
            assert b" 20" in response[:12], response[:300]
            times.append(time.monotonic() - start)
        worst[name] = max(times)
    return ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in worst.items())


def _processes(server: Server) -> list[psutil.Process]:
    assert server.process
    master = psutil.Process(server.process.pid)
    return [each for each in [master, *master.children(recursive=True)] if "python" in each.name()]


def _memory(server: Server) -> float:
    """MB of the server's own processes; what they share counts once."""
    return sum(each.memory_full_info().pss for each in _processes(server)) / 1e6


BODIES: dict[str, Callable[[], bytes]] = {
    "a million empty objects": lambda: b"[" + b"{}," * (2**20 - 10) + b"{}]",
    "ten thousand items of a hundred wrong fields": lambda: (
        b"["
        + b",".join(b"{%s}" % b",".join(b'"%d":[]' % n for n in range(100)) for _ in range(10_000))
        + b"]"
    ),
    "an item of four million numbers": lambda: (
        b'{"customer_id":"1","name":"a","b":[' + b"1.5," * (2**22 - 99) + b"1]}"
    ),
    "an item of a million names": lambda: (
        b'{"customer_id":"1","name":"a",'
        + b",".join(b'"%x":0' % n for n in range(1_200_000))
        + b"}"
    ),
    "one long text": lambda: (
        b'{"customer_id":"1","name":"a","b":"' + "\U0001f600".encode() * (2**22 - 20) + b'"}'
    ),
    "lists in lists": lambda: b"[" + b"[[[[[]]]]]," * 200_000 + b"1]",
    "ten thousand valid events": lambda: (
        b"["
        + b",".join(
            b'{"customer_id":"%d","name":"a","b":"%s"}' % (n, b"x" * 1500) for n in range(10_000)
        )
        + b"]"
    ),
}


def _send_large(server: Server, body: bytes, seen: Counter[str]) -> None:
    try:
        with server.connect() as client:
            client.settimeout(120)
            client.sendall(
                _post(server, len(body), "Content-Encoding: gzip\r\nConnection: close\r\n") + body
            )
            seen[_received(client)[9:12].decode()] += 1
    except OSError as error:
        seen[type(error).__name__] += 1


def _large_bodies(server: Server, name: str, body: bytes) -> None:
    packed = gzip.compress(body, 9)
    seen: Counter[str] = Counter()
    threads = [
        threading.Thread(target=_send_large, args=(server, packed, seen)) for _ in range(_CLIENTS)
    ]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    most = worst = 0.0
    while any(thread.is_alive() for thread in threads):
        most = max(most, _memory(server))
        asked = time.monotonic()
        with server.connect() as client:
            client.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            client.recv(100)
        worst = max(worst, time.monotonic() - asked)
        time.sleep(0.05)
    took = time.monotonic() - start
    time.sleep(1)
    print(
        f"{_CLIENTS} times {name} ({len(body) / 1e6:.1f} MB, gzip {len(packed) / 1e3:.0f} KB): at most {most:.0f} MB, "
        f"{_memory(server):.0f} MB after; {took:.0f} s; answers {dict(seen)}; /health at worst {worst * 1000:.0f} ms",
        flush=True,
    )


def main() -> None:
    """Run all attacks, or those whose names contain the first argument."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        Path(folder).chmod(0o755)
        print(f"at rest: {_worst(server)}, {_memory(server):.0f} MB")
        head = f"GET /api/v1/customer HTTP/1.1\r\nAuthorization: Token {server.key}\r\n"
        long = _post(server, 10_000_000)
        attacks = {
            "160 connections that send nothing": (160, b"", b""),
            "1,900 idle connections": (
                1_900,
                b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
                b"",
            ),
            "500 heads, a byte a second": (500, head.encode(), b"X-Slow: " + b"x" * 60),
            "500 bodies, a byte a second": (500, _post(server, 100), b"x" * 60),
            "64 long bodies, a byte a second": (64, long, b"x" * 60),
            "64 chunked bodies, a byte a second": (
                64,
                long.replace(b"Content-Length: 10000000", b"Transfer-Encoding: chunked")
                + b"ffff\r\n",
                b"x" * 60,
            ),
        }
        for name, (number, sent, dripped) in attacks.items():
            if wanted in name:
                with _attack(server, number, sent, dripped):
                    print(f"{name}: {_worst(server)}", flush=True)
        for name, make in BODIES.items():
            if wanted in name:
                _large_bodies(server, name, make())


if __name__ == "__main__":
    main()
