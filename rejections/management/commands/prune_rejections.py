"""``manage.py prune_rejections``: for a daily timer."""

from typing import Any

from django.core.management.base import BaseCommand

from rejections.services import prune_rejections


class Command(BaseCommand):
    """Prints how many rejections were erased."""

    help = "Erase the rejected items that are older than REJECTIONS_KEPT_DAYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase and say how many."""
        self.stdout.write(f"Erased {prune_rejections()} rejected items.")
