"""``manage.py import_data customers|events FILE ... --account ACCOUNT``: imports from files what a client would post."""

import argparse
import csv
import gzip
import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from traitly.input.errors import (
    AccountGoneError,
    Error,
    MalformedError,
    QuotaExceededError,
    TooLargeError,
)
from traitly.input.items import Batch
from traitly.input.parsing import Body
from transfer.kinds import NAMES, Kind, kind_of
from transfer.management.commands.export_data import ACCOUNT_HELP, FORMATS, account_of, format_of
from transfer.rows import Row, csv_rows, ndjson_rows, shown

T = TypeVar("T")

_BATCH_BYTES = 4 * 1024 * 1024  # a batch also ends here, because lines may be long
_MAX_SHOWN = 10  # rejected rows, if there is no file for them
_INTERRUPTED = 130  # a shell's exit status for a program ended by Ctrl-C


Refused = tuple[Row, list[Error]]  # with reasons


class Part(NamedTuple):
    """Rows that were validated together."""

    rows: Sequence[Row]
    items: Batch[Any]


class Ready(NamedTuple):
    """A batch that only has to be stored: how many rows it had, and where in the file it ends."""

    parts: list[Part]
    refused: list[Refused]
    rows: int
    position: int


class Count(NamedTuple):
    """The result of a batch: created or updated, stored before, and refused with reasons."""

    stored: int
    known: int
    refused: list[Refused]


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
            "files",
            nargs="*",
            default=["-"],
            metavar="file",
            help="- (the default) for stdin; .gz is decompressed",
        )
        parser.add_argument("--account", required=True, help=ACCOUNT_HELP)
        parser.add_argument(
            "--format", choices=FORMATS, help="default: by each file's extension, else ndjson"
        )
        parser.add_argument(
            "--rejected",
            metavar="FILE",
            help="write rejected rows as NDJSON: file, line, errors, row",
        )
        parser.add_argument(
            "--batch",
            type=int,
            default=1_000,
            help="rows per transaction (default %(default)s, at most 10,000)",
        )
        parser.add_argument(
            "--source",
            help="replaces the file's name in derived event ids; a new value imports the same file again",
        )

    def handle(
        self, *args: Any, kind: str, files: list[str], account: str, batch: int, **options: Any
    ) -> None:
        """Import each file and report its rows."""
        account_id = account_of(account)
        if not 1 <= batch <= settings.MAX_ITEMS:
            raise CommandError(f"--batch must be from 1 to {settings.MAX_ITEMS}.")
        refused = 0
        with ExitStack() as stack:
            try:
                rejected = (
                    stack.enter_context(Path(options["rejected"]).open("wb"))
                    if options["rejected"]
                    else None
                )
            except OSError as error:
                raise CommandError(f"--rejected: {error.strerror}") from error
            for file in files:
                source = options["source"] or Path(file).name.removesuffix(".gz")
                total = stored = known = 0
                try:
                    for count, rows in self._import(
                        file, kind, account_id, batch, source, options["format"]
                    ):
                        total, stored, known = (
                            total + rows,
                            stored + count.stored,
                            known + count.known,
                        )
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
                raw = (
                    stack.enter_context(Path(file).open("rb")) if file != "-" else sys.stdin.buffer
                )
                total = Path(file).stat().st_size if file != "-" else None
                stream: Any = gzip.GzipFile(fileobj=raw) if file.endswith(".gz") else raw
                is_csv = (file_format or format_of(file)) == "csv"
                rows = (
                    csv_rows(stream, frozenset(of_kind.schema.read_only))
                    if is_csv
                    else ndjson_rows(stream)
                )
                bar = stack.enter_context(
                    tqdm(
                        desc=file,
                        total=total,
                        unit="B",
                        unit_scale=True,
                        disable=None,
                        file=sys.stderr,
                    )
                )
                batches = _batches(stack.enter_context(closing(rows)), size)
                ready = _validated(of_kind, source, batches, raw.tell if total else None)
                # A thread that reads from a terminal could not be interrupted.
                for batch in ready if raw.isatty() else stack.enter_context(closing(_ahead(ready))):
                    count = _store(of_kind, account_id, source, batch.parts)
                    refused = sorted(
                        [*batch.refused, *count.refused], key=lambda each: each[0].line
                    )
                    yield count._replace(refused=refused), batch.rows
                    bar.update(batch.position - bar.n)
            except (OSError, EOFError, zlib.error, csv.Error) as error:
                raise CommandError(f"{file}: {error}. Everything before it is imported.") from error
            except QuotaExceededError as error:
                raise CommandError(
                    f"{file}: {error.detail} Everything before it is imported."
                ) from None
            except AccountGoneError:
                raise CommandError("The account was erased during the import.") from None

    def _report(
        self, rejected: BinaryIO | None, file: str, row: Row, errors: list[Error], nth: int
    ) -> None:
        if rejected is None:
            if nth <= _MAX_SHOWN:
                said = "; ".join(
                    f"{error.attr}: {error.detail}" if error.attr else error.detail
                    for error in errors
                )
                self.stderr.write(f"{file}, line {row.line}: {said}")
            return
        line = {
            "file": file,
            "line": row.line,
            "errors": [error._asdict() for error in errors],
            "row": shown(row.text),
        }
        rejected.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


# Storing
# -------------------------------------------------------------------------------------------------------------


def _store(kind: Kind, account_id: int, source: str, parts: Iterable[Part]) -> Count:
    """Store what was validated; gives what became of it."""
    stored, known, refused = 0, 0, []
    for part in parts:
        try:
            part_known = kind.store(account_id, part.items.accepted)
        except TooLargeError as error:  # together with what is stored
            if len(part.rows) == 1:
                refused.append(_unreadable(part.rows[0], error))
                continue
            again = (_validate(kind, source, half)[0] for half in _halves(part.rows))
            count = _store(kind, account_id, source, chain.from_iterable(again))
        else:
            count = Count(len(part.items.accepted) - part_known, part_known, [])
        stored, known, refused = (
            stored + count.stored,
            known + count.known,
            [*refused, *count.refused],
        )
    return Count(stored, known, refused)


# Validating
# ----------------------------------------------------------------------------------------------------------


def _validated(
    kind: Kind, source: str, batches: Iterable[list[Row]], position: Callable[[], int] | None
) -> Iterator[Ready]:
    read = 0
    for batch in batches:
        parts, refused = _validate(kind, source, batch)
        read += sum(len(row.text) for row in batch)
        yield Ready(parts, refused, len(batch), position() if position else read)


def _validate(kind: Kind, source: str, batch: Sequence[Row]) -> tuple[list[Part], list[Refused]]:
    """A batch's valid rows, and the refused.

    In a request, a line that is not JSON invalidates everything; in a file it is one rejected row.
    """
    refused = [(row, [row.error]) for row in batch if row.error]
    rows = [row for row in batch if not row.error]
    if not rows:
        return [], refused
    keys = [f"{source}:{row.line}:{row.text.decode(errors='replace')}" for row in rows]
    try:
        items = kind.read(Body(b"\n".join([row.text for row in rows]), lines=True), keys)
    except (MalformedError, TooLargeError) as error:
        if len(rows) == 1:
            return [], [*refused, _unreadable(rows[0], error)]
        # Split until the broken lines are isolated and each part fits into one request; the others
        # are still stored many at a time.
        parts = []
        for half in _halves(rows):
            more_parts, more_refused = _validate(kind, source, half)
            parts += more_parts
            refused += more_refused
        return parts, refused
    refused += [(rows[rejected.index], rejected.errors) for rejected in items.rejected]
    return [Part(rows, items)], refused


def _halves(rows: Sequence[Row]) -> tuple[Sequence[Row], Sequence[Row]]:
    middle = len(rows) // 2
    return rows[:middle], rows[middle:]


def _unreadable(row: Row, error: MalformedError | TooLargeError) -> Refused:
    detail = error.detail.removeprefix("Line 1: The body is ").capitalize()
    return row, [Error("parse_error", detail)]


def _ahead(parts: Iterator[T]) -> Generator[T, None, None]:
    """The same, each made in a thread while the one before is being stored: PostgreSQL takes the other half of the time."""
    with ThreadPoolExecutor(1, thread_name_prefix="reader") as thread:
        pending = thread.submit(next, parts, None)
        while (part := pending.result()) is not None:
            pending = thread.submit(next, parts, None)
            yield part


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
