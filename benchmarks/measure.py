"""One run of one work against one server: what the clients saw, what it cost, and whether all of it was stored."""

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

from benchmarks import works
from benchmarks.contestants import Contestant
from benchmarks.load import Outcome, drive
from benchmarks.postgres import Postgres, free_port
from benchmarks.processes import Service, cpu_ms, memory_mb, wait_until_idle
from benchmarks.works import Work

# Each run numbers its requests from here on, so that what it wrote can be told from what was there.
_first_numbers = count(works.FIRST_NUMBER + 10**8, 10**8)


class WrongAnswerError(RuntimeError):
    """A server answered or stored something else than it was asked for: its figures would mean nothing."""


@dataclass(frozen=True)
class Sample:
    """The figures of one run. CPU is per request, over the whole process tree; None where there is no such tree."""

    work: str
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
class Ground:
    """A database that is made and filled, its accounts with a key to each, and how many customers have events."""

    database: str
    accounts: list[int]
    keys: list[str]
    active: int
    filled_at: datetime


@dataclass(frozen=True)
class Entry:
    """A contestant that is being served on a ground; ``requests`` is the file that its load is written to."""

    contestant: Contestant
    ground: Ground
    service: Service
    requests: Path

    @property
    def name(self) -> str:
        """The contestant's."""
        return self.contestant.name


class Arena:
    """PostgreSQL, and a folder for everything that is served on it."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.postgres = Postgres()
        self._folder = Path()
        self.load_average = os.getloadavg()  # of everything else on this machine

    def __enter__(self) -> Self:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # leave in order then too
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="traitly-benchmark-")))
        self._stack.enter_context(self.postgres)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def prepare(self, contestant: Contestant, events: int, *, database: str = "", accounts: int = 1) -> Ground:
        """Make a contestant's database and fill it."""
        database = database or contestant.name.replace("-", "_")
        self.postgres.run("postgres", f"CREATE DATABASE {database}")
        variables = self._variables(contestant, database)
        keys = contestant.make(variables) if accounts == 1 else contestant.make_accounts(variables, accounts)
        made = [account for (account,) in self.postgres.run(database, contestant.accounts)]
        active = works.active_customers(events)
        parameters = {"accounts": made, "active": active, "events": events}
        self.postgres.run(database, works.FILL_EVENTS, works.FILL_CUSTOMERS, parameters=parameters)
        self.postgres.run(database, *contestant.also_fill)
        self.tidy(database)
        ((filled_at,),) = self.postgres.run(database, "SELECT now()")
        return Ground(database, made, keys, active, filled_at)

    @contextmanager
    def serve(self, contestant: Contestant, ground: Ground) -> Iterator[Entry]:
        """A contestant's server on a database that is ready, until the end of the ``with``."""
        port = free_port()
        command = [part.format(port=port) for part in contestant.serve]
        with Service(contestant.name, command, port, self._variables(contestant, ground.database)) as service:
            yield Entry(contestant, ground, service, self._folder / f"{contestant.name}.requests")

    def forget_added(self, ground: Ground) -> None:
        """Delete the events that runs have added."""
        self.postgres.run(
            ground.database,
            "DELETE FROM events_event WHERE received_at > %(filled_at)s",
            parameters={"filled_at": ground.filled_at},
        )
        self.tidy(ground.database)

    def tidy(self, database: str) -> None:
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


def run_work(arena: Arena, entry: Entry, work: Work, run: int, *, seconds: int, connections: int) -> Sample:
    """Drive one work, warmed up, for some seconds, and hold what was acknowledged against what is stored."""
    if work.group != "list" and not entry.contestant.answers_constant:
        arena.tidy(entry.ground.database)
    rows_before = arena.stored(entry.ground.database) if work.stores else 0
    server, postgres = entry.service.process, arena.postgres.process
    first_number = next(_first_numbers)
    server_before, postgres_before = cpu_ms(server), cpu_ms(postgres)
    outcome = _drive(entry, work, seconds, connections, first_number)
    server_cpu, postgres_cpu = cpu_ms(server) - server_before, cpu_ms(postgres) - postgres_before
    if not outcome.requests:
        raise WrongAnswerError(f"{work.name}: {entry.name} has answered nothing within {seconds} s")

    # At the end each connection has one request on its way; it is served and stored, and its answer is not counted.
    handled = outcome.requests + connections
    if not entry.contestant.answers_constant:
        if work.stores:
            stored = arena.stored(entry.ground.database) - rows_before
            _expect(work, outcome, connections, stored)
            handled = stored // work.items
        elif work.group == "upsert" and work.changes != "nothing":
            _expect(work, outcome, connections, _touched(arena, entry, first_number), works.CUSTOMERS)
    return Sample(
        work=work.name,
        who=entry.name,
        run=run,
        requests=outcome.requests,
        items=work.items,
        seconds=outcome.seconds,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
        requests_per_second=outcome.requests / outcome.seconds,
        items_per_second=outcome.requests * work.items / outcome.seconds,
        server_cpu_ms=server_cpu / handled,
        postgres_cpu_ms=postgres_cpu / handled,
        memory_mb=memory_mb(server),
        bytes_per_request=outcome.bytes / outcome.requests,
    )


def warm_up(entry: Entry, work: Work, connections: int) -> None:
    """Ask a first time, so that connections are open and code and pages warm; also write the requests' file."""
    works.write_requests(work, entry.ground.active, entry.service.port, entry.ground.keys, entry.requests)
    check_answer(entry, work)
    _drive(entry, work, 2, connections, next(_first_numbers))


def _drive(entry: Entry, work: Work, seconds: int, connections: int, first_number: int) -> Outcome:
    try:
        outcome = drive(
            entry.service.port, entry.requests, seconds=seconds, connections=connections, first_number=first_number
        )
        wait_until_idle(entry.service.process)
    except Exception as error:
        error.add_note(f"{work.name} against {entry.name}, whose log ends:\n{entry.service.log()}")
        raise
    return outcome


def _expect(work: Work, outcome: Outcome, connections: int, found: int, most: int | None = None) -> None:
    """Everything acknowledged is there, and no more than what was on its way besides; ``most`` distinct rows exist."""
    least, greatest = outcome.requests * work.items, (outcome.requests + connections) * work.items
    if most is not None:
        least, greatest = min(least, most), min(greatest, most)
    if not least <= found <= greatest or found % work.items:
        raise WrongAnswerError(
            f"{work.name}: {outcome.requests} requests acknowledged {least} rows, stored are {found}"
        )


def _touched(arena: Arena, entry: Entry, first_number: int) -> int:
    ((touched, customers),) = arena.postgres.run(
        entry.ground.database,
        f"""SELECT count(*) FILTER (WHERE (custom_attributes->>'logins')::numeric >= {first_number}), count(*)
            FROM customers_customer""",
    )
    if customers != works.CUSTOMERS:
        raise WrongAnswerError(f"the upserts of {entry.name} made customers that were there: now {customers}")
    return int(touched)


def check_answer(entry: Entry, work: Work) -> None:
    """Ask a work's first list once and count its rows; writes are counted in the database instead."""
    if work.rows is None:
        return
    customer, method, address, body = next(work.requests(entry.ground.active))
    key = entry.ground.keys[customer % len(entry.ground.keys)]
    connection = http.client.HTTPConnection("127.0.0.1", entry.service.port, timeout=30)
    try:
        connection.request(method, address, body, {"Authorization": f"Token {key}"})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    parsed = json.loads(text) if answer.status == http.HTTPStatus.OK else None
    if isinstance(parsed, dict):
        parsed = parsed.get("data", parsed.get("results"))
    if not isinstance(parsed, list) or len(parsed) != work.rows:
        raise WrongAnswerError(f"{entry.name} was asked for {work.rows} rows: {answer.status} {text[:500]!r}")


def timed(
    arena: Arena,
    database: str,
    limit: Callable[[], tuple[list[float], float]],
    *,
    work: Work,
    who: str,
    run: int,
) -> Sample:
    """The figures of a limit that talks to PostgreSQL itself: ``limit`` gives each request's ms, and the seconds."""
    if work.group != "list":
        arena.tidy(database)
    rows_before = arena.stored(database) if work.stores else 0
    postgres = arena.postgres.process
    before = cpu_ms(postgres)
    milliseconds, seconds = limit()
    used = cpu_ms(postgres) - before
    if work.stores:
        stored = arena.stored(database) - rows_before
        if stored != len(milliseconds) * work.items:
            raise WrongAnswerError(f"{who}: {len(milliseconds)} times {work.items} rows sent, {stored} stored")
    centiles = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return Sample(
        work=work.name,
        who=who,
        run=run,
        requests=len(milliseconds),
        items=work.items,
        seconds=seconds,
        p50_ms=centiles[49],
        p99_ms=centiles[98],
        requests_per_second=len(milliseconds) / seconds,
        items_per_second=len(milliseconds) * work.items / seconds,
        postgres_cpu_ms=used / len(milliseconds),
    )
