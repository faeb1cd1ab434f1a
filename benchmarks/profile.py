"""Where a request's processor time goes, by package: ``python -m benchmarks.profile``.

One thread without a socket in between: what is here comes on top of gunicorn's constant, and costs
more where the processors are busy with other things. The profiler makes Python's functions dearer,
C's not: read the shares.
"""

import argparse
import cProfile
import pstats
import re
import tempfile
import time
from collections import defaultdict
from itertools import cycle
from pathlib import Path

from benchmarks import workloads
from benchmarks.application import Ask, application
from benchmarks.contestants import TRAITLY
from benchmarks.measure import Testbed
from benchmarks.workloads import Workload

WORKLOADS = {
    workloads.SINGLE: 1_000,
    workloads.LIST: 1_000,
    workloads.BATCH: 30,
    workloads.UPSERTS: 20,
}  # with the requests of a profile
ROUNDS = 10
_FILE = re.compile(r"site-packages/([a-z_0-9]+)|/(?:traitly|accounts|customers|events|rejections)/")
_BUILT_IN = re.compile(r"psycopg2|pydantic_core|orjson")


def _package(file: str, function: str) -> str:
    if built_in := _BUILT_IN.search(function):
        return built_in[0].replace("psycopg2", "psycopg2 and waiting for PostgreSQL")
    if match := _FILE.search(file):
        return match[1] or "Traitly"
    return "Python itself and its library"


def _profile(ask: Ask, active: int, workload: Workload, requests: int) -> None:
    number = str(workloads.FIRST_NUMBER + 10**10).encode()
    texts = [
        (each.method, each.address, each.body.replace(workloads.NUMBER.encode(), number))
        for each in workload.requests(active)
    ]
    turns = cycle(texts)
    for _ in range(20):
        ask(*next(turns))
    each_ms = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        for _ in range(requests // ROUNDS):
            ask(*next(turns))
        each_ms.append(1000 * (time.thread_time() - start) / (requests // ROUNDS))
    profiler = cProfile.Profile(time.perf_counter)
    profiler.enable()
    for _ in range(requests):
        ask(*next(turns))
    profiler.disable()
    spent: defaultdict[str, float] = defaultdict(float)
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = pstats.Stats(
        profiler
    ).stats  # type: ignore[attr-defined]
    for (file, _, function), (_, _, seconds, _, _) in stats.items():
        spent[_package(file, function)] += 1000 * seconds / requests
    print(
        f"\n{workload.title}: {min(each_ms):.3f} ms of this thread without the profiler; with it, by the clock\n"
    )
    print("| package | ms | share |\n|---|---|---|")
    for milliseconds, package in sorted(
        ((spent[package], package) for package in spent), reverse=True
    ):
        print(f"| {package} | {milliseconds:.3f} | {milliseconds / sum(spent.values()):.0%} |")


def main() -> None:
    """Profile each workload and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="events stored before (100000)")
    options = parser.parse_args()
    with Testbed() as testbed, tempfile.TemporaryDirectory() as folder:
        dataset = testbed.prepare(TRAITLY, options.events)
        ask = application(testbed, dataset, Path(folder))
        for workload, requests in WORKLOADS.items():
            _profile(ask, dataset.active, workload, requests)


if __name__ == "__main__":
    main()
