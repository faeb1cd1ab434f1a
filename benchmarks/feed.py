"""What the feed costs and how fast it is: ``python -m benchmarks.feed``, some minutes; ``--only store`` and so on for a part.

``store``    PostgreSQL's CPU for storing events, with the database's clock and as before, in turns
``visible``  how long after its commit an event is in the feed, under a load of batches, and what
ten readers cost beside it ``backlog``  a webhook that takes batches and has a million entries
before it ``webhooks`` a hundred webhooks of an account, one dead and one slow, at 1,000 events a
second
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import psutil

from benchmarks import feed_readers
from benchmarks.postgres import Postgres, free_port
from benchmarks.processes import ROOT
from benchmarks.workloads import FILL_EVENTS

_DATABASE = "feed"
_ATTRIBUTES = '{"order": 1234, "plan": "Atom", "source": "web", "amount": 12.5, "country": "DE", "first": true}'


def main() -> None:
    """Run what is asked for and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=_PARTS)
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the backlog")
    parser.add_argument("--seconds", type=int, default=15)
    options = parser.parse_args()
    with Postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        postgres.run("postgres", f"CREATE DATABASE {_DATABASE}")
        os.environ |= {
            "DATABASE_URL": postgres.url(_DATABASE),
            "TRAITLY_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "traitly.settings",
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "LOG_LEVEL": "ERROR",
        }
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True
        )
        import django

        django.setup()
        for name, part in _PARTS.items():
            if options.only in {None, name}:
                print(f"{name}: {json.dumps(part(postgres, options))}", flush=True)


def _account() -> Any:
    from accounts.models import Account

    return Account.objects.create(name="Benchmark")


def _events(number: int) -> list[Any]:
    from django.utils import timezone

    from events.schemas import NewEvent
    from traitly.db.ids import new_text_id

    now, attributes = timezone.now(), _ATTRIBUTES.encode()
    return [
        NewEvent(
            new_text_id(),
            f"customer-{random.randrange(10_000)}",
            "Logged in",
            now,
            attributes,
            new=True,
        )
        for _ in range(number)
    ]


def _store(_postgres: Postgres, _options: Any) -> dict[str, Any]:
    """CPU of one backend each, which stores by one statement or the other; means of the rounds."""
    from django.db import connection

    from events import services
    from traitly.db.clock import ARRIVAL
    from traitly.db.prepared import Prepared

    account = _account()
    after = services._INSERT  # noqa: SLF001  the statement that is measured
    before = after.replace(
        ARRIVAL, "'2026-01-01T00:00:00Z'::timestamptz + %(account_id)s * interval '0'"
    )
    if before == after:
        raise RuntimeError("the statement does not take the database's clock")
    with connection.cursor() as cursor:
        cursor.execute(
            "SET synchronous_commit = off; SELECT pg_backend_pid()"
        )  # waiting for the disk is no CPU
        backend = psutil.Process(cursor.fetchone()[0])
        prepared = {"before": Prepared(before), "after": Prepared(after)}
        found = {}
        for size, times in ((1, 2000), (1000, 10)):
            rounds: dict[str, list[float]] = {"before": [], "after": []}
            for _ in range(24):
                for name in random.sample(list(rounds), 2):
                    given = [_parameters(account.pk, _events(size)) for _ in range(times)]
                    begun = sum(backend.cpu_times()[:2])
                    for parameters in given:
                        prepared[name].execute(cursor, parameters)
                    rounds[name].append((sum(backend.cpu_times()[:2]) - begun) / times * 1e6)
            found[f"{size} events"] = {
                "before µs": round(statistics.mean(rounds["before"]), 1),
                "after µs": round(statistics.mean(rounds["after"]), 1),
                "ratio": round(
                    statistics.mean(rounds["after"]) / statistics.mean(rounds["before"]), 3
                ),
            }
    connection.close()
    return found


def _parameters(account_id: int, events: Sequence[Any]) -> dict[str, Any]:
    from traitly.db.arrays import packed

    return {
        "account_id": account_id,
        "ids": packed(each.id for each in events),
        "customer_ids": packed(each.customer_id for each in events),
        "names": packed(each.name for each in events),
        "times": packed(each.created_at.isoformat() for each in events),
        "attributes": packed(each.attributes.decode() for each in events),
    }


# Batches a second, connections.
_LOADS = (("2,000 events/s", 2, 1), ("10,000 events/s", 10, 2), ("16 connections", 1000, 16))


def _visible(postgres: Postgres, options: Any) -> dict[str, Any]:
    """Batches of 1,000: two and ten a second, and as many as sixteen connections get stored."""
    from accounts.services import create_key

    account = _account()
    keys = (
        create_key(account=account, name="Writers").key,
        create_key(account=account, name="Readers").key,
    )
    return {
        name: feed_readers.measure(
            postgres, keys=keys, seconds=options.seconds, rate=rate, connections=connections
        )
        for name, rate, connections in _LOADS
    }


# Counts the entries of each path, in a process of its own. /slow answers after a second.
_RECEIVER = """
import asyncio, json, sys
from aiohttp import web

counts = {}

async def take(request):
    body = await request.read()
    if request.path == "/slow":
        await asyncio.sleep(1)
    counts[request.path] = counts.get(request.path, 0) + body.count(b'"type":"event.created"')
    return web.Response()

async def tell(request):
    return web.json_response(counts)

app = web.Application(client_max_size=1 << 30)
app.router.add_post("/{name}", take)
app.router.add_get("/counts", tell)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""


@contextmanager
def _receiver() -> Iterator[tuple[int, Callable[[], dict[str, int]]]]:
    """A receiver's port, and what it has counted."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", _RECEIVER, str(port)])

    def counts() -> dict[str, int]:
        client = HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("GET", "/counts")
        found: dict[str, int] = json.loads(client.getresponse().read())
        client.close()
        return found

    try:
        time.sleep(1.5)
        yield port, counts
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _worker() -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "manage.py", "run_worker"], cwd=ROOT)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _backlog(postgres: Postgres, options: Any) -> dict[str, Any]:
    from feed.models import Webhook
    from feed.positions import START
    from feed.services import create_webhook
    from traitly.db.clock import settle

    account = _account()
    postgres.run(
        _DATABASE,
        "SET statement_timeout = 0",
        FILL_EVENTS,
        "VACUUM ANALYZE events_event",
        parameters={"accounts": [account.pk], "active": 10_000, "events": options.entries},
    )
    # As they come: a thousand at a time, not all in one moment.
    postgres.run(
        _DATABASE,
        "SET statement_timeout = 0",
        "WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM events_event WHERE account_id = %(id)s)"
        " UPDATE events_event AS e SET received_at = now() - interval '1 day' + n / 1000 * interval '10 ms'"
        " FROM numbered WHERE e.account_id = %(id)s AND e.id = numbered.id",
        "VACUUM ANALYZE events_event",
        parameters={"id": account.pk},
    )
    settle()
    with _receiver() as (port, counts):
        row = create_webhook(account=account, url=f"http://127.0.0.1:{port}/all", batch=1000).row
        Webhook.objects.filter(pk=row.pk).update(position=START.cursor)
        with _worker() as worker:
            begun = None
            while (taken := counts().get("/all", 0)) < options.entries:
                if begun is None and taken:
                    begun = (time.monotonic(), taken)
                time.sleep(0.2)
            assert begun is not None
            seconds = time.monotonic() - begun[0]
            cpu = sum(worker.cpu_times()[:2])
    Webhook.objects.all().delete()
    return {
        "entries": taken,
        "entries/s": round((taken - begun[1]) / seconds),
        "worker's CPU µs an entry": round(cpu / taken * 1e6, 1),
    }


def _webhooks(_postgres: Postgres, options: Any) -> dict[str, Any]:
    from events.services import store_events
    from feed.models import Webhook
    from feed.services import create_webhook

    account = _account()
    with _receiver() as (port, counts):
        for number in range(98):
            create_webhook(account=account, url=f"http://127.0.0.1:{port}/{number}", batch=1000)
        create_webhook(account=account, url=f"http://127.0.0.1:{port}/slow", batch=1000)
        create_webhook(account=account, url=f"http://127.0.0.1:{free_port()}/dead", batch=1000)
        sent: list[tuple[float, int]] = []
        lags: list[float] = []
        with _worker() as worker:
            time.sleep(3)
            begun, total = time.monotonic(), 0
            while time.monotonic() < begun + options.seconds:
                store_events(account_id=account.pk, events=_events(100))
                total += 100
                sent.append((time.monotonic(), total))
                if total % 500 == 0:
                    now, taken = time.monotonic(), counts()
                    least = min(taken.get(f"/{number}", 0) for number in range(98))
                    waiting = next((at for at, number in sent if number > least), now)
                    lags.append(now - waiting)
                time.sleep(max(0, begun + total / 1000 - time.monotonic()))
            rate = total / (time.monotonic() - begun)
            time.sleep(3)
            taken = counts()
            cpu = sum(worker.cpu_times()[:2])
    Webhook.objects.all().delete()
    return {
        "events/s": round(rate),
        "least and most of the 98 have": [
            f(taken.get(f"/{number}", 0) for number in range(98)) for f in (min, max)
        ],
        "the slow one has": taken.get("/slow", 0),
        "of": total,
        "worst lag of the 98, s": {
            "p50": round(statistics.median(lags), 2),
            "most": round(max(lags), 2),
        },
        "worker's CPU": f"{cpu / (options.seconds + 6):.0%} of a core",
        "worker's CPU µs for each entry of each webhook": round(cpu / sum(taken.values()) * 1e6, 1),
    }


_PARTS: dict[str, Callable[[Postgres, Any], dict[str, Any]]] = {
    "store": _store,
    "visible": _visible,
    "backlog": _backlog,
    "webhooks": _webhooks,
}

if __name__ == "__main__":
    main()
