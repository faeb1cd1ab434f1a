"""``python -m benchmarks.many_accounts 9999`` makes that many of Traitly's accounts and prints a key of each."""

import os
import sys

import django
from django.db import transaction


def main() -> None:
    """Make the accounts, all of one owner, as ``manage.py create_account`` makes each."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traitly.settings")
    django.setup()
    from accounts.models import User
    from accounts.services import create_account

    with transaction.atomic():
        owner = User.objects.create_user("many@example.com")
        for number in range(int(sys.argv[1])):
            _, new_key = create_account(company=f"Benchmark {number}", owner=owner)
            print(new_key.key)


if __name__ == "__main__":
    main()
