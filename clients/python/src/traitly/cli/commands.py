"""``login``, ``send``, ``customers``, ``events`` and ``tail``."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast

from traitly._sync.client import Traitly
from traitly._values import UNSET
from traitly.cli import config
from traitly.cli.output import Failure, cell, show, show_one, wants_json
from traitly.errors import PermissionDeniedError
from traitly.types import FeedEntry, TimeRange

CUSTOMER_COLUMNS = {
    "customer_id": 20,
    "name": 24,
    "email": 30,
    "plan": 12,
    "monthly_payment_amount": 22,
    "created_at": 19,
}
EVENT_COLUMNS = {"created_at": 19, "name": 30, "custom_attributes": 50, "id": 36}
DEFAULT_LIMIT = 100
DEFAULT_URL = "http://127.0.0.1:8000"

Subparsers = Any  # argparse's class for them is private


def add_to(subparsers: Subparsers) -> None:
    """Describe the commands."""
    login = subparsers.add_parser(
        "login", help="save the server's address and an API key", description=_login.__doc__
    )
    login.add_argument("--url", help="the server, as https://traitly.example.com")
    login.set_defaults(run=_login)

    send = subparsers.add_parser("send", help="store an event", description=_send.__doc__)
    send.add_argument("name", help='the name of the event, as "Logged in"')
    send.add_argument(
        "attributes",
        nargs="*",
        metavar="KEY=VALUE",
        help="custom attributes; numbers and true are read as JSON",
    )
    send.add_argument("--customer", required=True, metavar="ID", help="the customer_id")
    send.add_argument(
        "--at", metavar="TIME", help="when it happened: unix seconds or ISO 8601; now if not given"
    )
    send.add_argument("--id", help="your own identifier of the event, which is stored once")
    send.set_defaults(run=_send)

    customers = subparsers.add_parser(
        "customers", help="list customers, or show one", description=_customers.__doc__
    )
    customers.add_argument("customer_id", nargs="?", help="show this one")
    for name in ("name", "plan", "email", "location"):
        customers.add_argument(f"--{name}", action="append", help="may be repeated: any of them")
    customers.add_argument(
        "--where",
        action="append",
        metavar="KEY=VALUE",
        help="a custom attribute; all of them must match",
    )
    customers.add_argument(
        "--sort",
        help="created_at, updated_at, customer_id or monthly_payment_amount; =-created_at for the newest first",
    )
    _add_listing(customers)
    customers.set_defaults(run=_customers)

    events = subparsers.add_parser(
        "events", help="a customer's timeline", description=_events.__doc__
    )
    events.add_argument("customer_id")
    events.add_argument("--name", action="append", help="only events of this name; may be repeated")
    events.add_argument("--since", metavar="TIME", help="from this time on")
    events.add_argument("--until", metavar="TIME", help="before this time")
    events.add_argument("--sort", help="created_at, or =-created_at for the newest first")
    _add_listing(events)
    events.set_defaults(run=_events)

    tail = subparsers.add_parser("tail", help="follow what happens", description=_tail.__doc__)
    tail.add_argument("--name", action="append", help="only events of this name; may be repeated")
    tail.add_argument(
        "--type", action="append", choices=["event.created", "customer.updated", "customer.erased"]
    )
    tail.add_argument("--since", metavar="TIME", help="begin at this time instead of now")
    tail.add_argument(
        "--json", action="store_true", help="print NDJSON, as when the output is not a terminal"
    )
    tail.set_defaults(run=_tail)


def _add_listing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit", type=int, default=DEFAULT_LIMIT, help="how many at most; 0 for all (%(default)s)"
    )
    parser.add_argument(
        "--json", action="store_true", help="print NDJSON, as when the output is not a terminal"
    )


def _login(options: argparse.Namespace) -> int:
    """Ask for the server's address and an API key, try them, and save them. The key may come on standard input."""
    default = config.read().get("url", DEFAULT_URL)
    interactive = sys.stdin.isatty()
    url = options.url or (interactive and input(f"Server [{default}]: ").strip()) or default
    key = getpass.getpass("API key (it is not shown): ") if interactive else sys.stdin.readline()
    key = key.strip()
    if not key:
        raise Failure("No key was given. You find it on your server's page of API keys.")
    try:
        with Traitly(url=url, key=key, max_retries=1) as traitly:
            traitly.customers.list(limit=1).page()
    except PermissionDeniedError:
        pass  # the key works, but may only write
    except ValueError as error:
        raise Failure(str(error)) from error
    config.write(url, key)
    print(f"Logged in to {url}. Saved in {config.path()}.", file=sys.stderr)
    return 0


def _send(options: argparse.Namespace) -> int:
    """Store one event, and print it as it is stored."""
    attributes = _pairs(options.attributes)
    with config.client() as traitly:
        event = traitly.events.send(
            customer_id=options.customer,
            name=options.name,
            created_at=options.at or UNSET,
            id=options.id,
            custom_attributes=attributes or UNSET,
        )
    show_one(event, as_json=wants_json(asked=False))
    return 0


def _customers(options: argparse.Namespace) -> int:
    """List the customers that match, or show one of them."""
    as_json = wants_json(options.json)
    with config.client() as traitly:
        if options.customer_id is not None:
            show_one(traitly.customers.get(options.customer_id), as_json=as_json)
            return 0
        found = traitly.customers.list(
            name=options.name,
            plan=options.plan,
            email=options.email,
            location=options.location,
            custom_attributes=_pairs(options.where or []),
            sort=options.sort,
            limit=_page_size(options.limit),
        )
        show(islice(found, options.limit or None), CUSTOMER_COLUMNS, as_json=as_json)
    return 0


def _events(options: argparse.Namespace) -> int:
    """A customer's events, oldest first."""
    between = {"gte": options.since, "lt": options.until}
    created_at = {name: time for name, time in between.items() if time}
    with config.client() as traitly:
        found = traitly.customers.events(
            options.customer_id,
            name=options.name,
            created_at=cast("TimeRange", created_at),
            sort=options.sort,
            limit=_page_size(options.limit),
        )
        show(islice(found, options.limit or None), EVENT_COLUMNS, as_json=wants_json(options.json))
    return 0


def _tail(options: argparse.Namespace) -> int:
    """Print events and changes of customers as they are stored, until you press Ctrl-C."""
    with config.client() as traitly:
        entries = traitly.feed.follow(
            type=options.type, name=options.name, since=options.since or int(time.time())
        )
        if wants_json(options.json):
            for entry in entries:
                print(json.dumps(entry, ensure_ascii=False), flush=True)
        for line in _lines(entries):
            print(line, flush=True)
    return 0


def _lines(entries: Any) -> Iterator[str]:
    for entry in cast("Iterator[FeedEntry]", entries):
        data = cast("Mapping[str, Any]", entry["data"])
        when = cell("created_at", data.get("created_at", entry["timestamp"]))
        if entry["type"] == "event.created":
            rest = f"{cell('name', data['name'])}  {cell('', data['custom_attributes'])}"
        elif entry["type"] == "customer.updated":
            when = cell("timestamp", entry["timestamp"])
            rest = f"[customer] {cell('name', data['name'])}, {cell('plan', data['plan'])}"
        else:
            rest = "[erased]"
        yield f"{when}  {cell('', data['customer_id']):<20}  {rest}"


def _pairs(texts: list[str]) -> dict[str, Any]:
    """``KEY=VALUE`` arguments; a value that reads as JSON is that, else it is text."""
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise Failure(f"{text!r} is not KEY=VALUE.")
        try:
            pairs[key] = json.loads(value)
        except ValueError:
            pairs[key] = value
    return pairs


def _page_size(limit: int) -> int:
    if limit < 0:
        raise Failure("--limit is 0 or more.")
    return min(limit or 1000, 1000)
