"""``manage.py quickstart``: the first account on an empty database, its key, and the curl that uses it."""

import os
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from accounts import keys
from accounts.models import ApiKey, User
from accounts.services import create_account


class Command(BaseCommand):
    """What `make run` prints before it serves."""

    help = "Show a key and the curl that uses it; on an empty database make a first account."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account where there is none; find its key where there is one."""
        with transaction.atomic(), connection.cursor() as cursor:
            # Two servers may start at once in one new folder: there is one first account.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('traitly.quickstart'))")
            if not ApiKey.objects.exists():
                owner = User.objects.create_user("owner@example.com")
                create_account(company="First account", owner=owner)
        row = ApiKey.objects.filter(revoked_at=None, name="Default").order_by("id").first()
        if row is None or not row.is_active:
            self.stdout.write("The first key is revoked or expired: manage.py create_account makes another account.")
            return
        try:
            key = keys.decrypt(row.encrypted)
        except keys.UnreadableKeyError:
            self.stdout.write("The first key was encrypted under another API_KEY_ENCRYPTION_KEYS.")
            return
        address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        self.stdout.write(
            f"""
Your API key: {key}

  curl "{address}/api/v1/customer" \\
    --request POST \\
    --data '{{"customer_id": "123", "name": "John Smith", "monthly_payment_amount": 199,
            "location": "San Francisco", "plan": "Starter", "email": "john.smith@example.com"}}' \\
    -H "Authorization: Token {key}"

"""
        )
