"""What is asked of every contestant: the stored rows at the start and the requests, the same bytes for all."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

CUSTOMERS = 10_000
PAGE = 100
NAMES = (
    "Logged in",
    "Viewed Pricing Page",
    "Added user",
    "Created project",
    "Invited teammate",
    "Uploaded file",
    "Exported report",
    "Changed plan",
    "Opened ticket",
    "Checked out",
)
PLANS = ("Freemium", "Starter", "Atom", "Team", "Enterprise")
CITIES = ("New York", "San Francisco", "Berlin", "Nairobi", "São Paulo", "Tōkyō")
COUNTRIES = ("US", "DE", "KE", "BR", "JP")

# Stands in a request's template where each request has a number of its own; always NUMBER_DIGITS
# long, so that a template's Content-Length holds for all of them.
NUMBER = "<number>"
NUMBER_DIGITS = 12
FIRST_NUMBER = 10 ** (NUMBER_DIGITS - 1)

SQL_NAMES = "ARRAY[" + ", ".join(f"'{name}'" for name in NAMES) + "]"
_plans = "ARRAY[" + ", ".join(f"'{plan}'" for plan in PLANS) + "]"

# One event of each active customer after the other, all of a customer under one name: every list
# has a full page, whose rows lie scattered over the table as they do in life. Several accounts take
# turns.
FILL_EVENTS = f"""
    INSERT INTO events_event (account_id, id, customer_id, name, created_at, received_at, custom_attributes)
    SELECT (%(accounts)s)[i %% %(active)s %% cardinality(%(accounts)s) + 1], uuidv7(), 'customer-' || i %% %(active)s,
           ({SQL_NAMES})[i %% {len(NAMES)} + 1],
           to_timestamp(1700000000 + i), now(),
           jsonb_build_object('order', {FIRST_NUMBER} + i, 'plan', ({_plans})[i %% {len(PLANS)} + 1], 'source', 'web',
                              'amount', (i %% 1000) / 2.0, 'country', 'DE', 'first', i %% 2 = 0)
    FROM generate_series(0, %(events)s - 1) AS i
"""
FILL_CUSTOMERS = f"""
    INSERT INTO customers_customer (account_id, id, customer_id, name, email, plan, monthly_payment_amount, location,
                                    custom_attributes, created_at, updated_at)
    SELECT (%(accounts)s)[i %% cardinality(%(accounts)s) + 1], uuidv7(), 'customer-' || i, 'Customer ' || i, 'customer-' || i || '@example.com',
           ({_plans})[i %% {len(PLANS)} + 1], i %% 1000, 'Berlin',
           jsonb_build_object('role', 'manager', 'account_type', 'admin', 'logins', {FIRST_NUMBER} + i),
           to_timestamp(1700000000 + i), now()
    FROM generate_series(0, {CUSTOMERS - 1}) AS i
"""
# Traitly's alone: benchmarks.contestants.
FILL_CHANGES = """
    INSERT INTO customers_change (account_id, changed_at, customer_id, attributes)
    SELECT account_id, updated_at, customer_id, custom_attributes FROM customers_customer
"""


def active_customers(events: int) -> int:
    """How many customers that many stored events belong to: each has a page of them at least."""
    return max(len(NAMES), min(CUSTOMERS, events // PAGE // len(NAMES) * len(NAMES)))


class Request(NamedTuple):
    """A request on behalf of a customer, of whom there are CUSTOMERS; the customer decides on the account."""

    customer: int
    method: str
    address: str
    body: bytes = b""


@dataclass(frozen=True)
class Workload:
    """One kind of request.

    ``items`` is how many events or customers a request carries or lists; ``stores`` is whether each
    request adds that many rows to events_event; ``rows`` is how many a list answers with.
    """

    name: str
    title: str
    group: str
    items: int = 1
    stores: bool = False
    rows: int | None = None
    changes: str = "all"  # what an upsert changes of a customer: all of it, its attributes, nothing

    def requests(self, active: int = CUSTOMERS) -> Iterator[Request]:
        """The requests that a run goes through in turn, again and again.

        Lists are of the first ``active`` customers.
        """
        chance = random.Random(self.name)  # the same requests for everybody, in every run
        if self.group == "list":
            yield from self._lists(chance, active)
        elif self.group == "upsert":
            yield from self._upserts(chance)
        elif self.group == "segment":
            yield from self._messages(chance)
        else:
            yield from self._events(chance)

    def _events(self, chance: random.Random) -> Iterator[Request]:
        now = int(time.time())
        for _ in range(max(4, min(2_000, 16_000 // self.items))):
            events = [_event(chance, now) for _ in range(self.items)]
            yield Request(chance.randrange(CUSTOMERS), "POST", "/api/v1/event", _body(events))

    def _messages(self, chance: random.Random) -> Iterator[Request]:
        """The same events as Segment's SDKs send them."""
        now = int(time.time())
        for _ in range(max(4, min(2_000, 16_000 // self.items))):
            events = [_event(chance, now) for _ in range(self.items)]
            yield Request(
                chance.randrange(CUSTOMERS), "POST", "/v1/batch", _segment_body(events, now)
            )

    def _lists(self, chance: random.Random, active: int) -> Iterator[Request]:
        who = "customer" if self.rows else "nobody"
        for i in chance.sample(range(active), active):
            name = NAMES[i % len(NAMES)].replace(" ", "%20")
            yield Request(i, "GET", f"/api/v1/event?customer_id={who}-{i}&name={name}")

    def _upserts(self, chance: random.Random) -> Iterator[Request]:
        # Batches are neighbouring slices, as in a nightly synchronisation: no customer stands twice
        # in one.
        order = chance.sample(range(CUSTOMERS), CUSTOMERS)
        for start in range(0, CUSTOMERS, self.items):
            customers = [
                _customer(chance, i, self.changes) for i in order[start : start + self.items]
            ]
            yield Request(order[start], "POST", "/api/v1/customer", _body(customers))


def _event(chance: random.Random, now: int) -> dict[str, object]:
    return {
        "customer_id": f"customer-{chance.randrange(CUSTOMERS)}",
        "name": chance.choice(NAMES),
        "created_at": now - chance.randrange(86_400),
        "custom_attributes": {
            "order": NUMBER,
            "plan": chance.choice(PLANS),
            "source": "web",
            "amount": chance.randrange(1_000) / 2,
            "country": chance.choice(COUNTRIES),
            "first": chance.choice((True, False)),
        },
    }


def _customer(chance: random.Random, i: int, changes: str) -> dict[str, object]:
    if changes != "all":
        chance = random.Random(i)  # the same values in each request
    return {
        "customer_id": f"customer-{i}",
        "name": f"Customer {i}",
        "email": f"customer-{i}@example.com",
        "plan": chance.choice(PLANS),
        "monthly_payment_amount": chance.randrange(1_000),
        "location": chance.choice(CITIES),
        "custom_attributes": {
            "role": "manager",
            "account_type": "admin",
            "logins": FIRST_NUMBER if changes == "nothing" else NUMBER,
        },
    }


def _body(items: list[dict[str, object]]) -> bytes:
    text = json.dumps(
        items if len(items) > 1 else items[0], ensure_ascii=False, separators=(",", ":")
    )
    return text.replace(f'"{NUMBER}"', NUMBER).encode()


def _segment_body(events: list[dict[str, object]], now: int) -> bytes:
    batch = [
        {
            "type": "track",
            "userId": event["customer_id"],
            "event": event["name"],
            "timestamp": event["created_at"],
            "properties": event["custom_attributes"],
        }
        for event in events
    ]
    text = json.dumps({"batch": batch, "sentAt": now}, ensure_ascii=False, separators=(",", ":"))
    return text.replace(f'"{NUMBER}"', NUMBER).encode()


def write_requests(workload: Workload, active: int, port: int, keys: list[str], file: Path) -> None:
    """Write the workload's requests as they go over the wire, each after a line with its length."""
    with file.open("wb") as stream:
        for customer, method, address, body in workload.requests(active):
            length = len(body) + body.count(NUMBER.encode()) * (NUMBER_DIGITS - len(NUMBER))
            head = (
                f"{method} {address} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Token {keys[customer % len(keys)]}\r\n"
                + (
                    f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
                    if body
                    else ""
                )
                + "\r\n"
            ).encode()
            stream.write(b"%d\n%s%s" % (len(head) + len(body), head, body))


def events(items: int) -> Workload:
    """POST of ``items`` events at once."""
    return Workload(f"batch-{items}", f"POST of {items:,} events", "batch", items, stores=True)


SINGLE = Workload("single", "(a) POST of one event", "single", stores=True)
SEGMENT = Workload(
    "segment", "POST of 100 events as Segment's SDKs send them", "segment", 100, stores=True
)
SEGMENT_EVENTS = Workload(
    "segment-events",
    "POST of the same 100 events to /api/v1/event",
    "segment-events",
    100,
    stores=True,
)
BATCH = Workload("batch", "(b) POST of 1,000 events", "batch", 1_000, stores=True)
LIST = Workload("list", "(c) GET of 100 events", "list", PAGE, rows=PAGE)
EMPTY = Workload("empty", "(c) GET of a list without events", "list", rows=0)
UPSERT = Workload("upsert", "(d) POST of one known customer", "upsert")
UPSERTS = Workload("upserts", "(d) POST of 1,000 known customers", "upsert", 1_000)
ATTRIBUTES = Workload(
    "attributes",
    "(d) POST of 1,000 known customers, attributes changed",
    "upsert",
    1_000,
    changes="attributes",
)
NOTHING = Workload(
    "nothing",
    "(d) POST of 1,000 known customers, nothing changed",
    "upsert",
    1_000,
    changes="nothing",
)
# Lists come before anything has been added: everybody's first page is then the same.
WORKLOADS = (
    LIST,
    EMPTY,
    SINGLE,
    UPSERT,
    UPSERTS,
    ATTRIBUTES,
    NOTHING,
    SEGMENT_EVENTS,
    SEGMENT,
    BATCH,
)
