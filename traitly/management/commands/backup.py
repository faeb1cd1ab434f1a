"""``manage.py backup FILE``: the whole database except sessions; secrets are not in it."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traitly.postgres.dump import DumpError, backup


class Command(BaseCommand):
    """Can run while the server serves."""

    help = "Back up the database to a file that `manage.py restore` and pg_restore can read. It holds no secrets."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        """Write it."""
        try:
            backup(file)
        except (DumpError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stderr.write(
            f"Wrote {file} ({file.stat().st_size:,} bytes). It does not contain SECRET_KEY "
            "and API_KEY_ENCRYPTION_KEYS: keep those elsewhere."
        )
