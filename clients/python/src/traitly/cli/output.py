"""What commands print: tables and a progress bar for people, NDJSON for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

REFRESH = 0.1  # seconds
BAR = 24


class Failure(Exception):  # noqa: N818 - what is printed, not a bug
    """A command cannot go on; the message says why."""


def wants_json(asked: bool) -> bool:
    """Whether to print NDJSON: if it was asked for, or if nobody reads along."""
    return asked or not sys.stdout.isatty()


def show(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, int], *, as_json: bool) -> None:
    """Print the rows as they come. ``columns`` are the fields of the table with their widths."""
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    print(_line(columns, {name: name for name in columns}))
    for row in rows:
        print(_line(columns, row), flush=True)


def show_one(row: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one object, a field a line."""
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    for name, value in row.items():
        print(f"{name:<24}{cell(name, value)}")


def cell(name: str, value: Any) -> str:
    """A value for people: times in the local time zone; no control characters, which would drive the terminal."""
    if value is None:
        return "-"
    if name in {"created_at", "updated_at", "timestamp"}:
        try:
            return datetime.fromtimestamp(float(value)).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        except (ValueError, OverflowError, OSError):
            return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _line(columns: Mapping[str, int], row: Mapping[str, Any]) -> str:
    cells = (
        f"{_short(cell(name, row.get(name)), width):<{width}}" for name, width in columns.items()
    )
    return "  ".join(cells).rstrip()


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


class Progress:
    """A bar on stderr while something long runs; nothing where nobody looks.

    ``total`` is in the unit of ``advance``'s position (bytes of a file), None if it is not known.
    """

    def __init__(self, label: str, total: int | None = None) -> None:
        self.rows = 0
        self._label = label
        self._total = total
        self._begin = time.monotonic()
        self._drawn = 0.0
        self._shown = sys.stderr.isatty()

    def advance(self, rows: int, position: int = 0) -> None:
        """So many rows more are done, up to ``position``."""
        self.rows += rows
        now = time.monotonic()
        if self._shown and now - self._drawn >= REFRESH:
            self._drawn = now
            self._draw(position, now)

    def _draw(self, position: int, now: float) -> None:
        taken = max(now - self._begin, 0.001)
        text = f"{self.rows:,} rows, {self.rows / taken:,.0f}/s"
        if self._total:
            share = min(1.0, position / self._total)
            filled = round(share * BAR)
            left = f", {taken / share - taken:.0f} s left" if 0 < share < 1 else ""
            text = f"{'#' * filled}{'.' * (BAR - filled)} {share:4.0%}  {text}{left}"
        sys.stderr.write(f"\r{self._label}  {text}\x1b[K")
        sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            if error is None:
                self._draw(self._total or 0, time.monotonic())
            sys.stderr.write("\n")
