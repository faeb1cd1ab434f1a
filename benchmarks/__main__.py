"""Measure Traitly, the alternatives and the limits of the machine in one run: ``python -m benchmarks``."""

import argparse
import signal
import sys
import time
from collections.abc import Iterator

from benchmarks import report, works
from benchmarks.contestants import CONSTANTS, CONTESTANTS, Contestant
from benchmarks.limits import Limits
from benchmarks.measure import Arena, Sample, run_work

DEFAULT = "traitly,drf,fastapi,limits"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--seconds", type=int, default=10, help="length of a run (10)")
    options.add_argument("--runs", type=int, default=3, help="runs of each; the figures are their medians (3)")
    options.add_argument("--connections", type=int, default=16, help="keep-alive connections (16)")
    options.add_argument("--events", type=int, default=1_000_000, help="events stored before the first run (1000000)")
    options.add_argument("--only", default="list,single,upsert,batch", help="works, comma separated: %(default)s")
    known = ",".join([*(contestant.name for contestant in CONTESTANTS), "limits"])
    options.add_argument("--contestants", default=DEFAULT, help=f"of {known}, comma separated: {DEFAULT}")
    options.add_argument("--save", metavar="NAME", help="keep the results as benchmarks/results/<date>-NAME.*")
    options.add_argument("--quick", action="store_true", help="one run of 2 s each: a try, not a measurement")
    return options


def choose(options: argparse.Namespace) -> tuple[list[Contestant], list[works.Work]]:
    """The contestants and works that the options name."""
    names = options.contestants.split(",")
    groups = options.only.split(",")
    chosen = [contestant for contestant in CONTESTANTS if contestant.name in names]
    if unknown := set(names) - {contestant.name for contestant in CONTESTANTS} - {"limits"}:
        raise SystemExit(f"unknown contestants: {', '.join(unknown)}")
    if unknown := set(groups) - {work.group for work in works.WORKS}:
        raise SystemExit(f"unknown works: {', '.join(unknown)}")
    if not chosen:
        raise SystemExit("name at least one contestant: the limits work on a copy of its database")
    return chosen, [work for work in works.WORKS if work.group in groups]


def run(arena: Arena, options: argparse.Namespace) -> Iterator[Sample]:
    """Every run of every work, the contestants taking turns so that a slow minute of the machine hits all alike."""
    contestants, chosen_works = choose(options)
    ready = {}
    for contestant in contestants:
        say(f"{contestant.title}: making tables and {options.events:,} events")
        ready[contestant] = arena.prepare(contestant, options.events)
    limits = None
    if "limits" in options.contestants.split(","):
        # Traitly's when it is there; the baselines have the same columns and as many indexes.
        limits = Limits(arena, ready[contestants[0]], seconds=options.seconds, connections=options.connections)
    entries = [arena.serve(contestant, ready[contestant]) for contestant in contestants]
    constants = [
        arena.serve(constant, ready[contestants[0]])
        for constant in CONSTANTS
        if limits and contestants[0].name == "traitly"
    ]
    for work in chosen_works:
        for entry in entries:  # connections opened, code and pages warm
            run_work(arena, entry, work, 0, seconds=min(2, options.seconds), connections=options.connections)
        for turn in range(1, options.runs + 1):
            for entry in [*entries, *(constants if work is works.SINGLE else [])]:
                yield run_work(arena, entry, work, turn, seconds=options.seconds, connections=options.connections)
            if limits:
                yield from limits.of(work, turn)


def say(text: str) -> None:
    """Tell on stderr how far it is."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print, and keep what is to be kept."""
    options = parser().parse_args()
    if options.quick:
        options.seconds, options.runs = 2, 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything started is stopped
    with Arena() as arena:
        samples = []
        for sample in run(arena, options):
            say(report.line(sample))
            samples.append(sample)
        text = report.publish(arena, samples, options)
    print(text)


if __name__ == "__main__":
    main()
