"""``manage.py repair_customers``: after an upgrade during which an older version still served."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Account
from customers.services import repair_changes


class Command(BaseCommand):
    """Prints how many customers were repaired."""

    help = (
        "Add the missing customers_change rows of customers that a version without that table stored, so that sorting "
        "by updated_at and filtering by custom attributes find them. Safe to run at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Account after account: one statement is one account's."""
        repaired = sum(
            repair_changes(account_id=pk)
            for pk in Account.objects.values_list("pk", flat=True).iterator()
        )
        self.stdout.write(f"Repaired {repaired} customers.")
