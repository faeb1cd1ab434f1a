"""Files to import: NDJSON, JSON and CSV, plain or gzipped, read a row at a time."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from traitly.cli.output import Failure

FORMATS = {".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}
FIELDS_OF_JSON = {"custom_attributes"}  # what a CSV has as JSON text
MAX_CELL = 64 * 1024 * 1024


@dataclass(frozen=True)
class Row:
    """An item of a file, with the line it stands on and how many bytes of the file were read by then."""

    item: dict[str, Any]
    line: int
    position: int

    def with_id(self, identifier: str) -> Row:
        """The same, with this id."""
        return replace(self, item={**self.item, "id": identifier})


@contextlib.contextmanager
def open_source(name: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """The file and its size; None for what has none, like a pipe."""
    if name == "-":
        yield sys.stdin.buffer, None
        return
    try:
        stream = Path(name).open("rb")  # noqa: SIM115 - it is closed below
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}") from error
    with stream:
        yield stream, os.fstat(stream.fileno()).st_size or None


def read_rows(source: BinaryIO, name: str, form: str | None) -> Iterator[Row]:
    """The items of the file.

    Raises Failure, with the line, for what cannot be read.
    """
    path = Path(name)
    content: BinaryIO = source
    if path.suffix == ".gz":
        path = path.with_suffix("")
        content = cast("BinaryIO", gzip.GzipFile(fileobj=source))
    form = form or FORMATS.get(path.suffix)
    if form is None:
        raise Failure(f"Is {name} ndjson, json or csv? Say it with --format.")
    reader = {"csv": _csv, "json": _json, "ndjson": _ndjson}[form]
    return _told_where(reader(content, _position_of(source)), name)


def _position_of(source: BinaryIO) -> Callable[[], int]:
    return source.tell if source.seekable() else lambda: 0


def _told_where(rows: Iterator[Row], name: str) -> Iterator[Row]:
    try:
        yield from rows
    except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile) as error:
        raise Failure(f"{name} cannot be read: {error}") from error


def _ndjson(content: BinaryIO, position: Callable[[], int]) -> Iterator[Row]:
    for line, text in enumerate(content, 1):
        if not text.strip():
            continue
        try:
            item = json.loads(text)
        except ValueError as error:
            raise Failure(f"Line {line} is not JSON: {error}") from error
        yield Row(_object(item, line), line, position())


def _json(content: BinaryIO, position: Callable[[], int]) -> Iterator[Row]:
    try:
        items = json.load(content)
    except ValueError as error:
        raise Failure(
            f"This is not JSON: {error}. For one object a line, use --format ndjson."
        ) from error
    for number, item in enumerate(items if isinstance(items, list) else [items], 1):
        yield Row(_object(item, number), number, position())


def _csv(content: BinaryIO, position: Callable[[], int]) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.DictReader(io.TextIOWrapper(content, "utf-8-sig", newline=""), strict=True)
    for record in reader:
        line = reader.line_num
        if None in record:
            raise Failure(
                f"Line {line} has more cells than the first line, which names the columns."
            )
        item = {name: _cell(name, text, line) for name, text in record.items() if text}
        yield Row(item, line, position())


def _cell(name: str, text: str, line: int) -> Any:
    if name not in FIELDS_OF_JSON:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failure(f"Line {line}: {name} is not JSON: {error}") from error


def _object(item: Any, line: int) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Failure(f"Line {line} is no JSON object.")
    return item
