"""One run of one workload against one server: what the clients saw, what it cost, and whether all of it was stored."""

import http.client
import json
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Self

from benchmarks import workloads
from benchmarks.contestants import Contestant
from benchmarks.load import Outcome, drive
from benchmarks.postgres import Postgres, free_port
from benchmarks.processes import Service, cpu_ms, memory_mb, wait_until_idle
from benchmarks.workloads import Workload

# Each run numbers its requests from here on, so that what it wrote can be told from what was there.
_first_numbers = count(workloads.FIRST_NUMBER + 10**8, 10**8)


class WrongResponseError(RuntimeError):
    """A server answered or stored something else than it was asked for: its figures would mean nothing."""


@dataclass(frozen=True)
class Sample:
    """The figures of one run. CPU is per request, over the whole process tree; None where there is no such tree."""

    workload: str
    who: str
    run: int
    requests: int
    items: int
    seconds: float
    p50_ms: float
    p99_ms: float
    requests_per_second: float
    items_per_second: float
    postgres_cpu_ms: float | None = None
    server_cpu_ms: float | None = None
    memory_mb: float | None = None
    bytes_per_request: float | None = None
    parameters: dict[str, int] = field(default_factory=dict)

    @property
    def cpu_ms(self) -> float:
        """CPU per request, server and PostgreSQL together."""
        return (self.server_cpu_ms or 0) + (self.postgres_cpu_ms or 0)


def median(samples: Iterable[Sample]) -> Sample:
    """A sample with the median of each figure over several runs of the same."""
    runs = list(samples)
    medians: dict[str, Any] = {}
    for each in fields(Sample):
        values = [getattr(sample, each.name) for sample in runs]
        numeric = all(isinstance(value, int | float) for value in values)
        medians[each.name] = statistics.median(values) if numeric else values[0]
    return Sample(**medians)


@dataclass(frozen=True)
class Dataset:
    """A database that is made and filled, its accounts with a key to each, and how many customers have events."""

    database: str
    accounts: list[int]
    keys: list[str]
    active: int
    filled_at: datetime


@dataclass(frozen=True)
class Entry:
    """A contestant that is being served on a dataset; ``requests`` is the file that its load is written to."""

    contestant: Contestant
    dataset: Dataset
    service: Service
    requests: Path

    @property
    def name(self) -> str:
        """The contestant's."""
        return self.contestant.name


class Testbed:
    """PostgreSQL, and a folder for everything that is served on it."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.postgres = Postgres()
        self._folder = Path()
        self.load_average = os.getloadavg()  # of everything else on this machine

    def __enter__(self) -> Self:
        signal.signal(
            signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
        )  # leave in order then too
        self._folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="traitly-benchmark-"))
        )
        self._stack.enter_context(self.postgres)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def prepare(
        self, contestant: Contestant, events: int, *, database: str = "", accounts: int = 1
    ) -> Dataset:
        """Make a contestant's database and fill it."""
        database = database or contestant.name.replace("-", "_")
        self.postgres.run("postgres", f"CREATE DATABASE {database}")
        variables = self._variables(contestant, database)
        keys = (
            contestant.make(variables)
            if accounts == 1
            else contestant.make_accounts(variables, accounts)
        )
        made = [account for (account,) in self.postgres.run(database, contestant.accounts)]
        active = workloads.active_customers(events)
        parameters = {"accounts": made, "active": active, "events": events}
        self.postgres.run(
            database, workloads.FILL_EVENTS, workloads.FILL_CUSTOMERS, parameters=parameters
        )
        self.postgres.run(database, *contestant.also_fill)
        self.vacuum(database)
        ((filled_at,),) = self.postgres.run(database, "SELECT now()")
        return Dataset(database, made, keys, active, filled_at)

    @contextmanager
    def serve(self, contestant: Contestant, dataset: Dataset) -> Iterator[Entry]:
        """A contestant's server on a database that is ready, until the end of the ``with``."""
        port = free_port()
        command = [part.format(port=port) for part in contestant.serve]
        variables = self._variables(contestant, dataset.database)
        with Service(contestant.name, command, port, variables, contestant.folder) as service:
            yield Entry(contestant, dataset, service, self._folder / f"{contestant.name}.requests")

    def forget_added(self, dataset: Dataset) -> None:
        """Delete the events that runs have added."""
        self.postgres.run(
            dataset.database,
            "DELETE FROM events_event WHERE received_at > %(filled_at)s",
            parameters={"filled_at": dataset.filled_at},
        )
        self.vacuum(dataset.database)

    def vacuum(self, database: str) -> None:
        """Begin a run as every other begins: nothing to vacuum, statistics fresh, nothing left to write back."""
        self.postgres.run(database, "VACUUM (ANALYZE)", "CHECKPOINT")

    def stored(self, database: str) -> int:
        """How many events there are."""
        ((rows,),) = self.postgres.run(database, "SELECT count(*) FROM events_event")
        return int(rows)

    def _variables(self, contestant: Contestant, database: str) -> dict[str, str]:
        folder = self._folder / contestant.name
        folder.mkdir(exist_ok=True)
        return contestant.variables(self.postgres.url(database), folder)


def run_workload(
    testbed: Testbed, entry: Entry, workload: Workload, run: int, *, seconds: int, connections: int
) -> Sample:
    """Drive one workload, warmed up, for some seconds, and hold what was acknowledged against what is stored."""
    if workload.group != "list" and not entry.contestant.answers_constant:
        testbed.vacuum(entry.dataset.database)
    rows_before = testbed.stored(entry.dataset.database) if workload.stores else 0
    server, postgres = entry.service.process, testbed.postgres.process
    first_number = next(_first_numbers)
    server_before, postgres_before = cpu_ms(server), cpu_ms(postgres)
    outcome = _drive(entry, workload, seconds, connections, first_number)
    server_cpu, postgres_cpu = cpu_ms(server) - server_before, cpu_ms(postgres) - postgres_before
    if not outcome.requests:
        raise WrongResponseError(
            f"{workload.name}: {entry.name} has answered nothing within {seconds} s"
        )

    # At the end each connection has one request on its way; it is served and stored, and its answer
    # is not counted.
    handled = outcome.requests + connections
    if not entry.contestant.answers_constant:
        if workload.stores:
            stored = testbed.stored(entry.dataset.database) - rows_before
            _expect(workload, outcome, connections, stored)
            handled = stored // workload.items
        elif workload.group == "upsert" and workload.changes != "nothing":
            _expect(
                workload,
                outcome,
                connections,
                _touched(testbed, entry, first_number),
                workloads.CUSTOMERS,
            )
    return Sample(
        workload=workload.name,
        who=entry.name,
        run=run,
        requests=outcome.requests,
        items=workload.items,
        seconds=outcome.seconds,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
        requests_per_second=outcome.requests / outcome.seconds,
        items_per_second=outcome.requests * workload.items / outcome.seconds,
        server_cpu_ms=server_cpu / handled,
        postgres_cpu_ms=postgres_cpu / handled,
        memory_mb=memory_mb(server),
        bytes_per_request=outcome.bytes / outcome.requests,
    )


def warm_up(entry: Entry, workload: Workload, connections: int) -> None:
    """Ask a first time, so that connections are open and code and pages warm; also write the requests' file."""
    workloads.write_requests(
        workload, entry.dataset.active, entry.service.port, entry.dataset.keys, entry.requests
    )
    check_response(entry, workload)
    _drive(entry, workload, 2, connections, next(_first_numbers))


def _drive(
    entry: Entry, workload: Workload, seconds: int, connections: int, first_number: int
) -> Outcome:
    try:
        outcome = drive(
            entry.service.port,
            entry.requests,
            seconds=seconds,
            connections=connections,
            first_number=first_number,
        )
        wait_until_idle(entry.service.process)
    except Exception as error:
        error.add_note(
            f"{workload.name} against {entry.name}, whose log ends:\n{entry.service.log()}"
        )
        raise
    return outcome


def _expect(
    workload: Workload, outcome: Outcome, connections: int, found: int, most: int | None = None
) -> None:
    """Everything acknowledged is there, and no more than what was on its way besides; ``most`` distinct rows exist."""
    least, greatest = (
        outcome.requests * workload.items,
        (outcome.requests + connections) * workload.items,
    )
    if most is not None:
        least, greatest = min(least, most), min(greatest, most)
    if not least <= found <= greatest or found % workload.items:
        raise WrongResponseError(
            f"{workload.name}: {outcome.requests} requests acknowledged {least} rows, stored are {found}"
        )


def _touched(testbed: Testbed, entry: Entry, first_number: int) -> int:
    ((touched, customers),) = testbed.postgres.run(
        entry.dataset.database,
        f"""SELECT count(*) FILTER (WHERE (custom_attributes->>'logins')::numeric >= {first_number}), count(*)
            FROM customers_customer""",
    )
    if customers != workloads.CUSTOMERS:
        raise WrongResponseError(
            f"the upserts of {entry.name} made customers that were there: now {customers}"
        )
    return int(touched)


def check_response(entry: Entry, workload: Workload) -> None:
    """Ask a workload's first list once and count its rows; writes are counted in the database instead."""
    if workload.rows is None:
        return
    customer, method, address, body = next(workload.requests(entry.dataset.active))
    key = entry.dataset.keys[customer % len(entry.dataset.keys)]
    connection = http.client.HTTPConnection("127.0.0.1", entry.service.port, timeout=30)
    try:
        connection.request(method, address, body, {"Authorization": f"Token {key}"})
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    parsed = json.loads(text) if response.status == http.HTTPStatus.OK else None
    if isinstance(parsed, dict):
        parsed = parsed.get("data", parsed.get("results"))
    if not isinstance(parsed, list) or len(parsed) != workload.rows:
        raise WrongResponseError(
            f"{entry.name} was asked for {workload.rows} rows: {response.status} {text[:500]!r}"
        )


def timed(
    testbed: Testbed,
    database: str,
    limit: Callable[[], tuple[list[float], float]],
    *,
    workload: Workload,
    who: str,
    run: int,
) -> Sample:
    """The figures of a limit that talks to PostgreSQL itself: ``limit`` gives each request's ms, and the seconds."""
    if workload.group != "list":
        testbed.vacuum(database)
    rows_before = testbed.stored(database) if workload.stores else 0
    postgres = testbed.postgres.process
    before = cpu_ms(postgres)
    milliseconds, seconds = limit()
    used = cpu_ms(postgres) - before
    if workload.stores:
        stored = testbed.stored(database) - rows_before
        if stored != len(milliseconds) * workload.items:
            raise WrongResponseError(
                f"{who}: {len(milliseconds)} times {workload.items} rows sent, {stored} stored"
            )
    centiles = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return Sample(
        workload=workload.name,
        who=who,
        run=run,
        requests=len(milliseconds),
        items=workload.items,
        seconds=seconds,
        p50_ms=centiles[49],
        p99_ms=centiles[98],
        requests_per_second=len(milliseconds) / seconds,
        items_per_second=len(milliseconds) * workload.items / seconds,
        postgres_cpu_ms=used / len(milliseconds),
    )
