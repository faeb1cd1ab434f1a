"""``manage.py restore FILE``: restores a ``manage.py backup`` into an empty database."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traitly.postgres.dump import DumpError, restore


class Command(BaseCommand):
    """All or nothing, and never over existing data."""

    help = "Restore a backup made by `manage.py backup` into an empty database."
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        """Fill the database."""
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        try:
            restore(file)
        except DumpError as error:
            raise CommandError(str(error)) from error
        self.stderr.write(
            "Restored. Run manage.py migrate now: the backup may come from an older version."
        )
