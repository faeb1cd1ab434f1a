"""Plots of days as SVG that the server draws: bars, stacked where there are several series.

The text beside them is HTML: it keeps its size where the bars are stretched. Colours are the
stylesheet's, because the page's policy allows no styles elsewhere.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

HEIGHT = 100  # of the drawing; its width is ten a day
MAX_SERIES = 5  # as many as the stylesheet has colours for
_STEP, _BAR = 10, 8
_WEEK = 7
_MAX_STEPS = 5


class Series(NamedTuple):
    """A row of the legend: ``path`` draws its bars, ``number`` chooses its colour."""

    label: str
    number: int
    path: str
    total: int


class DayTotal(NamedTuple):
    """A row of the table behind a plot, and what the pointer finds over a bar."""

    day: datetime.date
    x: int
    values: list[int]
    total: int


class Tick(NamedTuple):
    """A label of an axis, and where it stands: in percent from the top or the left."""

    label: str
    at: float


class Plot(NamedTuple):
    """What ``portal/plot.html`` draws."""

    id: str
    title: str
    noun: str
    series: list[Series]
    days: list[DayTotal]
    most: int
    total: int
    summed: bool  # whether the sum of the days means something

    @property
    def width(self) -> int:
        """Of the drawing."""
        return len(self.days) * _STEP

    @property
    def ticks(self) -> list[Tick]:
        """The value axis's labels with their heights in the drawing, from the top down."""
        step = _step(self.most)
        return [
            Tick(_short(value), HEIGHT - value * HEIGHT / self.most)
            for value in range(self.most, -1, -step)
        ]

    @property
    def weeks(self) -> list[Tick]:
        """The time axis's labels: every seventh day, counted back from today."""
        days = self.days[::-_WEEK][::-1]
        return [Tick(f"{each.day.day} {each.day:%b}", 100 * each.x / self.width) for each in days]

    @property
    def busiest(self) -> DayTotal:
        """The day with most."""
        return max(self.days, key=lambda day: day.total)


def days_until(today: datetime.date, days: int) -> list[datetime.date]:
    """The last ``days`` days, ``today`` included."""
    return [today - datetime.timedelta(days=ago) for ago in range(days - 1, -1, -1)]


def moments(days: Sequence[datetime.date]) -> dict[str, datetime.datetime]:
    """The moments between which the days lie (UTC), as queries take them."""
    since, last = (
        datetime.datetime.combine(day, datetime.time(), datetime.UTC) for day in (days[0], days[-1])
    )
    return {"since": since, "until": last + datetime.timedelta(days=1)}


def plot_days(
    plot_id: str,
    title: str,
    noun: str,
    days: Sequence[datetime.date],
    values: Mapping[datetime.date, int],
    *,
    summed: bool = True,
) -> Plot:
    """A plot of one series."""
    return plot_series(plot_id, title, noun, days, {title: values})._replace(summed=summed)


def plot_series(
    plot_id: str,
    title: str,
    noun: str,
    days: Sequence[datetime.date],
    series: Mapping[str, Mapping[datetime.date, int]],
) -> Plot:
    """A plot of stacked series, the first at the bottom. At most ``MAX_SERIES``."""
    totals = [sum(values.get(day, 0) for values in series.values()) for day in days]
    most = _round_up(max(totals, default=0))
    grounds = [0] * len(days)
    drawn = []
    for number, (label, values) in enumerate(series.items(), start=1):
        heights = [values.get(day, 0) for day in days]
        path = "".join(_bars(heights, grounds, most))
        drawn.append(Series(label, number, path, sum(heights)))
        grounds = [ground + height for ground, height in zip(grounds, heights, strict=True)]
    rows = [
        DayTotal(
            day,
            position * _STEP,
            [values.get(day, 0) for values in series.values()],
            totals[position],
        )
        for position, day in enumerate(days)
    ]
    return Plot(plot_id, title, noun, drawn, rows, most, sum(totals), summed=True)


def gather_series(
    rows: Iterable[tuple[datetime.date, str, int]],
) -> dict[str, dict[datetime.date, int]]:
    """Counts a day and name as series: the most frequent names, and all the others as one."""
    by_name: dict[str, dict[datetime.date, int]] = {}
    for day, name, count in rows:
        by_name.setdefault(name, {})[day] = count
    ordered = sorted(by_name.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    if len(ordered) <= MAX_SERIES:
        return dict(ordered)
    others: dict[datetime.date, int] = {}
    for _, values in ordered[MAX_SERIES - 1 :]:
        for day, count in values.items():
            others[day] = others.get(day, 0) + count
    return dict(ordered[: MAX_SERIES - 1]) | {
        f"{len(ordered) - MAX_SERIES + 1} other names": others
    }


def _bars(heights: Sequence[int], grounds: Sequence[int], most: int) -> Iterable[str]:
    for position, (height, ground) in enumerate(zip(heights, grounds, strict=True)):
        if height:
            top = HEIGHT - (ground + height) * HEIGHT / most
            bottom = HEIGHT - ground * HEIGHT / most
            yield f"M{position * _STEP + 1} {bottom:.2f}V{top:.2f}h{_BAR}V{bottom:.2f}z"


def _round_up(number: int) -> int:
    """The axis's end: the first whole step at or above the number, so that bars use the height."""
    step = _step(number)
    return max(-(-number // step), 1) * step


def _step(number: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, ... of which at most ``_MAX_STEPS`` reach the number."""
    unit = 1
    while True:
        for factor in (1, 2, 5):
            if number <= _MAX_STEPS * factor * unit:
                return factor * unit
        unit *= 10


def _short(value: int) -> str:
    """400k for 400,000."""
    for unit, suffix in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= unit:
            return f"{value / unit:g}{suffix}"
    return str(value)
