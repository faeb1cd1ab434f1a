"""The overview's tiles: a number, how it changed against the period before, and its course as a small line."""

import datetime
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_WIDTH, _HEIGHT = 100, 24  # of the line's drawing
_MAX_PERCENT = 999  # more says nothing but "much more"


class Change(NamedTuple):
    """A number against the one of the period before, in percent. ``percent`` is None where there was nothing before."""

    percent: int | None
    before: str  # what it is compared with, for people

    @property
    def text(self) -> str:
        """``+12%``; ``new`` where nothing was before."""
        if self.percent is None:
            return "new"
        if self.percent > _MAX_PERCENT:
            return f"over +{_MAX_PERCENT}%"
        return f"{self.percent:+}%" if self.percent else "no change"


class Tile(NamedTuple):
    """What ``portal/tile.html`` shows."""

    label: str
    value: object
    url: str  # where the number leads
    note: str
    change: Change | None = None
    line: str = ""


def change_of(
    values: Mapping[datetime.date, int],
    days: Sequence[datetime.date],
    before: Sequence[datetime.date],
) -> Change | None:
    """The sum of the whole days (all but the last, which is today) against as many days before them.

    None where both are nothing.
    """
    whole = len(days) - 1
    now = sum(values.get(day, 0) for day in days[:whole])
    then = sum(values.get(day, 0) for day in before[-whole:]) if whole else 0
    if not (now or then):
        return None
    text = f"the {whole} whole days before today against the {whole} before them"
    return Change(round(100 * (now - then) / then) if then else None, text)


def line_of(values: Mapping[datetime.date, int], days: Sequence[datetime.date]) -> str:
    """The path of a line over the days; nothing where there is nothing to see."""
    heights = [values.get(day, 0) for day in days]
    most = max(heights, default=0)
    if not most or len(heights) < 2:  # noqa: PLR2004  a line has two ends
        return ""
    step = _WIDTH / (len(heights) - 1)
    points = [
        f"{place * step:.1f} {_HEIGHT - height * _HEIGHT / most:.1f}"
        for place, height in enumerate(heights)
    ]
    return f"M{'L'.join(points)}"
