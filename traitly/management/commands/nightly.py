"""``manage.py nightly``: run it once a day."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traitly.nightly import run


class Command(BaseCommand):
    """Prints how many rows of each kind were erased."""

    help = "Erase expired data: events, rejected items, sessions and leftovers of deleted accounts."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every step; exit with 1 if any of them failed."""
        failed = []
        for step, erased in run():
            if erased is None:
                failed.append(step)
            else:
                self.stdout.write(f"{step}: {erased}")
        if failed:
            raise CommandError(f"These steps failed; see the log: {', '.join(failed)}.")
