"""Measure Traitly, the alternatives and the limits of the machine in one run: ``python -m benchmarks``."""

import argparse
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks import report, workloads
from benchmarks.contestants import CONSTANTS, CONTESTANTS, TRAITLY, Contestant, beside
from benchmarks.limits import Limits
from benchmarks.measure import Entry, Sample, Testbed, run_workload, warm_up

DEFAULT = "traitly,drf,fastapi,limits"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--seconds", type=int, default=10, help="length of a run (10)")
    options.add_argument(
        "--runs", type=int, default=3, help="runs of each; the figures are their medians (3)"
    )
    options.add_argument("--connections", type=int, default=16, help="keep-alive connections (16)")
    options.add_argument(
        "--events", type=int, default=1_000_000, help="events stored before the first run (1000000)"
    )
    options.add_argument(
        "--only", default="list,single,upsert,batch", help="workloads, comma separated: %(default)s"
    )
    known = ",".join([*(contestant.name for contestant in CONTESTANTS), "limits"])
    options.add_argument(
        "--contestants", default=DEFAULT, help=f"of {known}, comma separated: {DEFAULT}"
    )
    options.add_argument(
        "--beside",
        type=Path,
        metavar="FOLDER",
        help="another checkout of Traitly, measured in turns",
    )
    options.add_argument(
        "--save", metavar="NAME", help="keep the results as benchmarks/results/<date>-NAME.*"
    )
    options.add_argument(
        "--quick", action="store_true", help="one run of 2 s each: a try, not a measurement"
    )
    options.add_argument(
        "--hold",
        type=int,
        metavar="SECONDS",
        help="measure nothing: serve for so long, for a profiler or psql",
    )
    return options


def choose(options: argparse.Namespace) -> tuple[list[Contestant], list[workloads.Workload]]:
    """The contestants and workloads that the options name."""
    names, groups = options.contestants.split(","), options.only.split(",")
    if unknown := set(names) - {contestant.name for contestant in CONTESTANTS} - {"limits"}:
        raise SystemExit(f"unknown contestants: {', '.join(unknown)}")
    if unknown := set(groups) - {workload.group for workload in workloads.WORKLOADS}:
        raise SystemExit(f"unknown workloads: {', '.join(unknown)}")
    if "limits" in names and TRAITLY.name not in names:
        raise SystemExit("the limits need traitly: they work on a copy of its database")
    found = [contestant for contestant in CONTESTANTS if contestant.name in names]
    return (
        [*found, beside(options.beside)] if options.beside else found,
        [workload for workload in workloads.WORKLOADS if workload.group in groups],
    )


def run(testbed: Testbed, stack: ExitStack, options: argparse.Namespace) -> Iterator[Sample]:
    """Every run of every workload, the contestants taking turns so that a slow minute of the machine hits all alike."""
    contestants, chosen_workloads = choose(options)
    datasets = {}
    for contestant in contestants:
        report.say(f"{contestant.title}: making tables and {options.events:,} events")
        datasets[contestant] = testbed.prepare(contestant, options.events)
    limits = None
    if "limits" in options.contestants.split(","):
        limits = Limits(
            testbed, datasets[TRAITLY], seconds=options.seconds, connections=options.connections
        )
    entries = [
        stack.enter_context(testbed.serve(contestant, datasets[contestant]))
        for contestant in contestants
    ]
    constants = [
        stack.enter_context(testbed.serve(each, datasets[TRAITLY])) for each in CONSTANTS if limits
    ]
    if options.hold:
        hold(testbed, entries, options.hold)
        return
    for workload in chosen_workloads:
        targets = [*entries, *(constants if workload is workloads.SINGLE else [])]
        for entry in targets:
            warm_up(entry, workload, options.connections)
        for repetition in range(1, options.runs + 1):
            for entry in targets:
                yield run_workload(
                    testbed,
                    entry,
                    workload,
                    repetition,
                    seconds=options.seconds,
                    connections=options.connections,
                )
            if limits:
                yield from limits.of(workload, repetition)


def hold(testbed: Testbed, entries: Iterable[Entry], seconds: int) -> None:
    """Serve for some time, so that a profiler and psql can look."""
    for entry in entries:
        print(
            f"{entry.contestant.title}, process {entry.service.process.pid}, on http://127.0.0.1:{entry.service.port}\n"
            f"  Authorization: Token {entry.dataset.keys[0]}\n  {testbed.postgres.url(entry.dataset.database)}",
            flush=True,
        )
    with suppress(KeyboardInterrupt):
        time.sleep(seconds)


def main() -> None:
    """Measure, print, and keep what is to be kept."""
    options = parser().parse_args()
    if options.quick:
        options.seconds, options.runs = 2, 1
    choose(options)
    with Testbed() as testbed, ExitStack() as stack:
        samples = []
        for sample in run(testbed, stack, options):
            report.say(report.line(sample))
            samples.append(sample)
        if samples:
            print(report.publish(testbed, samples, options))


if __name__ == "__main__":
    main()
