"""``manage.py create_account --email E --company C``: creates an account, its owner and a key."""

import argparse
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import Account, User
from accounts.services import create_account


class Command(BaseCommand):
    """Prints only the key to stdout and everything else to stderr, so that a script can read it."""

    help = "Create an account, its owner and an API key. Only the key goes to stdout."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the owner's email and the account's name."""
        parser.add_argument("--email", required=True, help="the owner's email address")
        parser.add_argument("--company", required=True, help="the account's name")

    @transaction.atomic
    def handle(self, *args: Any, email: str, company: str, **options: Any) -> None:
        """Create them; an existing user becomes the owner."""
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is not an email address.") from error
        try:
            Account(name=company.strip()).full_clean()
        except ValidationError as error:
            raise CommandError(f"--company: {' '.join(error.messages)}") from error
        owner = User.objects.filter(email=email.lower()).first()
        if owner is None:
            owner = User.objects.create_user(email)
            self.stderr.write(
                f"Created the user {owner.email} without a password. Set one with manage.py changepassword."
            )
        account, new_key = create_account(company=company.strip(), owner=owner)
        self.stderr.write(f"Created the account {account.name} (id {account.pk}). Its API key:")
        self.stdout.write(new_key.key)
