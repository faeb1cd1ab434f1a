"""``manage.py prune_events``: erase the events that are older than their account keeps them. To be run once a day."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Account
from events.services import prune_events


class Command(BaseCommand):
    """Says what it erased, an account a line."""

    help = "Erase events older than their account's retention. Accounts without one keep theirs forever."

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase them."""
        for account in (
            Account.objects.filter(closed_at=None)
            .exclude(event_retention_days=None)
            .order_by("id")
            .iterator()
        ):
            erased = prune_events(account_id=account.pk, days=account.event_retention_days or 0)
            self.stdout.write(f"{account.name} (id {account.pk}): erased {erased} events.")
