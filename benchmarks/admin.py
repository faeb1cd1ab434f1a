"""What the admin's pages take at many rows: ``python -m benchmarks.admin``, with the options of ``benchmarks.plans``.

Asks each page several times, in the process itself: the view, its statements and its template,
without a network. Beside the rows of ``benchmarks.plans`` it makes stats of 90 days for every
account, 10,000 rejections each of the largest, and keys.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import plans

TIMES = 9
DAYS = 90
REJECTED_ACCOUNTS, REJECTED_EACH = 30, 10_000

_STATS = """
INSERT INTO events_daily (account_id, day, events, customers)
SELECT account.id, current_date - ago, 1 + (hashint4(ago + account.id::int)::bigint + 2147483648) %% 20000, 100
FROM accounts_account AS account, generate_series(0, %s - 1) AS ago ON CONFLICT DO NOTHING
"""
_COUNTED = """
INSERT INTO events_counted (account_id, received_until) SELECT id, now() FROM accounts_account
ON CONFLICT (account_id) DO UPDATE SET received_until = EXCLUDED.received_until
"""
_REJECTIONS = """
INSERT INTO rejections_rejection (account_id, id, kind, payload, truncated, customer_id, name, errors, received_at)
SELECT account_id, gen_random_uuid(), 'event', '{"customer_id": "' || number || '"}', false, number, 'Logged in',
    '[{"code": "invalid", "detail": "Not a valid time.", "attr": "created_at"}]', now() - number * interval '1 minute'
FROM unnest(%s::bigint[]) AS account_id, generate_series(1, %s) AS number
"""


def fill(accounts: list[int]) -> Any:
    """What the pages show beside customers and events; gives an operator."""
    from django.db import connection

    from accounts.models import Account, User
    from accounts.services import create_key

    operator, made = User.objects.get_or_create(
        email="operator@example.com", is_staff=True, is_superuser=True
    )
    if made:
        for account in Account.objects.all():
            create_key(account=account, name="Default")
        with connection.cursor() as cursor:
            cursor.execute(_STATS, [DAYS])
            cursor.execute(_COUNTED)
            cursor.execute(_REJECTIONS, [accounts[:REJECTED_ACCOUNTS], REJECTED_EACH])
            cursor.execute(
                "VACUUM (ANALYZE) events_daily, events_counted, rejections_rejection, accounts_apikey"
            )
    return operator


def pages(account_id: int) -> Iterator[tuple[str, str]]:
    """The pages' names and addresses."""
    customers, events, rejections = (
        "customers/customer/",
        "events/event/",
        "rejections/rejection/",
    )
    yield from (("dashboard", ""), ("dashboard, 90 days", "?days=90"))
    yield from (
        ("accounts", "accounts/account/"),
        ("an account", f"accounts/account/{account_id}/change/"),
    )
    yield from (("API keys", "accounts/apikey/"), ("audit log", "accounts/auditentry/"))
    yield from (("customers", customers), ("events", events), ("rejections", rejections))
    yield from (
        (f"{path.split('/')[1]}s of an account", f"{path}?account={account_id}")
        for path in (customers, events)
    )
    yield "rejections of an account", f"{rejections}?account={account_id}"
    yield "page 10 of an account's events", f"{events}?account={account_id}&p=10"
    yield "search an account by how an id begins", f"{customers}?account={account_id}&q=customer-1"
    yield "search all accounts by customer_id", f"{customers}?q=customer-0"
    yield "search all accounts by email", f"{customers}?q=customer-0@example.com"
    yield "events of the busiest customer", f"{events}?account={account_id}&q=customer-0"
    yield "the same in all accounts", f"{events}?q=customer-0"
    yield "events of a customer with 1,000 names", f"{events}?account={account_id}&q=pages-1000"
    yield "search all accounts, nothing found", f"{events}?q=nobody"
    yield "rejections of a customer", f"{rejections}?account={account_id}&q=17"


def main() -> None:
    """Fill, ask, print."""
    options = plans.parser().parse_args()
    with plans.database(options.url):
        from django.test import Client

        from accounts.models import Account

        made = list(Account.objects.order_by("id").values_list("id", flat=True))
        if not made:
            made = plans.fill(
                accounts=options.accounts, customers=options.customers, events=options.events
            )
            plans.analyze()
        client = Client(headers={"host": "localhost"})
        client.force_login(fill(made))
        print("| page | median ms | most ms | of it in Python, ms |\n|---|---:|---:|---:|")
        slow = 0
        for name, path in pages(made[0]):
            taken, spent = [], []
            for _ in range(TIMES):
                wall, cpu = time.perf_counter(), time.process_time()
                response = client.get(f"/admin/{path}")
                taken.append((time.perf_counter() - wall) * 1000)
                spent.append((time.process_time() - cpu) * 1000)
                if response.status_code != 200:  # noqa: PLR2004
                    sys.exit(f"{path}: {response.status_code}")
            median = statistics.median(taken)
            slow += median > 300  # noqa: PLR2004
            print(
                f"| {name} | {median:.0f} | {max(taken):.0f} | {statistics.median(spent):.0f} |",
                flush=True,
            )
    sys.exit(slow > 0)


if __name__ == "__main__":
    main()
