"""How cost grows with rows, batch size, connections and accounts: ``python -m benchmarks.growth``."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace

from benchmarks import plot, report, workloads
from benchmarks.contestants import CONTESTANTS
from benchmarks.measure import Entry, Sample, Testbed, median, run_workload, warm_up
from benchmarks.workloads import Workload

BATCHES = (1, 10, 100, 1_000, 10_000)
CONNECTIONS = (1, 4, 16, 64, 256)
ACCOUNTS = (1, workloads.CUSTOMERS)
CONNECTIONS_ELSEWHERE = 16
TITLES = {
    "rows": "Stored events",
    "batches": "Events per request",
    "connections": "Connections",
    "accounts": "Accounts, of the same rows and customers",
}
FLAT = 1.25  # what CPU per event may grow by from the fewest rows to the most
P99_MS = 1_000  # with the most connections

# Along which scale, at which value of it, which workload.
Point = tuple[str, int, str]


class Growth:
    """One contestant, measured along one scale after the other."""

    def __init__(self, testbed: Testbed, options: argparse.Namespace) -> None:
        self._testbed, self._options = testbed, options
        (self._contestant,) = (each for each in CONTESTANTS if each.name == options.contestant)

    def rows(self) -> Iterator[Sample]:
        """The three workloads at so many stored events."""
        for events in map(int, self._options.rows.split(",")):
            with self._served(events) as entry:
                for workload in (workloads.LIST, workloads.SINGLE, workloads.BATCH):
                    yield from self._runs(entry, workload, "rows", events)

    def batches(self) -> Iterator[Sample]:
        """1 to 10,000 events a request."""
        with self._served(self._options.events) as entry:
            for items in BATCHES:
                yield from self._runs(entry, workloads.events(items), "batches", items)

    def connections(self) -> Iterator[Sample]:
        """1 to 256 clients at a time."""
        with self._served(self._options.events) as entry:
            for connections in CONNECTIONS:
                for workload in (workloads.LIST, workloads.SINGLE):
                    yield from self._runs(entry, workload, "connections", connections, connections)

    def accounts(self) -> Iterator[Sample]:
        """The same rows, customers and requests of one account, and of ten thousand."""
        for accounts in ACCOUNTS:
            with self._served(self._options.events, accounts) as entry:
                for workload in (workloads.LIST, workloads.SINGLE, workloads.BATCH):
                    yield from self._runs(entry, workload, "accounts", accounts)

    @contextmanager
    def _served(self, events: int, accounts: int = 1) -> Iterator[Entry]:
        report.say(f"{self._contestant.title}: making {accounts:,} accounts and {events:,} events")
        dataset = self._testbed.prepare(
            self._contestant, events, database="growth", accounts=accounts
        )
        with self._testbed.serve(self._contestant, dataset) as entry:
            yield entry
        self._testbed.postgres.run("postgres", f"DROP DATABASE {dataset.database}")

    def _runs(
        self,
        entry: Entry,
        workload: Workload,
        scale: str,
        value: int,
        connections: int = CONNECTIONS_ELSEWHERE,
    ) -> Iterator[Sample]:
        """Several runs, each from as many rows as the first."""
        warm_up(entry, workload, connections)
        for repetition in range(1, self._options.runs + 1):
            self._testbed.forget_added(entry.dataset)
            sample = run_workload(
                self._testbed,
                entry,
                workload,
                repetition,
                seconds=self._options.seconds,
                connections=connections,
            )
            yield replace(sample, parameters={scale: value})
        self._testbed.forget_added(entry.dataset)


def medians(samples: Iterable[Sample]) -> dict[Point, Sample]:
    """The median of the runs at each point."""
    points: dict[Point, list[Sample]] = {}
    for sample in samples:
        ((scale, value),) = sample.parameters.items()
        workload = "batch" if scale == "batches" else sample.workload
        points.setdefault((scale, value, workload), []).append(sample)
    return {point: median(runs) for point, runs in points.items()}


def _items(sample: Sample) -> int:
    return 1 if sample.workload == workloads.LIST.name else sample.items


def _rate(sample: Sample) -> float:
    return sample.requests_per_second * _items(sample)


def cpu_per_item(sample: Sample) -> float:
    """CPU microseconds per event, server and PostgreSQL together; per list for lists."""
    return 1000 * sample.cpu_ms / _items(sample)


def tables(points: Mapping[Point, Sample]) -> str:
    """A table for each scale, then what has to hold."""
    parts = []
    for scale in dict.fromkeys(scale for scale, _, _ in points):
        parts.append(
            f"### {TITLES[scale]}\n\n| {scale} | | requests/s | events/s | p50 ms | p99 ms "
            "| CPU µs per event or list | memory MiB |\n|---|---|---|---|---|---|---|---|"
        )
        parts += [
            f"| {value:,} | {workload} | {sample.requests_per_second:,.0f} | {sample.items_per_second:,.0f} "
            f"| {sample.p50_ms:.1f} | {sample.p99_ms:.1f} | {cpu_per_item(sample):,.0f} | {sample.memory_mb or 0:.0f} |"
            for (of, value, workload), sample in points.items()
            if of == scale
        ]
        parts.append("")
    return "\n".join([*parts, *checks(points)])


def checks(points: Mapping[Point, Sample]) -> Iterator[str]:
    """A line for each thing that has to hold, with what was measured."""
    rows = [value for scale, value, _ in points if scale == "rows"]
    fewest, most = min(rows, default=0), max(rows, default=0)
    for workload in (workloads.SINGLE.name, workloads.BATCH.name, workloads.LIST.name):
        if fewest < most:
            ratio = cpu_per_item(points["rows", most, workload]) / cpu_per_item(
                points["rows", fewest, workload]
            )
            yield f"- {workload}: CPU at {most:,} rows is {ratio:.2f} times that at {fewest:,}; at most {FLAT}"
    for workload in (workloads.SINGLE.name, workloads.LIST.name):
        if sample := points.get(("connections", CONNECTIONS[-1], workload)):
            yield f"- {workload}: p99 with {CONNECTIONS[-1]} connections is {sample.p99_ms:.0f} ms; at most {P99_MS}"


def panels(points: Mapping[Point, Sample]) -> Iterator[plot.Panel]:
    """Rates and CPU along each scale."""
    for scale in dict.fromkeys(scale for scale, _, _ in points):
        for what, figure in (
            ("events or lists a second", _rate),
            ("CPU µs per event or list", cpu_per_item),
        ):
            curves: dict[str, list[tuple[float, float]]] = {}
            for (of, value, workload), sample in points.items():
                if of == scale:
                    curves.setdefault(workload, []).append((value, figure(sample)))
            yield plot.Panel(TITLES[scale], scale, what, curves)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    options.add_argument("--seconds", type=int, default=10, help="length of a run (10)")
    options.add_argument(
        "--runs", type=int, default=3, help="runs of each; the figures are their medians (3)"
    )
    options.add_argument(
        "--events",
        type=int,
        default=1_000_000,
        help="events stored, where they do not vary (1000000)",
    )
    options.add_argument(
        "--rows",
        default="100000,1000000,10000000",
        help="events stored, where they do: %(default)s",
    )
    options.add_argument(
        "--contestant", default="traitly", choices=[contestant.name for contestant in CONTESTANTS]
    )
    options.add_argument(
        "--only", default=",".join(TITLES), help="scales, comma separated: %(default)s"
    )
    options.add_argument(
        "--save", metavar="NAME", help="keep the results as benchmarks/results/<date>-NAME.*"
    )
    return options


def main() -> None:
    """Measure, print, and keep what is to be kept."""
    options = parser().parse_args()
    scales = options.only.split(",")
    if unknown := set(scales) - set(TITLES):
        raise SystemExit(f"unknown scales: {', '.join(unknown)}")
    with Testbed() as testbed:
        growth = Growth(testbed, options)
        samples = []
        for scale in scales:
            with closing(getattr(growth, scale)()) as measured:
                for sample in measured:
                    report.say(f"{sample.parameters} {report.line(sample)}")
                    samples.append(sample)
        points = medians(samples)
        about = report.circumstances(testbed, options)
    text = f"{report.describe(about)}\n\n{tables(points)}\n"
    if options.save:
        report.keep(
            options.save, about, samples, text, lambda file: plot.lines(list(panels(points)), file)
        )
    print(text)


if __name__ == "__main__":
    main()
