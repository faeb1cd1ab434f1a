"""``manage.py erase_account ID``: what the portal's owners do under Settings, for an operator."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.models import Account
from portal.services import delete_account


class Command(BaseCommand):
    """Asks for the account's name unless it is told not to: nothing brings an account back."""

    help = "Erase an account with its customers, events, keys, members and log, and users who have no other account."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take whose."""
        parser.add_argument("account", type=int, metavar="ID")
        parser.add_argument("--yes", action="store_true", help="skip the confirmation")

    def handle(self, *args: Any, account: int, yes: bool, **options: Any) -> None:
        """Erase it and say how much of each kind that was."""
        found = Account.objects.filter(pk=account).first()
        if found is None:
            raise CommandError(f"There is no account {account}.")
        if (
            not yes
            and input(f"Type the account's name, {found.name}, to erase it for good: ")
            != found.name
        ):
            raise CommandError("The name does not match. Nothing was erased.")
        for kind, number in delete_account(account=found, actor=Actor()).items():
            self.stdout.write(f"{kind}: {number}")
