"""Citus beside plain PostgreSQL, and the move from one to the other under load (docs/scale.md).

    python -m benchmarks.citus ratios PLAIN_URL CITUS_URL    # throughput and CPU of both, in turns
    python -m benchmarks.citus move CITUS_URL --concurrently # distribute while clients write

The URLs name empty databases on this machine. That of Citus has the extension on each node, and the
nodes are joined.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from benchmarks import workloads
from benchmarks.contestants import TRAITLY
from benchmarks.load import drive
from benchmarks.postgres import free_port
from benchmarks.processes import ROOT, Service, cpu_ms, wait_until_idle

ACCOUNTS = 8  # their shards lie on both workers
WORKLOADS = (workloads.LIST, workloads.SINGLE, workloads.UPSERT, workloads.UPSERTS, workloads.BATCH)
_TURNS = """
SELECT customer_id, (custom_attributes ->> 'turn')::int FROM customers_customer WHERE customer_id LIKE 'moved-%'
"""
_NODES = "SELECT nodename, nodeport FROM pg_dist_node"


class Database:
    """A database with accounts and rows, on PostgreSQL or on a cluster, and the server for it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.variables = TRAITLY.variables(url, folder)
        self.keys: list[str] = []
        self.requests = folder / "requests"

    def run(self, statement: str, parameters: Any = None, **node: Any) -> list[tuple[Any, ...]]:
        """Run a statement outside of a transaction; its rows."""
        with closing(
            psycopg2.connect(self.url, options="-c statement_timeout=0", **node)
        ) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def make(self, events: int, *, distribute: bool) -> None:
        """Tables, accounts and rows."""
        self.keys = TRAITLY.make_accounts(self.variables, ACCOUNTS)
        if distribute:
            self.manage("distribute")
        accounts = [account for (account,) in self.run(TRAITLY.accounts)]
        parameters = {
            "accounts": accounts,
            "active": workloads.active_customers(events),
            "events": events,
        }
        for statement in (workloads.FILL_EVENTS, workloads.FILL_CUSTOMERS):
            self.run(statement.replace("uuidv7()", "gen_random_uuid()"), parameters)
        self.run(workloads.FILL_CHANGES)
        self.run("VACUUM (ANALYZE)")

    def manage(self, *arguments: str) -> str:
        """Run a management command; what it prints."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout

    @contextmanager
    def served(self) -> Iterator[Service]:
        """Its server."""
        port = free_port()
        command = [part.format(port=port) for part in TRAITLY.serve]
        with Service("citus", command, port, self.variables) as service:
            yield service

    def postmasters(self) -> list[psutil.Process]:
        """The servers of all nodes."""
        nodes: list[dict[str, Any]] = [{}]
        if self.run("SELECT FROM pg_extension WHERE extname = 'citus'"):
            nodes = [{"host": host, "port": port} for host, port in self.run(_NODES)]
        return [psutil.Process(_postmaster(self.url, node)) for node in nodes]


def _postmaster(url: str, node: dict[str, Any]) -> int:
    with closing(psycopg2.connect(url, **node)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return psutil.Process(cursor.fetchone()[0]).ppid()


def ratios(
    plain: Database, citus: Database, *, events: int, seconds: int, connections: int, rounds: int
) -> None:
    """Print what each kind of request costs on both."""
    plain.make(events, distribute=False)
    citus.make(events, distribute=True)
    numbers = count(workloads.FIRST_NUMBER + 10**8, 10**8)
    with plain.served() as one, citus.served() as other:
        for workload in WORKLOADS:
            found: dict[str, list[tuple[float, float, float]]] = {"plain": [], "citus": []}
            for _ in range(rounds):
                for name, database, service in (("plain", plain, one), ("citus", citus, other)):
                    found[name].append(
                        _measure(database, service, workload, next(numbers), seconds, connections)
                    )
            rows = {
                name: [statistics.median(each) for each in zip(*runs, strict=True)]
                for name, runs in found.items()
            }
            ratio = [citus / plain for plain, citus in zip(*rows.values(), strict=True)]
            for name, (per_second, server, postgres) in {**rows, "ratio": ratio}.items():
                print(
                    f"{workload.name:8} {name:6} {per_second:9.2f}/s  server {server:7.3f} ms  PostgreSQL {postgres:7.3f} ms"
                )


def _measure(
    database: Database,
    service: Service,
    workload: workloads.Workload,
    first: int,
    seconds: int,
    connections: int,
) -> tuple[float, float, float]:
    """Requests a second, and the CPU milliseconds of a request, of the server and of all PostgreSQL's nodes."""
    workloads.write_requests(
        workload,
        workloads.active_customers(100_000),
        service.port,
        database.keys,
        database.requests,
    )
    drive(service.port, database.requests, seconds=1, connections=connections, first_number=first)
    wait_until_idle(service.process)
    nodes = database.postmasters()
    before = cpu_ms(service.process), sum(map(cpu_ms, nodes))
    outcome = drive(
        service.port,
        database.requests,
        seconds=seconds,
        connections=connections,
        first_number=first + 10**7,
    )
    wait_until_idle(service.process)
    after = cpu_ms(service.process), sum(map(cpu_ms, nodes))
    requests = outcome.requests + connections
    server, postgres = ((end - begin) / requests for begin, end in zip(before, after, strict=True))
    return outcome.requests / outcome.seconds, server, postgres


@dataclass
class Clients:
    """Write events and customers of several accounts, and note what was acknowledged, and how long it took."""

    port: int
    keys: list[str]
    ending: threading.Event = field(default_factory=threading.Event)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    events: set[str] = field(default_factory=set)  # the marks of those that were acknowledged
    customers: dict[str, int] = field(default_factory=dict)  # the last turn that was acknowledged
    waits: list[tuple[float, float]] = field(
        default_factory=list
    )  # when an event was sent, and seconds

    def write(self, number: int) -> None:
        """One client's part: all that it sends has a mark of its own, and is sent again until it is acknowledged."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            for turn in count():
                if self.ending.is_set():
                    return
                mark = f"{number}-{turn}"
                event = {"customer_id": f"c{turn % 50}", "name": "Moved", "mark": mark}
                # Every other one has an id, as a client that sends again after a lost response
                # needs.
                self._send(connection, number, "event", event | ({"id": mark} if turn % 2 else {}))
                self.events.add(mark)
                if turn % 4 == 0:
                    customer = {
                        "customer_id": f"moved-{number}",
                        "name": "x",
                        "email": "a@example.com",
                        "plan": "x",
                    }
                    self._send(connection, number, "customer", customer | {"turn": turn})
                    self.customers[customer["customer_id"]] = turn

    def _send(
        self, connection: http.client.HTTPConnection, number: int, kind: str, body: dict[str, Any]
    ) -> None:
        headers = {"Authorization": f"Token {self.keys[number % len(self.keys)]}"}
        status = 0
        while status not in {http.HTTPStatus.OK, http.HTTPStatus.CREATED}:
            begin = time.monotonic()
            connection.request("POST", f"/api/v1/{kind}", json.dumps(body), headers)
            response = connection.getresponse()
            response.read()
            status = response.status
            self.statuses[kind, status] += 1
            if kind == "event":
                self.waits.append((begin, time.monotonic() - begin))
            if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
                time.sleep(0.2)


def move(citus: Database, *, events: int, concurrently: bool, clients: int) -> None:
    """Distribute while clients write; print how long they waited, and what was lost or doubled."""
    citus.make(events, distribute=False)
    with citus.served() as service:
        writing = Clients(service.port, citus.keys)
        threads = [
            threading.Thread(target=writing.write, args=(number,)) for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        try:
            time.sleep(3)
            begin = time.monotonic()
            print(citus.manage("distribute", *(["--concurrently"] if concurrently else [])), end="")
            took = time.monotonic() - begin
            time.sleep(3)
        finally:
            writing.ending.set()
            for thread in threads:
                thread.join()
    marks = Counter(
        mark
        for (mark,) in citus.run(
            "SELECT custom_attributes ->> 'mark' FROM events_event WHERE name = 'Moved'"
        )
    )
    before = [wait for sent, wait in writing.waits if sent < begin]
    during = [wait for sent, wait in writing.waits if begin <= sent + wait and sent <= begin + took]
    ((stored,),) = citus.run("SELECT count(*) FROM events_event WHERE name <> 'Moved'")
    print(f"distribute took {took:.1f} s; {events - stored} of {events:,} older events are missing")
    print(f"requests by status: {dict(writing.statuses)}")
    print(f"longest wait before {max(before):.3f} s, while distributing {max(during):.3f} s")
    print(
        f"events acknowledged {len(writing.events):,}, lost {len(writing.events - marks.keys())},",
        end=" ",
    )
    print(f"doubled {sum(times > 1 for times in marks.values())}")
    customers = dict(citus.run(_TURNS))
    print(
        f"customers {len(customers)}, whose last change is there: {customers == writing.customers}"
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["ratios", "move"])
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument(
        "--events", type=int, default=100_000, help="that are there before (100,000)"
    )
    parser.add_argument("--seconds", type=int, default=5, help="of a run (5)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--concurrently", action="store_true")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in arguments.urls]
        databases = [
            Database(url, folder) for url, folder in zip(arguments.urls, folders, strict=True)
        ]
        if arguments.command == "move":
            move(
                databases[0],
                events=arguments.events,
                concurrently=arguments.concurrently,
                clients=arguments.clients,
            )
        else:
            ratios(
                *databases,
                events=arguments.events,
                seconds=arguments.seconds,
                connections=arguments.clients,
                rounds=arguments.rounds,
            )


if __name__ == "__main__":
    main()
