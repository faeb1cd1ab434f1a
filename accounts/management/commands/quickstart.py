"""``manage.py quickstart``: the first account on an empty database, its key, the curl that uses it, and a way to log in."""

import argparse
import os
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from accounts import keys
from accounts.first_login import make_token
from accounts.models import Account, ApiKey, Membership, User
from accounts.services import create_account


class Command(BaseCommand):
    """What `make run` prints before it serves."""

    help = "On an empty database, create a first account and show its key; say how to log in to it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take whether the key is to be shown again."""
        parser.add_argument(
            "--show-key", action="store_true", help="show the first account's key again"
        )

    def handle(self, *args: Any, show_key: bool = False, **options: Any) -> None:
        """Make the account where there is none. Its key is shown then, and later only when it is asked for."""
        made = self._make_first_account()
        row = (
            ApiKey.objects.filter(revoked_at=None, name="Default")
            .order_by("id")
            .select_related("account")
            .first()
        )
        if row is None or not row.is_active:
            self.stdout.write(
                "The first key is revoked or expired. Create another account with manage.py create_account."
            )
            return
        url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        if made or show_key:
            self._show_key(row, url)
        else:
            self.stdout.write(
                f"\nThe API key of {row.account} is {row.masked}. To see it: manage.py quickstart --show-key\n"
            )
        self._say_how_to_log_in(row.account, url)

    def _make_first_account(self) -> bool:
        with transaction.atomic(), connection.cursor() as cursor:
            # Two servers may start at once in one new folder: there is one first account.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('traitly.quickstart'))")
            if ApiKey.objects.exists():
                return False
            create_account(
                company="First account", owner=User.objects.create_user("owner@example.com")
            )
            return True

    def _show_key(self, row: ApiKey, url: str) -> None:
        try:
            key = keys.decrypt(row.encrypted)
        except keys.UnreadableKeyError:
            self.stdout.write("The first key was encrypted with different API_KEY_ENCRYPTION_KEYS.")
            return
        self.stdout.write(
            f"""
Your API key: {key}

  curl "{url}/api/v1/customer" \\
    --request POST \\
    --data '{{"customer_id": "123", "name": "John Smith", "monthly_payment_amount": 199,
            "location": "San Francisco", "plan": "Starter", "email": "john.smith@example.com"}}' \\
    -H "Authorization: Token {key}"
"""
        )

    def _say_how_to_log_in(self, account: Account, url: str) -> None:
        owners = Membership.objects.filter(
            account=account, role=Membership.Role.OWNER
        ).select_related("user")
        owner = owners.order_by("id").first()
        if owner and not owner.user.has_usable_password() and not owner.user.is_staff:
            self.stdout.write(
                f"To open {account} in a browser (the link works once, for an hour): {url}/welcome/{make_token(owner.user)}/"
            )
        elif owner:
            self.stdout.write(
                f"To open {account} in a browser, log in at {url}/login/ as {owner.user.email}."
            )
        self.stdout.write(
            f"To fill it with sample data: make demo. For the admin at {url}/admin/: manage.py createsuperuser.\n\n"
        )
