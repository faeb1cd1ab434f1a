"""What each part of Traitly's gunicorn worker brings by itself: ``python -m benchmarks.worker`` (needs wrk; five minutes).

The worker answers a constant (benchmarks/constant), whole and with one part left out, in turns: CPU
of the server per request is what the part saves, or costs.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.postgres import free_port
from benchmarks.processes import Service, cpu_ms

_WHOLE = "exec(compile(Path('gunicorn.conf.py').read_text(), 'gunicorn.conf.py', 'exec'))"
_WORKER = "from traitly.server import worker\n"
_WITHOUT = {
    "all of it": "",
    "but threads do not stay with a connection": _WORKER
    + "worker.BufferingThreadWorker._stays = lambda *_: False",
    "but workers do not give way": _WORKER + "worker._GIVE_WAY_TIMES = 0",
    "but workers are not pinned": "pin_workers = False",
    "gunicorn's own gthread": "worker_class = 'gthread'",
}


@dataclass
class Variant:
    """A server, and the CPU in ms and the rate of each run."""

    name: str
    port: int
    service: Service
    cpu: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)


@contextmanager
def _serving(name: str, change: str) -> Iterator[Variant]:
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".py") as config:
        config.write(f"from pathlib import Path\n{_WHOLE}\n{change}\n")
        config.flush()
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            config.name,
            "--bind",
            f"127.0.0.1:{port}",
        ]
        with Service(
            "worker", [*command, "benchmarks.constant:application"], port, {"PYTHONPATH": "."}
        ) as service:
            yield Variant(name, port, service)


def _run(variant: Variant, connections: int, seconds: int) -> None:
    command = [
        "wrk",
        "--threads",
        "1",
        "--connections",
        str(connections),
        "--duration",
        f"{seconds}s",
    ]
    before = cpu_ms(variant.service.process)
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{variant.port}/"], capture_output=True, text=True, check=True
    ).stdout
    time.sleep(0.2)
    requests = int(re.search(r"(\d+) requests in", done)[1])  # type: ignore[index]
    variant.cpu.append((cpu_ms(variant.service.process) - before) / requests)
    variant.rate.append(requests / seconds)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    targets = parser.parse_args()
    with ExitStack() as stack:
        variants = [stack.enter_context(_serving(*each)) for each in _WITHOUT.items()]
        for _ in range(targets.rounds):
            for variant in variants:
                _run(variant, targets.connections, targets.seconds)
    whole = statistics.median(variants[0].cpu)
    print("| worker | CPU ms | over the whole | requests/s |\n|---|---|---|---|")
    for variant in variants:
        cpu = statistics.median(variant.cpu)
        print(
            f"| {variant.name} | {cpu:.3f} | {cpu / whole:.2f} | {statistics.median(variant.rate):,.0f} |"
        )


if __name__ == "__main__":
    main()
