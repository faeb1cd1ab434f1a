"""The plots of a run, as SVG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks import workloads
from benchmarks.measure import Sample

mpl.rcParams["svg.hashsalt"] = "traitly"  # the same figures make the same file
LIMITS = "#9aa5b1"
OTHERS = "#c98a2b"
TRAITLY = "#2457a6"


def bars(medians: Mapping[tuple[str, str], Sample], file: Path) -> None:
    """Events, lists or customers a second: a panel for each workload, a bar for each contestant and limit."""
    shown = [
        workload
        for workload in workloads.WORKLOADS
        if any(name == workload.name for name, _ in medians)
    ]
    figure = Figure(figsize=(10, 2.4 * ((len(shown) + 1) // 2)), layout="constrained")
    panels = figure.subplots((len(shown) + 1) // 2, 2, squeeze=False).flat
    for workload, panel in zip(shown, panels, strict=False):
        samples = [sample for (name, _), sample in medians.items() if name == workload.name][::-1]
        scale = workload.items if workload.stores or workload.group == "upsert" else 1
        rates = [sample.requests_per_second * scale for sample in samples]
        drawn = panel.barh(
            [sample.who for sample in samples], rates, color=[_color(sample) for sample in samples]
        )
        panel.bar_label(drawn, [f"{rate:,.0f}" for rate in rates], padding=3, fontsize=8)
        panel.set_title(
            f"{workload.title}, {'a second' if scale == 1 else 'items a second'}",
            fontsize=9,
            loc="left",
        )
        panel.margins(x=0.2)
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels:
        panel.set_visible(False)
    figure.savefig(file, format="svg", metadata={"Date": None})


def _color(sample: Sample) -> str:
    if sample.who == "traitly":
        return TRAITLY
    return (
        OTHERS
        if sample.server_cpu_ms is not None and not sample.who.startswith("constant")
        else LIMITS
    )


class Panel(NamedTuple):
    """A diagram of points by curve; both axes are logarithmic."""

    title: str
    x: str
    y: str
    curves: Mapping[str, Sequence[tuple[float, float]]]


def lines(panels: Sequence[Panel], file: Path) -> None:
    """One diagram beside the other, two in a row."""
    rows = (len(panels) + 1) // 2
    figure = Figure(figsize=(10, 3 * rows), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False).flat
    for (title, x, y, curves), panel in zip(panels, axes, strict=False):
        for name, points in curves.items():
            panel.plot(*zip(*points, strict=True), marker="o", label=name)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_title(title, fontsize=9, loc="left")
        panel.set_xlabel(x, fontsize=8)
        panel.set_ylabel(y, fontsize=8)
        panel.tick_params(labelsize=8)
        panel.legend(fontsize=7)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in axes:
        panel.set_visible(False)
    figure.savefig(file, format="svg", metadata={"Date": None})
