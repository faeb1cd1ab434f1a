"""How PostgreSQL finds what each documented query asks for: ``python -m benchmarks.plans``.

Fills a database with many accounts of very different sizes, asks everything that the contract lets
a client ask, and explains the very statements that the server sends. ``tests/test_plans.py`` does
the same on a smaller set.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import django
from django.http import QueryDict

from benchmarks.workloads import FILL_CHANGES

if TYPE_CHECKING:
    from traitly.lists.definition import ListDefinition, ListQuery

ACCOUNTS = 1_000
CUSTOMERS = 1_000_000
EVENTS = 10_000_000
GIANT_SHARE = 0.3  # of everything, in one account
CHUNK = 1_000_000  # rows of a statement that fills
PAGE = 100
_BEGUN = time.monotonic()
DEEP = 0.9  # how far into the list a deep page lies
# What a list may read and sort: a page, and as much again. Where it has hardly more rows than a
# page, PostgreSQL may find it cheaper to read and sort all of them.
MAX_ROWS = 2 * PAGE
MAX_KEYS = 4  # beside that, for each walk where there are several
# A row is a buffer of the table, and sometimes another of an index; each branch walks down an
# index.
BUFFERS_A_ROW, BUFFERS_A_BRANCH = 2, 20


# What is in the database
# ---------------------------------------------------------------------------------------------

# Customer number i belongs to the account that a hash of i picks, so accounts lie scattered in the
# tables as they do in life. Values are of every kind: a few for all (plan), one for each (email),
# often null, and in all frequencies.
_ACCOUNT = """(%(accounts)s::bigint[])[
    width_bucket((hashint4(i::int)::bigint + 2147483648) / 4294967296.0::float8, %(bounds)s::float8[])]"""
_FILL_CUSTOMERS = f"""
INSERT INTO customers_customer (account_id, id, customer_id, name, email, plan, created_at, monthly_payment_amount,
    location, phone_number, organisation_id, custom_attributes, updated_at)
SELECT {_ACCOUNT},
    overlay(md5('c' || i) placing lpad(to_hex(1700000000000 + i), 12, '0') from 1 for 12)::uuid,
    'customer-' || i, 'Customer ' || i %% 50000, 'customer-' || i || '@example.com',
    CASE WHEN i %% 10000 = 7 THEN 'Legacy' WHEN i %% 200 = 3 THEN 'Enterprise' WHEN i %% 4 = 0 THEN 'Starter'
         ELSE 'Freemium' END,
    to_timestamp(1600000000 + i / 3 * 3 * 33000000 / %(customers)s),  -- three in the same second
    CASE WHEN i %% 5 > 0 THEN i %% 1000 END,
    CASE WHEN i %% 2 = 0 THEN 'City ' || i %% 38 END,
    CASE WHEN i %% 3 = 0 THEN '+1-555-' || i END,
    CASE WHEN i %% 5 < 3 THEN 'organisation-' || i %% 20000 END,
    jsonb_build_object('role', CASE WHEN i %% 5 > 0 THEN 'manager' ELSE 'cashier' END, 'logins', i,
                       'tier', 'tier-' || i %% 200, 'beta', i %% 2000 = 9,
                       'signup', CASE WHEN i > %(customers)s * 0.98 THEN 'new form' ELSE 'old form' END),
    to_timestamp(1650000000 + (hashint4(i::int)::bigint + 2147483648) %% 50000000)
FROM generate_series(%(start)s::bigint, %(stop)s::bigint - 1) AS i
"""
# Every hundredth event is of customer 0; of the others some customers have many more than most.
_FILL_EVENTS = f"""
INSERT INTO events_event (account_id, created_at, received_at, id, customer_id, name, custom_attributes)
SELECT {_ACCOUNT}, to_timestamp(1600000000 + j / 3 * 3 * 33000000 / %(events)s), now(),
    overlay(md5(j::text) placing lpad(to_hex(1700000000000 + j), 12, '0') from 1 for 12)::uuid::text,
    'customer-' || i, CASE WHEN j %% 1000 = 200 THEN 'Upgraded' ELSE 'Event ' || j %% 7 END,
    jsonb_build_object('order', j, 'source', 'web')
FROM (SELECT j, CASE WHEN j %% 100 = 0 THEN 0 ELSE floor(((hashint8(j)::bigint + 2147483648) / 4294967296.0) ^ 2
                                                        * %(customers)s) END AS i
      FROM generate_series(%(start)s::bigint, %(stop)s::bigint - 1) AS j) AS numbered
"""
# Some customers of the largest account whose events have many names, a hundredth of all events
# each.
NAMES = (10, 90, 1_000)
_FILL_NAMES = """
INSERT INTO events_event (account_id, created_at, received_at, id, customer_id, name, custom_attributes)
SELECT %(giant)s, to_timestamp(1600000000 + j), now(), gen_random_uuid()::text, 'pages-' || names,
    'Viewed /page/' || (hashint4(j) + 2147483648) %% names, '{}'
FROM unnest(%(names)s) AS names, generate_series(1, %(events)s / 100) AS j
"""


def fill(*, accounts: int, customers: int, events: int) -> list[int]:
    """Make so many of each; gives the accounts, largest first. Customer 0, who is the busiest, is of the largest.

    Sizes fall as 1/n, after the giant: of 1,000 accounts most have some hundred customers.
    """
    from django.db import connection

    from accounts.models import Account

    made = [
        account.pk
        for account in Account.objects.bulk_create(
            Account(name=f"Company {number}") for number in range(accounts)
        )
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT (hashint4(0)::bigint + 2147483648) / 4294967296.0::float8")
        ((of_customer_0,),) = cursor.fetchall()
        parameters = {"customers": customers, "events": events, **_shares(made, of_customer_0)}
        for statement, rows in ((_FILL_CUSTOMERS, customers), (_FILL_EVENTS, events)):
            for start in range(0, rows, CHUNK):
                stop = min(start + CHUNK, rows)
                cursor.execute(statement, parameters | {"start": start, "stop": stop})
                say(f"{stop:,} rows of {rows:,} after {time.monotonic() - _BEGUN:.0f} s")
        cursor.execute(FILL_CHANGES)
        cursor.execute(_FILL_NAMES, {"giant": made[0], "names": list(NAMES), "events": events})
    return made


def _shares(accounts: list[int], giants: float) -> dict[str, Any]:
    """Accounts and the lower bounds of their parts of [0, 1); the giant's part is around ``giants``."""
    weights = [1 / number for number in range(1, len(accounts))]
    low = min(max(giants - GIANT_SHARE / 2, 0), 1 - GIANT_SHARE)
    small = (1 - GIANT_SHARE) / sum(weights)
    order: list[int] = []
    bounds: list[float] = []
    position, giant_stands = 0.0, False
    for account, weight in zip(accounts[1:], weights, strict=True):
        if position >= low and not giant_stands:
            giant_stands = True
            order, bounds, position = (
                [*order, accounts[0]],
                [*bounds, position],
                position + GIANT_SHARE,
            )
        order, bounds, position = [*order, account], [*bounds, position], position + weight * small
    return {"accounts": order, "bounds": bounds}


def analyze() -> None:
    """What autovacuum would have done."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) customers_customer, customers_change, events_event")


# What is asked
# -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A query string for a list. ``equal`` is what the address adds.

    ``served``: an index gives the rows in order, so that a page costs what its rows cost, wherever
    and of whom it is.
    """

    query: str
    definition: "ListDefinition"
    equal: dict[str, str] = field(default_factory=dict)
    served: bool = True

    @property
    def address(self) -> str:
        """The query as a client writes it."""
        if "id" in self.definition.sorts:
            return "manage.py export_data events"
        kind = "customer" if self.definition.key == "customer_id" else "event"
        path = f"/customer/{self.equal['customer_id']}/event" if self.equal else f"/{kind}"
        return f"{path}?{self.query}".rstrip("?")


def cases(account_id: int) -> Iterator[Case]:
    """Everything that the contract documents, about customers and events that the account has."""
    from customers.queries import LIST as CUSTOMERS_LIST
    from events.queries import EXPORT, TIMELINE
    from events.queries import LIST as EVENTS_LIST

    yield from (
        Case(query, CUSTOMERS_LIST, served=served)
        for query, served in _customer_queries(account_id)
    )
    busiest, *others = _customers_with_events(account_id)
    for query in (
        "name=Event 0",
        "name=Event 0&sort=-created_at",
        "name=Upgraded",
        "name=Event 0&created_at[gte]=1610000000&created_at[lt]=1620000000",
        "name=Event 0&name=Event 1",
        f"name=Event 0&name=Event 1&customer_id={others[0]}&sort=-created_at",
    ):
        yield Case(f"customer_id={busiest}&{query}", EVENTS_LIST)
    for query in (
        "",
        "sort=-created_at",
        "created_at[gte]=1610000000&created_at[lt]=1620000000",
        "name=Event 0",
        "name=Event 0&name=Event 1&sort=-created_at",
    ):
        yield Case(query, TIMELINE, {"customer_id": busiest})
    yield from (Case("", TIMELINE, {"customer_id": f"pages-{names}"}) for names in NAMES)
    yield Case("sort=id", EXPORT)


def _customer_queries(account_id: int) -> Iterator[tuple[str, bool]]:
    """Queries of /customer, and whether an index gives their rows in order."""
    one = _customers_with_events(account_id)[0]
    number = int(one.removeprefix("customer-"))
    sorts = ("created_at", "updated_at", "customer_id", "monthly_payment_amount")
    yield from ((f"sort={sign}{sort}", True) for sort in sorts for sign in ("", "-"))
    filters = (
        f"customer_id={one}",
        f"name=Customer {number % 50000}",
        f"email={one}@example.com",
        "plan=Freemium",
        "plan=Enterprise",
        "plan=Legacy",
        "plan=Nobody's",
        f"location=City {number // 2 * 2 % 38}",
        f"phone_number=+1-555-{number // 3 * 3}",
        f"organisation_id=organisation-{number % 20000}",
    )
    for query in filters:
        yield query.replace("+", "%2B"), True
        yield f"{query.replace('+', '%2B')}&sort=-created_at", True
    yield "plan=Starter&plan=Enterprise", True
    yield "plan=Starter&plan=Enterprise&location=City 0&location=City 2", False
    yield "plan=Freemium&name=Customer 1", False
    yield "plan=Freemium&location=City 0", False
    yield "plan=Freemium&created_at[gte]=1605000000&created_at[lt]=1625000000", True
    # A range in the order of the same column.
    for column, low, high in (
        ("created_at", 1605000000, 1625000000),
        ("updated_at", 1660000000, 1670000000),
        ("monthly_payment_amount", 100, 500),
    ):
        for sign in ("", "-"):
            yield f"{column}[gte]={low}&{column}[lt]={high}&sort={sign}{column}", True
    # A filter or a range in the order of another column: an index for each pair would cost every
    # write.
    yield "updated_at[gte]=1660000000&updated_at[lt]=1670000000", False
    yield "updated_at[gte]=1699990000", False
    yield "monthly_payment_amount[gte]=100&monthly_payment_amount[lt]=500", False
    yield "monthly_payment_amount[gt]=998", False
    for plan in ("Freemium", "Enterprise", "Legacy"):
        for sort in ("updated_at", "-updated_at", "customer_id", "-monthly_payment_amount"):
            yield f"plan={plan}&sort={sort}", False
    # Attributes that four fifths have, one in 200, one in 2,000, one in all, none; and the newest 2
    # %.
    for value in (
        "role]=manager",
        "tier]=tier-9",
        "beta]=true",
        f"logins]={number}",
        "none]=none",
        "signup]=new form",
    ):
        yield f"custom_attributes[{value}", False
        yield f"custom_attributes[{value}&sort=-created_at", False
    yield "custom_attributes[role]=manager&sort=updated_at", False
    yield "custom_attributes[tier]=tier-9&sort=customer_id", False
    yield "custom_attributes[role]=manager&plan=Enterprise", False


def _customers_with_events(account_id: int) -> list[str]:
    """Two customers of the account that have the most events, busiest first."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id FROM events_event WHERE account_id = %s AND customer_id LIKE 'customer-%%' "
            "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 2",
            [account_id],
        )
        return [customer_id for (customer_id,) in cursor.fetchall()]


# What PostgreSQL does
# ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Explained:
    """A statement's plan, as it ran."""

    case: Case
    where: str  # first or deep page
    of: int  # rows that the whole list has
    rows: int  # of the page
    # Rows that scans took from the table or entries from an index, those that a filter threw away
    # as well
    read: int
    most_sorted: int  # by one node
    branches: int  # walks through an index
    buffers: int
    milliseconds: float
    nodes: list[str]

    @property
    def problems(self) -> list[str]:
        """What is not as it has to be where an index serves the query."""
        found = []
        if any(node.startswith("Seq Scan") for node in self.nodes):
            found.append("reads the whole table")
        keys = 0 if self.branches == 1 else MAX_KEYS * self.branches
        if self.most_sorted > MAX_ROWS + keys:
            found.append(f"sorts {self.most_sorted:,} rows")
        if (
            self.read > MAX_ROWS * min(self.branches, 2) + keys
        ):  # keys of the index first, then rows
            found.append(f"reads {self.read:,} rows")
        if self.buffers > BUFFERS_A_ROW * self.read + BUFFERS_A_BRANCH * self.branches:
            found.append(f"touches {self.buffers:,} buffers")
        return found

    @property
    def plan(self) -> str:
        """The nodes, outermost first."""
        return " ← ".join(self.nodes)


def explain(case: Case, account_id: int) -> Iterator[Explained]:
    """The first page, and a deep one where there is more than a page."""
    from traitly.lists.parameters import read_list

    query = QueryDict(case.query, mutable=True)
    targets = read_list(case.definition, query, equal=case.equal)
    ((of,),) = _whole(targets, account_id, "SELECT count(*) FROM ({}) AS list")
    yield _explain(case, "first", of, targets, account_id)
    if of > 2 * PAGE:
        ((text,),) = _whole(targets, account_id, f"{{}} OFFSET {int(of * DEEP)} LIMIT 1")
        row = json.loads(
            "{" + text.lstrip("{,")
        )  # the server writes leading columns that filters name itself
        sort = targets.sort.lstrip("-")
        after = [case.definition.sorts[sort].value(row[sort]), row[case.definition.key]]
        yield _explain(case, "deep", of, replace(targets, after=after), account_id)


def _whole(targets: "ListQuery", account_id: int, around: str) -> list[tuple[Any, ...]]:
    """The rows of a statement around the list's own, without its limits and in one scan."""
    from django.db import connection

    from traitly.lists.attributes import has_attributes

    definition, conditions = replace(targets.definition, stepped_columns=()), [*targets.conditions]
    if targets.attributes:
        conditions.append(has_attributes(targets.attributes))
    targets = replace(targets, definition=definition, conditions=conditions, attributes={})
    statement, parameters = statements(targets, account_id)[-1]
    with connection.cursor() as cursor:
        cursor.execute(around.format(statement.replace(f" LIMIT {PAGE + 1}", "")), parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def statements(targets: "ListQuery", account_id: int) -> list[tuple[str, list[Any]]]:
    """The statements that the server sends for a page, taken on their way; the last one gives the rows."""
    from django.db import connection

    from traitly.lists.pages import page

    taken: list[tuple[str, list[Any]]] = []

    def take(execute: Any, sql: str, params: list[Any], many: Any, context: Any) -> Any:
        taken.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(take):
        page(targets, account_id=account_id)
    return taken


def _explain(case: Case, where: str, of: int, targets: "ListQuery", account_id: int) -> Explained:
    from django.db import connection

    found: list[dict[str, Any]] = []
    with connection.cursor() as cursor:
        for statement, parameters in statements(targets, account_id):  # ran once: pages are warm
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
            ((explained,),) = cursor.fetchall()
            found += explained if isinstance(explained, list) else json.loads(explained)
    nodes = [node for each in found for node in _nodes(each["Plan"])]
    return Explained(
        case=case,
        where=where,
        of=of,
        rows=int(found[-1]["Plan"]["Actual Rows"]),
        read=sum(_read(node) for node in nodes if node["Node Type"] in _SCANS),
        most_sorted=max(
            (_taken(node["Plans"][0]) for node in nodes if "Sort" in node["Node Type"]), default=0
        ),
        branches=max(
            1, sum(int(node["Actual Loops"]) for node in nodes if node["Node Type"] in _SCANS)
        ),
        buffers=sum(
            each["Plan"]["Shared Hit Blocks"] + each["Plan"]["Shared Read Blocks"] for each in found
        ),
        milliseconds=sum(each["Execution Time"] for each in found),
        nodes=list(dict.fromkeys(_name(node) for node in nodes)),
    )


# That read a table's rows, or the index's in their place. Of a bitmap what it is made of: it may be
# more than its rows.
_SCANS = ("Index Scan", "Index Only Scan", "Bitmap Index Scan", "Seq Scan")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes outermost first, without those that hold back rows or write the answer's JSON."""
    if plan["Node Type"] not in {"Limit", "Result"}:
        yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


def _taken(node: dict[str, Any]) -> int:
    return int(node["Actual Rows"] * node["Actual Loops"])


def _read(node: dict[str, Any]) -> int:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return _taken(node) + int(removed * node["Actual Loops"])


def _name(node: dict[str, Any]) -> str:
    name = str(node["Node Type"])
    if "Index Name" in node:
        name += f" {node['Index Name']}"
    elif name == "Seq Scan":
        name += f" {node['Relation Name']}"
    return name


# The report
# ----------------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def table(found: Iterable[Explained]) -> str:
    """What was found, as Markdown."""
    lines = [
        "| | page | rows of list | rows read | most sorted | buffers | ms | plan |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in found:
        plan = re.sub(r"customers_customer_|customers_|events_event_|events_", "", each.plan)
        lines.append(
            f"| `{each.case.address.replace('|', '')}` | {each.where} | {each.of:,} | {each.read:,} | {each.most_sorted:,} "
            f"| {each.buffers:,} | {each.milliseconds:.1f} | {plan} |"
        )
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.plans", description=__doc__)
    options.add_argument("--accounts", type=int, default=ACCOUNTS, help="%(default)s")
    options.add_argument("--customers", type=int, default=CUSTOMERS, help="%(default)s")
    options.add_argument("--events", type=int, default=EVENTS, help="%(default)s")
    options.add_argument(
        "--url",
        help="a PostgreSQL database to use, filled unless it is already; else one is started for the run",
    )
    return options


@contextmanager
def database(url: str | None) -> Iterator[None]:
    """Django on the database of ``url``, or on one of a server that ends with the run; migrated."""
    with ExitStack() as stack:
        if url is None:
            from benchmarks.postgres import Postgres

            postgres = stack.enter_context(Postgres())
            # PostgreSQL's default, which the embedded server has too; benchmarks.postgres says 1.1.
            postgres.run(
                "postgres", "CREATE DATABASE plans", "ALTER DATABASE plans SET random_page_cost = 4"
            )
            url = postgres.url("plans")
        os.environ["DATABASE_URL"] = url
        os.environ["PREPARE_STATEMENTS"] = "false"  # the statements themselves are to be explained
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traitly.settings")
        os.environ.setdefault("SECRET_KEY", "plans")
        os.environ.setdefault("API_KEY_ENCRYPTION_KEYS", "A" * 43 + "=")
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        stack.callback(connection.close)
        yield


def main() -> None:
    """Fill, ask, print; ends with 1 where a query that an index has to serve is not served."""
    options = parser().parse_args()
    with database(options.url):
        from accounts.models import Account

        made = list(Account.objects.order_by("id").values_list("id", flat=True))
        if not made:
            made = fill(
                accounts=options.accounts, customers=options.customers, events=options.events
            )
        analyze()
        bad = 0
        for title, account_id in (
            ("The largest account", made[0]),
            ("One of middle size", made[len(made) // 20]),
        ):
            found = [each for case in cases(account_id) for each in explain(case, account_id)]
            print(
                f"\n## {title}\n\n### Served by an index\n\n{table(e for e in found if e.case.served)}"
            )
            print(
                f"\n### Not served by one index\n\n{table(e for e in found if not e.case.served)}",
                flush=True,
            )
            for each in found:
                if each.case.served and each.problems:
                    bad += 1
                    say(
                        f"{each.case.address} ({each.where} page) {', '.join(each.problems)}: {each.plan}"
                    )
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
