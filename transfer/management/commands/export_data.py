"""``manage.py export_data customers|events|history FILE --account ACCOUNT``: exports all rows as the API streams them."""

import argparse
import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.queries import find_account
from traitly.lists.streams import as_csv, as_ndjson
from transfer.kinds import EXPORTS

FORMATS = ("ndjson", "csv")
ACCOUNT_HELP = "its id, the email address of a member, or the company's name"


def format_of(name: str) -> str | None:
    """The format that a file's name ends with, before .gz."""
    return next((each for each in FORMATS if name.removesuffix(".gz").endswith(f".{each}")), None)


def account_of(named: str) -> int:
    """The id of the named account, or ``CommandError``."""
    try:
        return find_account(named)
    except LookupError as error:
        raise CommandError(str(error.args[0])) from None


class Command(BaseCommand):
    """Needs constant memory and locks nothing, whatever the size of the account."""

    help = (
        "Export an account's customers (oldest first), its events (by id; ids that the server made sort by arrival) or "
        "the history of its customers. `manage.py import_data` reads the first two."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the kind, the account and the file."""
        parser.add_argument("kind", choices=EXPORTS)
        parser.add_argument(
            "file",
            nargs="?",
            default="-",
            help="compressed if its name ends in .gz; - (the default) for stdout",
        )
        parser.add_argument("--account", required=True, help=ACCOUNT_HELP)
        parser.add_argument(
            "--format", choices=FORMATS, help="default: by the file's extension, else ndjson"
        )

    def handle(self, *args: Any, kind: str, file: str, account: str, **options: Any) -> None:
        """Write the file completely or not at all."""
        account_id = account_of(account)
        names, rows = EXPORTS[kind]
        if (options["format"] or format_of(file)) == "csv":
            chunks = as_csv(names, rows(account_id=account_id, cells=True))
        else:
            chunks = as_ndjson(rows(account_id=account_id))
        with (
            _destination(file) as stream,
            tqdm(desc=kind, unit="B", unit_scale=True, disable=None, file=sys.stderr) as bar,
        ):
            for chunk in chunks:
                stream.write(chunk)
                bar.update(len(chunk))


@contextmanager
def _destination(file: str) -> Iterator[BinaryIO]:
    """Where to write. A file gets its name only when it is complete, so that half an export is never mistaken for one."""
    if file == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = Path(f"{file}.part")
    try:
        with part.open("wb") as raw:
            if file.endswith(".gz"):
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6) as stream:
                    yield stream  # type: ignore[misc]  # writes bytes, which is all that is asked of it
            else:
                yield raw
        part.replace(file)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
