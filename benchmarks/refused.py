"""What a refused write costs beside an accepted one, Django and PostgreSQL alone: ``python -m benchmarks.refused``.

Processor time of a thread that answers, without a socket in between, and of PostgreSQL. Accepted
and refused take turns.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks import workloads
from benchmarks.application import Ask, application
from benchmarks.contestants import TRAITLY
from benchmarks.measure import Testbed
from benchmarks.processes import cpu_ms

Item = dict[str, Any]

_numbers = count(1)
_chance = random.Random("refused")


def _event() -> Item:
    number = next(_numbers)
    attributes = {
        "order": number,
        "plan": "Starter",
        "source": "web",
        "amount": number / 2,
        "first": True,
    }
    return {
        # As make bench has them
        "customer_id": f"customer-{_chance.randrange(workloads.CUSTOMERS)}",
        "name": _chance.choice(workloads.NAMES),
        "created_at": 1700000000,
        "custom_attributes": attributes,
    }


def _customer() -> Item:
    number = next(_numbers)
    sent = {"customer_id": f"c-{number}", "name": "Ann", "email": "ann@example.com", "plan": "Atom"}
    return sent | {"custom_attributes": {"role": "manager", "logins": number}}


def _without(item: Item, *fields: str) -> Item:
    return {field: value for field, value in item.items() if field not in fields}


def _with_attribute(item: Item, key: str, value: Any) -> Item:
    return item | {"custom_attributes": item["custom_attributes"] | {key: value}}


# What is sent, and what becomes of it: the first of each address is accepted.
KINDS: dict[str, dict[str, Callable[[], Any]]] = {
    "/api/v1/event": {
        "accepted": _event,
        "no name": lambda: _without(_event(), "name"),
        "customer_id is a list": lambda: _event() | {"customer_id": [1]},
        "created_at is no time": lambda: _event() | {"created_at": "yesterday"},
        "NUL in an attribute": lambda: _with_attribute(_event(), "source", "a\0b"),
        "a key twice": lambda: _event() | {"source": "web"},
        "no object": lambda: "text",
    },
    "/api/v1/customer": {
        "accepted": _customer,
        "no plan": lambda: _without(_customer(), "plan"),
        "no email address": lambda: _customer() | {"email": "nobody"},
        "NUL in an attribute": lambda: _with_attribute(_customer(), "role", "\0"),
    },
}


def _measure(testbed: Testbed, ask: Ask, path: str, items: int, rounds: int) -> None:
    """Post each kind in turn, and half of each; print the medians."""
    kinds = KINDS[path]
    bodies = {kind: [make() for _ in range(items)] for kind, make in kinds.items()}
    if items > 1:
        half = items // 2
        bodies |= {
            f"half: {kind}": [*bodies["accepted"][half:], *bodies[kind][half:]]
            for kind in list(kinds)[1:]
        }
    texts = {
        kind: json.dumps(sent if items > 1 else sent[0]).encode() for kind, sent in bodies.items()
    }
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in texts}
    repeats = max(20, 200 // items)
    for _ in range(rounds):
        for kind, text in texts.items():
            postgres, server = cpu_ms(testbed.postgres.process), time.thread_time()
            statuses = {ask("POST", path, text) for _ in range(repeats)}
            server, postgres = (
                1000 * (time.thread_time() - server),
                cpu_ms(testbed.postgres.process) - postgres,
            )
            expected = {"acc": {200, 201}, "hal": {207}}.get(kind[:3], {400})
            if not statuses <= expected:
                raise RuntimeError(f"{kind}: {statuses}")
            found[kind].append((server / repeats, postgres / repeats))
    print(
        f"\n{items:,} items to {path}\n\n| | CPU ms server + PostgreSQL | over accepted |\n|---|---|---|"
    )
    whole = {kind: statistics.median(map(sum, samples)) for kind, samples in found.items()}
    for kind, samples in found.items():
        server, postgres = (statistics.median(part) for part in zip(*samples, strict=True))
        print(f"| {kind} | {server:.2f} + {postgres:.2f} | {whole[kind] / whole['accepted']:.2f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refused", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=15, help="the figures are the medians of so many (15)"
    )
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="events stored before (1000000)"
    )
    options = parser.parse_args()
    with Testbed() as testbed, tempfile.TemporaryDirectory() as folder:
        dataset = testbed.prepare(TRAITLY, options.events)
        ask = application(testbed, dataset, Path(folder))
        for path in KINDS:
            for items in (1, 1_000):
                _measure(testbed, ask, path, items, options.rounds)


if __name__ == "__main__":
    main()
