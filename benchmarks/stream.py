"""How soon lists of any length begin as streams, how fast they go, and what memory: ``python -m benchmarks.stream``.

A gunicorn with one worker streams lists of 10,000 and of 1,000,000 rows to a client that throws
them away. The worker's peak of resident memory is the kernel's own figure (VmHWM), set back before
each stream. Linux only.
"""

import argparse
import http.client
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import workloads
from benchmarks.contestants import TRAITLY
from benchmarks.postgres import Postgres, free_port
from benchmarks.processes import Service
from benchmarks.report import say

FEW, MANY = 10_000, 1_000_000
MEDIA_TYPES = ("application/x-ndjson", "text/csv")
BEGINS_MS = 200  # at most
GROWS_MB = (
    8  # at most, from the short list to the long one: allocators keep some of what they were given
)

FILL = """
    INSERT INTO customers_customer (account_id, id, customer_id, name, email, plan, monthly_payment_amount, location,
                                    custom_attributes, created_at, updated_at)
    SELECT (SELECT min(id) FROM accounts_account) + %(nth)s, gen_random_uuid(), 'customer-' || i, 'Customer ' || i,
           'customer-' || i || '@example.com', 'Starter', i %% 1000, 'Berlin',
           jsonb_build_object('role', 'manager', 'account_type', 'admin', 'logins', i),
           to_timestamp(1600000000 + i), now()
    FROM generate_series(1, %(rows)s) AS i
"""
FILL_EVENTS = """
    INSERT INTO events_event (account_id, id, customer_id, name, created_at, received_at, custom_attributes)
    SELECT (SELECT min(id) FROM accounts_account) + %(nth)s, gen_random_uuid(), '15', 'Logged in',
           to_timestamp(1600000000 + i), now(), jsonb_build_object('order', i, 'source', 'web')
    FROM generate_series(1, %(rows)s) AS i
"""


class Streamed(NamedTuple):
    """One stream: what it was, when its first row came, how long it took, and the worker's memory."""

    address: str
    media_type: str
    rows: int
    megabytes: float
    begins_ms: float
    seconds: float
    memory_before_mb: float
    memory_peak_mb: float

    @property
    def problems(self) -> Iterator[str]:
        """What is not as it has to be."""
        if self.begins_ms > BEGINS_MS:
            yield f"begins after {self.begins_ms:.0f} ms"


def stream(port: int, key: str, address: str, media_type: str, worker: int) -> Streamed:
    """Read one list to its end."""
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # the peak begins anew
    before = _memory(worker, "VmRSS")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    begin = time.monotonic()
    connection.request(
        "GET", address, headers={"Authorization": f"Token {key}", "Accept": media_type}
    )
    response = connection.getresponse()
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{address}: {response.status} {response.read()!r}")
    head = response.read(
        100 if media_type == MEDIA_TYPES[0] else 300
    )  # a row's beginning, below CSV's line of names
    begins_ms = 1000 * (time.monotonic() - begin)
    size, rows = len(head), head.count(b"\n")
    while chunk := response.read(65536):
        size += len(chunk)
        rows += chunk.count(b"\n")
    seconds = time.monotonic() - begin
    connection.close()
    rows -= media_type == "text/csv"
    peak = _memory(worker, "VmHWM")
    return Streamed(address, media_type, rows, size / 2**20, begins_ms, seconds, before, peak)


def _memory(process: int, name: str) -> float:
    """MiB of a figure in /proc."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def run(options: argparse.Namespace) -> Iterator[Streamed]:
    """The short list and the long one of customers and of a customer's events, in both formats, several times."""
    sizes = (options.few, options.many)
    with Postgres() as postgres, tempfile.TemporaryDirectory(prefix="traitly-benchmark-") as folder:
        postgres.run("postgres", "CREATE DATABASE stream")
        variables = TRAITLY.variables(postgres.url("stream"), Path(folder)) | {"WEB_WORKERS": "1"}
        keys = TRAITLY.make_accounts(variables, len(sizes))
        for nth, rows in enumerate(sizes):
            say(f"making {rows:,} customers and as many events")
            for statement in (FILL, FILL_EVENTS):
                postgres.run("stream", statement, parameters={"nth": nth, "rows": rows})
        postgres.run("stream", workloads.FILL_CHANGES)
        postgres.run("stream", "VACUUM (ANALYZE)", "CHECKPOINT")
        port = free_port()
        command = [part.format(port=port) for part in TRAITLY.serve]
        with Service("stream", command, port, variables) as service:
            (worker,) = service.process.children()
            stream(
                port, keys[0], "/api/v1/customer", MEDIA_TYPES[0], worker.pid
            )  # code and pages warm
            for _ in range(options.runs):
                for address in ("/api/v1/customer", "/api/v1/customer/15/event"):
                    for media_type in MEDIA_TYPES:
                        for key, rows in zip(keys, sizes, strict=True):
                            found = stream(port, key, address, media_type, worker.pid)
                            if found.rows != rows:
                                raise RuntimeError(f"{address}: {found.rows:,} rows of {rows:,}")
                            say(line(found))
                            yield found


def line(found: Streamed) -> str:
    """A row of the table."""
    return (
        f"| `{found.address}` | {found.media_type} | {found.rows:,} | {found.megabytes:.0f} | {found.begins_ms:.0f} "
        f"| {found.seconds:.1f} | {found.rows / found.seconds:,.0f} | {found.memory_before_mb:.1f} "
        f"| {found.memory_peak_mb:.1f} |"
    )


def main() -> None:
    """Measure and print; ends with 1 where a stream begins late or memory grows with the list."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    options.add_argument("--few", type=int, default=FEW, help="%(default)s")
    options.add_argument("--many", type=int, default=MANY, help="%(default)s")
    options.add_argument("--runs", type=int, default=2, help="%(default)s")
    found = list(run(parsed := options.parse_args()))
    print(
        "| address | | rows | MiB | first row after ms | s | rows/s | worker's MiB before | at its peak |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    print("\n".join(map(line, found)))
    problems = [f"{line(each)} {problem}" for each in found for problem in each.problems]
    short, long = (
        max(each.memory_peak_mb for each in found if each.rows == rows)
        for rows in (parsed.few, parsed.many)
    )
    if long > short + GROWS_MB:
        problems.append(f"the long lists took {long - short:.1f} MiB more than the short ones")
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
