"""``python -m tests.faults.soak --minutes 60``: half the load that a server holds, and what its processes grow by.

A server with one web worker and the background worker, with an embedded PostgreSQL and a webhook
that takes everything. First every client asks as fast as it can, which gives the load that is held;
then all of them together ask half as often. Private memory (USS) and open files of each process are
looked at every half a minute. The exit status is 1 if one that lived throughout grew by 5 % or more
after the warm-up, or the number of files or of database sessions did.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import psutil

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traitly.settings")

from tests.faults.clients import HttpClient, receiving
from tests.postgres.processes import postgres_processes
from tests.server import ROOT, Server, running_server

_CLIENTS = 4
_CALIBRATION_SECONDS = 20
_SAMPLE_SECONDS = 30
_BEHIND_SECONDS = 5  # a client that is so late lets go of what it should have asked meanwhile
_ALLOWED_GROWTH = 0.05
_ALLOWED_BYTES = 512 * 1024  # a small process: 5 % of it is less than a page table's noise
_CUSTOMERS = 2_000


def _event(number: int) -> dict[str, Any]:
    return {
        "customer_id": str(number % _CUSTOMERS),
        "name": f"Event {number % 7}",
        "plan": "Starter",
        "n": number,
    }


def _customer(number: int) -> dict[str, Any]:
    key = str(number % _CUSTOMERS)
    return {
        "customer_id": key,
        "name": "x",
        "email": "a@example.com",
        "plan": f"Plan {number % 5}",
        "n": number,
    }


def _one_request(client: HttpClient, number: int) -> int:
    """Mostly writes, as servers of this kind see them; pages, streams, the feed, and requests that are refused."""
    key = str(number % _CUSTOMERS)
    accept = {"Accept": random.choice(["text/csv", "application/x-ndjson"])}
    choice = random.random()
    if choice < 0.6:
        status, *_ = client.ask("POST", "event", _event(number))
    elif choice < 0.65:
        status, *_ = client.ask("POST", "event", [_event(number + each) for each in range(100)])
    elif choice < 0.75:
        status, *_ = client.ask("POST", "customer", _customer(number))
    elif choice < 0.85:
        status, *_ = client.ask("GET", f"customer/{key}/event?sort=-created_at&limit=20")
    elif choice < 0.9:
        status, *_ = client.ask("GET", f"event?customer_id={key}&name=Event%201")
    elif choice < 0.95:
        status, *_ = client.ask("GET", "customer?plan=Plan%201&limit=100")
    elif choice < 0.96:
        status, *_ = client.ask("GET", "customer?plan=Plan%202", headers=accept)
    elif choice < 0.98:
        status, *_ = client.ask("GET", "feed?limit=100")
    else:
        status, *_ = client.ask("POST", "event", {"customer_id": "", "nam": number})
    return status


class Load:
    """Clients that ask as often as ``interval`` says; 0 is as fast as they can."""

    def __init__(self, server: Server) -> None:
        self.interval = 0.0
        self.statuses: Counter[int] = Counter()
        self.behind = 0
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(server, each)) for each in range(_CLIENTS)
        ]

    def _run(self, server: Server, number: int) -> None:
        client = HttpClient(server, timeout=30)
        due = time.monotonic()
        while not self._over.is_set():
            number += _CLIENTS
            self.statuses[_one_request(client, number)] += 1
            now = time.monotonic()
            due = due + self.interval if self.interval else now
            if due > now:
                self._over.wait(due - now)
            elif now > due + _BEHIND_SECONDS:
                self.behind += 1
                due = now

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


class Sample(NamedTuple):
    """A process at a moment."""

    name: str
    uss: int
    files: int


def _processes(
    server: Server, worker: "subprocess.Popen[bytes]"
) -> Iterator[tuple[str, psutil.Process]]:
    assert server.process
    master = psutil.Process(server.process.pid)
    yield "gunicorn, master", master
    yield from (("gunicorn, worker", each) for each in master.children())
    yield "background worker", psutil.Process(worker.pid)
    for pid in postgres_processes(Path(server.environment["TRAITLY_DATA_DIR"])):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            title = " ".join(process.cmdline())
            what = (
                "session"
                if "[local]" in title
                else title.partition("postgres: ")[2].strip() or "postmaster"
            )
            yield f"PostgreSQL, {what}", process


def _samples(server: Server, worker: "subprocess.Popen[bytes]") -> dict[int, Sample]:
    found = {}
    for name, process in _processes(server, worker):
        with suppress(psutil.NoSuchProcess):
            found[process.pid] = Sample(name, process.memory_full_info().uss, process.num_fds())
    return found


def _mean(samples: list[Sample], what: str) -> float:
    return float(statistics.mean(getattr(sample, what) for sample in samples))


def _report(history: list[tuple[float, dict[int, Sample]]], warm_up: float) -> bool:
    """Print the table; whether nothing grew. The first and the last tenth of what follows the warm-up are compared."""
    kept = [samples for minute, samples in history if minute >= warm_up]
    tenth = max(len(kept) // 10, 1)
    of_process: dict[int, list[Sample]] = defaultdict(list)
    for samples in kept:
        for pid, sample in samples.items():
            of_process[pid].append(sample)
    fine = True
    print(
        f"\n{'process':28} {'pid':>8} {'MB after warm-up':>17} {'at the end':>11} {'growth':>8} {'files':>9}"
    )
    for pid, seen in sorted(of_process.items(), key=lambda item: item[1][0].name):
        if len(seen) < len(kept):
            continue  # it did not live throughout: a session that was closed, an autovacuum worker
        before, after = _mean(seen[:tenth], "uss"), _mean(seen[-tenth:], "uss")
        files = seen[0].files, seen[-1].files
        grew = after / before - 1 >= _ALLOWED_GROWTH and after - before >= _ALLOWED_BYTES
        fine &= not grew
        print(
            f"{seen[0].name:28} {pid:8} {before / 1e6:17.1f} {after / 1e6:11.1f} {after / before - 1:8.1%} "
            f"{files[0]:4}>{files[1]:4}{'  GREW' if grew else ''}"
        )
    sessions = [
        sum(sample.name == "PostgreSQL, session" for sample in samples.values()) for samples in kept
    ]
    workers = [
        sum(s.files for s in samples.values() if s.name == "gunicorn, worker") for samples in kept
    ]
    print(f"database sessions {sessions[0]} > {sessions[-1]}, at most {max(sessions)}")
    print(f"files of the web worker {workers[0]} > {workers[-1]}, at most {max(workers)}")
    return fine and sessions[-1] <= sessions[0] + 2 and workers[-1] <= workers[0] + 8


def _soak(
    server: Server, worker: "subprocess.Popen[bytes]", minutes: float, taken: list[Any]
) -> bool:
    history: list[tuple[float, dict[int, Sample]]] = []
    with Load(server) as load:
        time.sleep(_CALIBRATION_SECONDS)
        held = sum(load.statuses.values()) / _CALIBRATION_SECONDS
        load.interval = 2 * _CLIENTS / held
        print(
            f"held: {held:.0f} requests/s of {_CLIENTS} clients; from now on {held / 2:.0f}",
            flush=True,
        )
        load.statuses.clear()
        start = time.monotonic()
        while (minute := (time.monotonic() - start) / 60) < minutes:
            history.append((minute, _samples(server, worker)))
            web = [
                sample for sample in history[-1][1].values() if sample.name == "gunicorn, worker"
            ]
            print(
                f"minute {minute:.1f}: {sum(load.statuses.values())} requests, "
                f"web worker {sum(sample.uss for sample in web) / 1e6:.1f} MB, {len(history[-1][1])} processes",
                flush=True,
            )
            time.sleep(_SAMPLE_SECONDS)
        took = time.monotonic() - start
    requests = sum(load.statuses.values())
    print(
        f"\n{requests} requests in {took / 60:.0f} minutes, {requests / took:.0f}/s: {dict(load.statuses)}"
    )
    print(
        f"{len(taken)} entries sent to the webhook; {load.behind} times a client was {_BEHIND_SECONDS} s behind"
    )
    return _report(history, warm_up=min(10.0, minutes / 4))


def main() -> None:
    """Soak for so many minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    taken: list[Any] = []
    os.environ["WEBHOOK_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        receiving(taken.extend) as url,
        running_server(Path(folder), settings={"WEB_WORKERS": "1"}) as server,
    ):
        client = HttpClient(server)
        status, content, _ = client.ask("POST", "webhook", {"url": url, "batch": 1000})
        assert status == 201, content
        client.close()
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "run_worker"],
            cwd=ROOT,
            env=server.environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            fine = _soak(server, worker, minutes, taken)
        finally:
            worker.terminate()
            worker.wait(30)
    sys.exit(not fine)


if __name__ == "__main__":
    main()
