"""``manage.py import_data customers|events FILE ... --account ACCOUNT``: imports from files what a client would post."""

import argparse
import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from traitly.input.errors import AccountGoneError, Error, MalformedError, QuotaExceededError, TooLargeError
from traitly.input.parsing import Body
from transfer.kinds import NAMES, Kind, kind_of
from transfer.management.commands.export_data import ACCOUNT_HELP, FORMATS, account_of, format_of

_BATCH_BYTES = 4 * 1024 * 1024  # a batch also ends here, because lines may be long
_MAX_SHOWN = 10  # rejected rows, if there is no file for them
_INTERRUPTED = 130  # a shell's exit status for a program ended by Ctrl-C
_MAX_KEPT = 64 * 1024  # bytes of a row that is not JSON


class Row(NamedTuple):
    """A row of a file: its first line, and a JSON object's text without line breaks, or what is wrong with it."""

    line: int
    text: bytes
    error: Error | None = None


class Count(NamedTuple):
    """The result of a batch: created or updated, stored before, and refused with reasons."""

    stored: int
    known: int
    refused: list[tuple[Row, list[Error]]]


class Command(BaseCommand):
    """Rows go through the schemas and services of the API, in batches that are committed separately."""

    help = (
        "Import customers or events. A second run stores nothing twice: it skips unchanged customers, and an event "
        "without an id gets one derived from the file's name (--source), the line and its number. In CSV the first "
        "line names the fields. The custom_attributes column holds JSON, unknown columns become custom attributes as "
        "text, and an empty cell counts as not sent. Exits with status 1 if rows were rejected."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the kind, the account and the files."""
        parser.add_argument("kind", choices=NAMES)
        parser.add_argument(
            "files", nargs="*", default=["-"], metavar="file", help="- (the default) for stdin; .gz is decompressed"
        )
        parser.add_argument("--account", required=True, help=ACCOUNT_HELP)
        parser.add_argument("--format", choices=FORMATS, help="default: by each file's extension, else ndjson")
        parser.add_argument("--rejected", metavar="FILE", help="write rejected rows as NDJSON: file, line, errors, row")
        parser.add_argument(
            "--batch", type=int, default=1_000, help="rows per transaction (default %(default)s, at most 10,000)"
        )
        parser.add_argument(
            "--source", help="replaces the file's name in derived event ids; a new value imports the same file again"
        )

    def handle(self, *args: Any, kind: str, files: list[str], account: str, batch: int, **options: Any) -> None:
        """Import each file and report its rows."""
        account_id = account_of(account)
        if not 1 <= batch <= settings.MAX_ITEMS:
            raise CommandError(f"--batch must be from 1 to {settings.MAX_ITEMS}.")
        refused = 0
        with ExitStack() as stack:
            try:
                rejected = stack.enter_context(Path(options["rejected"]).open("wb")) if options["rejected"] else None
            except OSError as error:
                raise CommandError(f"--rejected: {error.strerror}") from error
            for file in files:
                source = options["source"] or Path(file).name.removesuffix(".gz")
                total = stored = known = 0
                try:
                    for count, rows in self._import(file, kind, account_id, batch, source, options["format"]):
                        total, stored, known = total + rows, stored + count.stored, known + count.known
                        for row, errors in count.refused:
                            refused += 1
                            self._report(rejected, file, row, errors, refused)
                except KeyboardInterrupt:
                    message = f"{file}: {stored + known:,} rows stored; run again to continue."
                    raise CommandError(message, returncode=_INTERRUPTED) from None
                self.stderr.write(
                    f"{file}: {total:,} rows, {stored:,} stored, {known:,} already stored, {total - stored - known:,} rejected."
                )
        if refused:
            raise CommandError(f"{refused:,} rows were rejected.")

    def _import(
        self, file: str, kind: str, account_id: int, size: int, source: str, file_format: str | None
    ) -> Iterator[tuple[Count, int]]:
        """Store a file batch by batch; yields each result and its number of rows."""
        of_kind = kind_of(NAMES[kind])
        with ExitStack() as stack:
            try:
                raw = stack.enter_context(Path(file).open("rb")) if file != "-" else sys.stdin.buffer
                total = Path(file).stat().st_size if file != "-" else None
                stream: Any = gzip.GzipFile(fileobj=raw) if file.endswith(".gz") else raw
                is_csv = (file_format or format_of(file)) == "csv"
                rows = _csv_rows(stream, frozenset(of_kind.schema.read_only)) if is_csv else _ndjson_rows(stream)
                bar = stack.enter_context(
                    tqdm(desc=file, total=total, unit="B", unit_scale=True, disable=None, file=sys.stderr)
                )
                for batch in _batches(stack.enter_context(closing(rows)), size):
                    yield _store(of_kind, account_id, source, batch), len(batch)
                    bar.update(raw.tell() - bar.n if total else sum(len(row.text) for row in batch))
            except (OSError, EOFError, zlib.error, csv.Error) as error:
                raise CommandError(f"{file}: {error}. Everything before it is imported.") from error
            except QuotaExceededError as error:
                raise CommandError(f"{file}: {error.detail} Everything before it is imported.") from None
            except AccountGoneError:
                raise CommandError("The account was erased during the import.") from None

    def _report(self, rejected: BinaryIO | None, file: str, row: Row, errors: list[Error], nth: int) -> None:
        if rejected is None:
            if nth <= _MAX_SHOWN:
                said = "; ".join(f"{error.attr}: {error.detail}" if error.attr else error.detail for error in errors)
                self.stderr.write(f"{file}, line {row.line}: {said}")
            return
        line = {
            "file": file,
            "line": row.line,
            "errors": [error._asdict() for error in errors],
            "row": _shown(row.text),
        }
        rejected.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


# Storing -------------------------------------------------------------------------------------------------------------


def _store(kind: Kind, account_id: int, source: str, batch: Sequence[Row]) -> Count:
    """Store a batch's valid rows. In a request, a line that is not JSON invalidates everything; in a file it is one rejected row."""
    refused = [(row, [row.error]) for row in batch if row.error]
    rows = [row for row in batch if not row.error]
    if not rows:
        return Count(0, 0, refused)
    keys = [f"{source}:{row.line}:{row.text.decode(errors='replace')}" for row in rows]
    try:
        items = kind.read(Body(b"\n".join(row.text for row in rows), lines=True), keys)
        known = kind.store(account_id, items.accepted)
    except (MalformedError, TooLargeError) as error:
        if len(rows) == 1:
            detail = error.detail.removeprefix("Line 1: The body is ").capitalize()
            return Count(0, 0, [*refused, (rows[0], [Error("parse_error", detail)])])
        # Split until the broken lines are isolated and each part fits into one request; the others are still stored many at
        # a time.
        middle = len(rows) // 2
        first, second = (_store(kind, account_id, source, part) for part in (rows[:middle], rows[middle:]))
        refused = [*refused, *first.refused, *second.refused]
        return Count(
            first.stored + second.stored, first.known + second.known, sorted(refused, key=lambda each: each[0].line)
        )
    refused += [(rows[rejected.index], rejected.errors) for rejected in items.rejected]
    return Count(len(items.accepted) - known, known, sorted(refused, key=lambda each: each[0].line))


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Up to ``size`` rows at a time, and about ``_BATCH_BYTES``."""
    batch: list[Row] = []
    length = 0
    for row in rows:
        batch.append(row)
        length += len(row.text)
        if len(batch) == size or length > _BATCH_BYTES:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


# Reading -------------------------------------------------------------------------------------------------------------


def _ndjson_rows(stream: BinaryIO) -> Generator[Row, None, None]:
    """The lines that are not blank. A line longer than a request may be is not kept in memory."""
    most: int = settings.MAX_BODY_BYTES
    number = 0
    while text := stream.readline(most + 1):
        number += 1
        error = None
        if len(text) > most:
            error = Error("max_length", f"The line is longer than {most} bytes.")
            rest = text
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(most)
            text = text[:_MAX_KEPT]
        text = text.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else text.strip()
        if text:
            yield Row(number, text, error)


def _csv_rows(stream: BinaryIO, read_only: frozenset[str]) -> Generator[Row, None, None]:
    """The rows below the header, each as the JSON object that a client would send."""
    csv.field_size_limit(settings.MAX_BODY_BYTES)
    lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(lines, strict=True)
    try:
        names = _names(next(reader, []))
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if cells:
                yield _csv_row(line, names, cells, read_only)
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num}: {error}") from error
    finally:
        lines.detach()  # the stream belongs to whoever opened it


def _names(cells: list[str]) -> list[str]:
    if not all(cells) or len(set(cells)) < len(cells):
        raise csv.Error("the first line must name each column, none twice")
    return cells


def _csv_row(line: int, names: list[str], cells: list[str], read_only: frozenset[str]) -> Row:
    sent = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
    fields: dict[str, Any] = dict(sent)
    error = None
    if len(cells) > len(names):
        error = Error("invalid", f"The row has {len(cells)} cells, the first line {len(names)}.")
    elif "custom_attributes" in sent:
        text = sent["custom_attributes"]
        try:
            json.loads(text, parse_int=Decimal)  # check that it is one value; its text is what gets stored
        except (ValueError, RecursionError):
            error = Error("invalid", "The cell is not JSON.", "custom_attributes")
        else:
            # Line breaks occur only between tokens: JSON escapes them within strings.
            fields["custom_attributes"] = orjson.Fragment(text.replace("\r", " ").replace("\n", " "))
    for name in read_only & sent.keys():
        if sent[name] == "1":  # the success field of a response
            fields[name] = 1
    try:
        return Row(line, orjson.dumps(fields), error)
    except TypeError:  # a byte that is not UTF-8 became a lone surrogate
        shown = {name: cell.encode(errors="replace").decode() for name, cell in sent.items()}
        return Row(line, orjson.dumps(shown), Error("invalid", "The row is not UTF-8."))


def _shown(text: bytes) -> Any:
    """A row as the rejected file shows it: as JSON where it is, exactly as it stood."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text[:_MAX_KEPT].decode(errors="replace")
    return orjson.Fragment(text)
