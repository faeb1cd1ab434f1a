"""How fast files come in and go out, beside COPY: ``python -m benchmarks.transfer``.

``manage.py import_data`` and ``export_data``, of events and of customers, into and from a file. The
limits are COPY of the same columns: FROM STDIN into Traitly's own tables with all their indexes,
and TO STDOUT. Processor time is of the command and of PostgreSQL together; a ratio of it is
steadier than one of rates.
"""

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import psutil

from benchmarks import workloads
from benchmarks.contestants import TRAITLY
from benchmarks.measure import Dataset, Testbed
from benchmarks.processes import ROOT, cpu_ms

COLUMNS = {
    "events": "account_id, id, customer_id, name, created_at, received_at, custom_attributes",
    "customers": "account_id, id, customer_id, name, email, plan, monthly_payment_amount, location, custom_attributes, "
    "created_at, updated_at",
}
TABLES = {"events": "events_event", "customers": "customers_customer"}


class Moved(NamedTuple):
    """What a run moved and took."""

    rows: int
    seconds: float
    cpu_seconds: float
    memory_mb: float


def rows_of(kind: str, number: int) -> Iterator[bytes]:
    """Lines to import."""
    for n in range(number):
        row: dict[str, Any] = {"customer_id": f"customer-{n}", "created_at": 1_700_000_000 + n}
        if kind == "events":
            row |= {"name": workloads.NAMES[n % len(workloads.NAMES)], "id": f"event-{n:09}"}
            row["custom_attributes"] = {
                "order": n,
                "source": "web",
                "plan": "Atom",
                "first": n % 2 == 0,
            }
        else:
            row |= {
                "name": f"Customer {n}",
                "email": f"customer-{n}@example.com",
                "plan": workloads.PLANS[n % 5],
            }
            row |= {"monthly_payment_amount": n % 1000, "location": "Berlin"}
            row["custom_attributes"] = {"role": "manager", "logins": n}
        yield orjson.dumps(row) + b"\n"


class Transfer:
    """Runs on one testbed."""

    def __init__(self, testbed: Testbed, dataset: Dataset, folder: Path) -> None:
        self._testbed, self._dataset, self._folder = testbed, dataset, folder

    def command(self, *arguments: str) -> tuple[float, float]:
        """Run a management command; its seconds by CPU, and its memory at the peak in MiB."""
        environment = TRAITLY.variables(
            self._testbed.postgres.url(self._dataset.database), self._folder
        )
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments, "--account", str(self._dataset.accounts[0])],
            cwd=ROOT,
            env={**dict(psutil.Process().environ()), **environment},
            stderr=subprocess.DEVNULL,
        )
        watched, spent, peak = psutil.Process(process.pid), 0.0, 0.0
        while process.poll() is None:
            try:
                times = watched.cpu_times()
                spent, peak = (
                    times.user + times.system,
                    max(peak, watched.memory_info().rss / 2**20),
                )
            except psutil.NoSuchProcess:
                break
            time.sleep(0.02)
        if process.wait():
            raise RuntimeError(f"{arguments} failed")
        return spent, peak

    def copy(self, statement: str, file: Any, *, out: bool) -> tuple[float, float]:
        """Run a COPY in this process."""
        before = psutil.Process().cpu_times()
        with (
            closing(self._testbed.postgres.connect(self._dataset.database)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.copy_expert(statement, file, 2**20) if out else cursor.copy_expert(
                statement, file
            )
        after = psutil.Process().cpu_times()
        return after.user + after.system - before.user - before.system, 0.0

    def timed(self, rows: int, move: Callable[[], tuple[float, float]]) -> Moved:
        """What a run took, PostgreSQL included."""
        self._testbed.vacuum(self._dataset.database)
        postgres = self._testbed.postgres.process
        before, begin = cpu_ms(postgres), time.monotonic()
        spent, peak = move()
        return Moved(
            rows, time.monotonic() - begin, spent + (cpu_ms(postgres) - before) / 1000, peak
        )

    def clear(self) -> None:
        """Empty tables, so that every run stores the same."""
        self._testbed.postgres.run(
            self._dataset.database,
            "TRUNCATE events_event, customers_customer, customers_change, customers_history",
        )


def run(transfer: Transfer, kind: str, number: int, folder: Path) -> Iterator[tuple[str, Moved]]:
    """In by the command, out by the command, out by COPY, in by COPY, and in again where everything is known."""
    file, out = folder / f"{kind}.ndjson", folder / f"{kind}-out.ndjson"
    with file.open("wb") as stream:
        stream.writelines(rows_of(kind, number))
    table, columns = TABLES[kind], COLUMNS[kind]
    transfer.clear()
    yield (
        "import_data",
        transfer.timed(number, lambda: transfer.command("import_data", kind, str(file))),
    )
    yield (
        "import_data again",
        transfer.timed(number, lambda: transfer.command("import_data", kind, str(file))),
    )
    yield (
        "export_data",
        transfer.timed(number, lambda: transfer.command("export_data", kind, str(out))),
    )
    copied = io.BytesIO()
    copy_out = f"COPY (SELECT {columns} FROM {table} ORDER BY account_id, id) TO STDOUT"
    yield "COPY out", transfer.timed(number, lambda: transfer.copy(copy_out, copied, out=True))
    json_out = f"COPY (SELECT row_to_json(row) FROM (SELECT {columns} FROM {table} ORDER BY account_id, id) AS row) TO STDOUT"
    yield (
        "COPY out as JSON",
        transfer.timed(number, lambda: transfer.copy(json_out, io.BytesIO(), out=True)),
    )
    transfer.clear()
    copied.seek(0)
    yield (
        "COPY in",
        transfer.timed(
            number, lambda: transfer.copy(f"COPY {table} ({columns}) FROM STDIN", copied, out=False)
        ),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="%(default)s")
    options = parser.parse_args()
    with Testbed() as testbed, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        transfer = Transfer(testbed, testbed.prepare(TRAITLY, 1_000), folder)
        print("| | rows | rows/s | CPU µs a row | memory MiB |\n|---|---|---|---|---|")
        for kind in TABLES:
            for what, moved in run(transfer, kind, options.rows, folder):
                rate, cpu = moved.rows / moved.seconds, 1e6 * moved.cpu_seconds / moved.rows
                print(
                    f"| {kind}, {what} | {moved.rows:,} | {rate:,.0f} | {cpu:.1f} | {moved.memory_mb or 0:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
