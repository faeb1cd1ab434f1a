"""The load generator, a process of its own: wrk where it is installed, else a small client in Python.

``python -m benchmarks.load`` is that client; it takes what load.lua takes and prints the same.
"""

import argparse
import http.client
import json
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.workloads import NUMBER

SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Outcome:
    """What the clients saw: only answers that arrived before the end count, and only 2xx are let through."""

    requests: int
    seconds: float
    bytes: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class LoadError(RuntimeError):
    """An answer was not a 2xx, or did not come: such a run says nothing."""


def tool() -> str:
    """The load generator that ``drive`` uses."""
    return "wrk" if shutil.which("wrk") else "python"


def drive(
    port: int, requests: Path, *, seconds: int, connections: int, first_number: int
) -> Outcome:
    """Send the requests of a file (see ``write_requests``) over keep-alive connections for some seconds."""
    arguments = [str(requests), NUMBER, str(first_number)]
    if tool() == "wrk":
        command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
        command += [
            f"--timeout={TIMEOUT_SECONDS}s",
            f"--script={SCRIPT}",
            f"http://127.0.0.1:{port}",
            "--",
            *arguments,
        ]
    else:
        command = [
            sys.executable,
            "-m",
            "benchmarks.load",
            str(port),
            str(connections),
            str(seconds),
            *arguments,
        ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=seconds + 2 * TIMEOUT_SECONDS + 30,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise LoadError(
            f"{tool()} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}"
        )
    seen = json.loads(lines[-1])
    errors = {kind: number for kind, number in seen.pop("errors").items() if number}
    if errors:
        raise LoadError(f"{seen['requests']} requests were answered, with errors: {errors}")
    return Outcome(**seen)


class _Clients:
    """As many threads as connections, each asking and waiting in turn."""

    def __init__(self, port: int, texts: list[bytes], first_number: int) -> None:
        self.port = port
        self.requests = [text.split(NUMBER.encode()) for text in texts]
        self.numbers, self.turns = count(first_number), count()  # next() of a count is atomic
        self.milliseconds: list[float] = []
        self.bytes = 0
        self.errors = Counter(status=0, connect=0, read=0, write=0, timeout=0)

    def ask_until(self, deadline: float) -> None:
        connection: socket.socket | None = None
        while (start := time.monotonic()) < deadline:
            try:
                if connection is None:
                    connection = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_SECONDS)
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(self._next())
                response = http.client.HTTPResponse(connection)
                response.begin()
                body = response.read()
            except TimeoutError:
                self.errors["timeout"] += 1
                return
            except (OSError, http.client.HTTPException):
                self.errors["read" if connection else "connect"] += 1
                return
            self.milliseconds.append(1000 * (time.monotonic() - start))
            self.bytes += len(body)
            self.errors["status"] += response.status not in range(200, 300)
            if response.will_close:
                connection.close()
                connection = None

    def _next(self) -> bytes:
        first, *rest = self.requests[next(self.turns) % len(self.requests)]
        return first + b"".join(b"%d%s" % (next(self.numbers), part) for part in rest)


def main() -> None:
    """Ask, and print what was seen as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("port", "connections", "seconds"):
        parser.add_argument(name, type=int)
    parser.add_argument("requests", type=Path)
    parser.add_argument("mark")
    parser.add_argument("first_number", type=int)
    options = parser.parse_args()
    texts = []
    with options.requests.open("rb") as stream:
        while line := stream.readline():
            texts.append(stream.read(int(line)))
    clients = _Clients(options.port, texts, options.first_number)
    start = time.monotonic()
    threads = [
        threading.Thread(target=clients.ask_until, args=[start + options.seconds])
        for _ in range(options.connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - start
    centiles = statistics.quantiles(clients.milliseconds or [0, 0], n=100, method="inclusive")
    print(
        json.dumps(
            {
                "requests": len(clients.milliseconds),
                "seconds": seconds,
                "bytes": clients.bytes,
                "p50_ms": centiles[49],
                "p99_ms": centiles[98],
                "max_ms": max(clients.milliseconds, default=0),
                "errors": clients.errors,
            }
        )
    )


if __name__ == "__main__":
    main()
