"""``import`` and ``export``."""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import itertools
import json
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from traitly._sync.client import Traitly
from traitly.cli import config
from traitly.cli.files import Row, open_source, read_rows
from traitly.cli.output import Failure, Progress
from traitly.errors import TraitlyError

CHUNK = 1000
MAX_SHOWN = 10

Subparsers = Any  # argparse's class for them is private


def add_to(subparsers: Subparsers) -> None:
    """Describe the commands."""
    importer = subparsers.add_parser(
        "import", help="store a file of customers or events", description=_import.__doc__
    )
    importer.add_argument("kind", choices=["customers", "events"])
    importer.add_argument(
        "file", help="NDJSON, JSON or CSV with a header line, also .gz; - for standard input"
    )
    importer.add_argument(
        "--format", choices=["ndjson", "json", "csv"], help="if the file's name does not say it"
    )
    importer.add_argument(
        "--rejected", metavar="FILE", help="write what is refused, and why, to this file as NDJSON"
    )
    importer.set_defaults(run=_import)

    exporter = subparsers.add_parser(
        "export", help="write all customers or events", description=_export.__doc__
    )
    exporter.add_argument("kind", choices=["customers", "events"])
    exporter.add_argument(
        "-o", "--output", metavar="FILE", help="the file; standard output if not given"
    )
    exporter.add_argument(
        "--format", choices=["ndjson", "csv"], help="ndjson, unless the file's name ends in .csv"
    )
    exporter.set_defaults(run=_export)


def _import(options: argparse.Namespace) -> int:
    """Store what is in a file. Lines that are refused are reported, the others are stored.

    A file can be imported again, after an interruption for example: events that have a created_at
    but no id get one that is made from the file's content up to there, and are stored once. Empty
    cells of a CSV are left out, columns that are no field become custom attributes.
    """
    with contextlib.ExitStack() as stack:
        source, size = stack.enter_context(open_source(options.file))
        rows = read_rows(source, options.file, options.format)
        if options.kind == "events":
            rows = with_ids(rows)
        traitly = stack.enter_context(config.client())
        rejected = (
            stack.enter_context(Path(options.rejected).open("w")) if options.rejected else None
        )
        progress = stack.enter_context(Progress(f"Importing {options.kind}", size))
        total = _store(traitly, options.kind, rows, progress, rejected)
    known = f", {total.duplicates:,} were stored before" if total.duplicates else ""
    print(
        f"{total.accepted - total.duplicates:,} stored{known}, {total.rejected:,} rejected.",
        file=sys.stderr,
    )
    return 1 if total.rejected else 0


@dataclass
class Total:
    """What became of the file's rows."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


def _store(
    traitly: Traitly, kind: str, rows: Iterator[Row], progress: Progress, rejected: IO[str] | None
) -> Total:
    store = traitly.events.send_many if kind == "events" else traitly.customers.upsert_many
    total = Total()
    told: set[str] = set()
    while chunk := list(itertools.islice(rows, CHUNK)):
        try:
            result = store([row.item for row in chunk], raise_on_rejected=False)
        except TraitlyError as error:
            raise Failure(
                f"{error}\nStopped after {progress.rows:,} rows, which are stored. Import the file again to go on."
            ) from error
        for rejection in result.rejected:
            _report(chunk[rejection.index], rejection.errors, total.rejected, rejected)
            total.rejected += 1
        for hint in result.hints:
            if hint["detail"] not in told:
                told.add(hint["detail"])
                print(f"\rNote: {hint['detail']}", file=sys.stderr)
        total.accepted += result.accepted
        total.duplicates += result.duplicates
        progress.advance(len(chunk), chunk[-1].position)
    return total


def _report(row: Row, errors: Iterable[Any], before: int, file: IO[str] | None) -> None:
    if file:
        record = {
            "line": row.line,
            "errors": [error._asdict() for error in errors],
            "item": row.item,
        }
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
    elif before < MAX_SHOWN:
        details = "; ".join(f"{_field(error.attr)}{error.detail}" for error in errors)
        print(f"\rLine {row.line}: {details}", file=sys.stderr)
    elif before == MAX_SHOWN:
        print("More are rejected; --rejected FILE keeps all of them.", file=sys.stderr)


def _field(attr: str | None) -> str:
    """``created_at: `` of ``3.created_at``: the line is said already."""
    name = (attr or "").partition(".")[2]
    return f"{name}: " if name else ""


def with_ids(rows: Iterable[Row]) -> Iterator[Row]:
    """Give events an id that is the same when the same file is read again, or the same file with more at its end.

    Events without a time happen now, each time: they get new ids from the client.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row.item, sort_keys=True).encode())
        if row.item.get("created_at") and not row.item.get("id"):
            value = bytearray(digest.digest()[:16])
            value[6] = value[6] & 0x0F | 0x80  # RFC 9562's version 8: made from a hash
            value[8] = value[8] & 0x3F | 0x80
            yield row.with_id(str(uuid.UUID(bytes=bytes(value))))
        else:
            yield row


def _export(options: argparse.Namespace) -> int:
    """Write all customers, or all events in the order in which they were stored.

    A file appears under its name when it is complete.
    """
    output = Path(options.output) if options.output else None
    form = options.format or ("csv" if output and output.suffix == ".csv" else "ndjson")
    with config.client() as traitly, Progress(f"Exporting {options.kind}") as progress:
        rows = _rows(traitly, options.kind, progress)
        if output is None:
            _write(rows, form, sys.stdout)
        else:
            part = output.with_name(output.name + ".part")
            with part.open("w", encoding="utf-8", newline="") as stream:
                _write(rows, form, stream)
            part.replace(output)
    print(f"{progress.rows:,} {options.kind} exported.", file=sys.stderr)
    return 0


def _rows(traitly: Traitly, kind: str, progress: Progress) -> Iterator[Mapping[str, Any]]:
    if kind == "customers":
        for page in traitly.customers.list(limit=CHUNK).pages():
            yield from page.data
            progress.advance(len(page.data))
    else:
        for entries in traitly.feed.list(type="event.created", limit=CHUNK).pages():
            for entry in entries.data:
                yield entry["data"]
            progress.advance(len(entries.data))


def _write(rows: Iterable[Mapping[str, Any]], form: str, stream: IO[str]) -> None:
    if form == "ndjson":
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    writer = csv.writer(stream, lineterminator="\n")
    for number, row in enumerate(rows):
        if number == 0:
            writer.writerow(row)
        writer.writerow([_csv_cell(value) for value in row.values()])


def _csv_cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
