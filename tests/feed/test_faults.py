"""kill -9 of writers, workers, gunicorn's processes and PostgreSQL: every reader gets every event once, in one order.

32 clients write, eight read, some of them waiting; transactions stay open, are rolled back and die;
and the database's clock jumps back by up to ten seconds, each time that it is looked at.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings

from tests.feed.receiver import receiving, until
from tests.server import ROOT, Server, running_server

pytestmark = pytest.mark.xdist_group("faults")
WRITERS, READERS = 32, 8

STEPPING_CLOCK = """
CREATE SCHEMA stepping;
CREATE FUNCTION stepping.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS $$ SELECT pg_catalog.clock_timestamp() - random() * interval '10 seconds' $$;
ALTER ROLE CURRENT_USER SET search_path = stepping, pg_catalog, public;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# Transactions that stay open for a while, and are then committed or not. Prints what was committed.
SLOW_WRITER = """
import datetime, random, time
from django.db import Error, connection, transaction
from accounts.models import Account
from events.schemas import NewEvent
from events.services import store_events
number, pid = 0, __import__("os").getpid()
while True:
    number += 1
    name, commits = f"%s-slow-{pid}-{number}", random.random() < 0.5
    now = datetime.datetime.now(datetime.UTC)
    try:
        with transaction.atomic():
            event = NewEvent(name, "1", "x", now, b"{}", new=False)
            store_events(account_id=Account.objects.get().pk, events=[event])
            time.sleep(random.random() * 0.3)
            transaction.set_rollback(not commits)
        if commits:
            print(name, flush=True)
    except Error:
        connection.close()
        time.sleep(0.2)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    os.environ["WEBHOOK_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    try:
        with running_server(tmp_path_factory.mktemp("feed-faults")) as running:
            running.sql(STEPPING_CLOCK)
            yield running
    finally:
        del os.environ["WEBHOOK_ALLOWED_NETWORKS"]


def ask(server: Server, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the answer; 0 where none came."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(
            method,
            f"/api/v1/{path}",
            body and json.dumps(body),
            {"Authorization": f"Token {server.key}"},
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()


def whole_feed(server: Server, cursor: str = "") -> tuple[list[str], str]:
    """The ids of all entries since a cursor, and the cursor after them."""
    found: list[str] = []
    while True:
        answer = ask(server, "GET", f"feed?limit=1000{cursor and '&cursor='}{cursor}")[1]
        found += [entry["data"]["id"] for entry in answer["data"]]
        cursor = answer["metadata"]["next_cursor"]
        if not answer["data"]:
            return found, cursor


class Traffic:
    """Writers that note what was acknowledged, and readers that follow the feed."""

    def __init__(self, server: Server, mark: str) -> None:
        self.server = server
        self.mark = mark
        self.acknowledged: list[str] = []
        self.written = threading.Event()
        _, self.start = whole_feed(server)
        self.readers: list[list[str]] = [[] for _ in range(READERS)]
        self.threads = [
            threading.Thread(target=self.write, args=[number]) for number in range(WRITERS)
        ]
        self.reading = [
            threading.Thread(target=self.read, args=[*each]) for each in enumerate(self.readers)
        ]
        self.slow: list[subprocess.Popen[str]] = []

    def start_slow_writer(self) -> None:
        """A process that holds transactions open."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-c", SLOW_WRITER % self.mark],
            cwd=ROOT,
            env=self.server.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.slow.append(process)

    def kill_slow_writer(self) -> None:
        """In the middle of whatever it does. What it had printed was committed."""
        process = self.slow.pop(0)
        process.kill()
        output, _ = process.communicate()
        self.acknowledged += [
            line for line in output.splitlines() if line.startswith(f"{self.mark}-slow-")
        ]

    def write(self, writer: int) -> None:
        number = 0
        while not self.written.is_set():
            ids = [
                f"{self.mark}-{writer}-{number + each}" for each in range(random.choice([1, 1, 20]))
            ]
            number += len(ids)
            status, _ = ask(
                self.server,
                "POST",
                "event",
                [{"customer_id": "1", "name": "x", "id": each} for each in ids],
            )
            if status == 201:
                self.acknowledged += ids

    def read(self, reader: int, seen: list[str]) -> None:
        cursor, quiet = self.start, 0
        waits = "&wait=1" if reader % 2 else ""
        while quiet < 5:
            status, answer = ask(
                self.server,
                "GET",
                f"feed?cursor={cursor}&limit={(1000, 30)[reader % 3 // 2]}{waits}",
            )
            if status != 200:
                time.sleep(0.1)
                continue
            cursor = answer["metadata"]["next_cursor"]
            seen += [entry["data"]["id"] for entry in answer["data"]]
            quiet = quiet + 1 if self.written.is_set() and not answer["data"] else 0
            time.sleep(0.05)

    def run(self, harm: Any, *, times: int) -> None:
        for _ in range(2):
            self.start_slow_writer()
        for thread in self.threads + self.reading:
            thread.start()
        try:
            for _ in range(times):
                time.sleep(3)
                harm()
                self.kill_slow_writer()
                self.start_slow_writer()
            time.sleep(3)
        finally:
            while self.slow:
                self.kill_slow_writer()
            self.written.set()
            for thread in self.threads + self.reading:
                thread.join(180)
        print(
            f"{self.mark}: {len(self.acknowledged)} acknowledged, {len(self.readers[0])} read by each of {READERS}"
        )

    def check(self) -> None:
        first, *others = self.readers
        assert len(self.acknowledged) > 50
        assert len(set(first)) == len(first)
        assert set(self.acknowledged) <= set(
            first
        )  # and what was stored though its answer was lost
        assert all(seen == first for seen in others)


def test_kill_9_of_gunicorns_workers(server):
    def harm() -> None:
        assert server.process
        children = psutil.Process(server.process.pid).children()
        random.choice([each for each in children if "gunicorn" in " ".join(each.cmdline())]).kill()

    traffic = Traffic(server, "web")
    traffic.run(harm, times=3)
    traffic.check()


@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="kills the embedded PostgreSQL")
def test_kill_9_of_postgresql(server):
    folder = Path(server.environment["TRAITLY_DATA_DIR"])

    def harm() -> None:
        os.kill(
            int((folder / "postgres/postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL
        )
        time.sleep(1)

    traffic = Traffic(server, "postgres")
    traffic.run(harm, times=2)
    traffic.check()


def test_kill_9_of_workers_at_random_moments_loses_nothing_and_keeps_the_order(server):
    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "manage.py", "run_worker"],
            cwd=ROOT,
            env=server.environment,
            stderr=subprocess.DEVNULL,
        )

    _, start_of_feed = whole_feed(server)
    with receiving() as receiver:
        status, made = ask(server, "POST", "webhook", {"url": receiver.url, "batch": 3})
        assert status == 201, made
        receiver.secrets.append(made["data"][0]["secret"])
        workers = [start()]
        expected: list[str] = []
        try:
            for round_ in range(4):
                for number in range(40):
                    expected.append(f"hook-{round_}-{number}")
                    body = {"customer_id": "1", "name": "x", "id": expected[-1]}
                    assert ask(server, "POST", "event", body)[0] == 201
                    time.sleep(random.random() * 0.02)
                workers[-1].kill()
                workers.append(start())
            until(lambda: set(expected) <= set(receiver.ids), seconds=60)
        finally:
            for each in workers:
                each.terminate()
            for each in workers:
                each.wait(30)

    messages: dict[str, list[str]] = {}
    for request in receiver.accepted:
        messages.setdefault(request.id, request.ids)
        assert messages[request.id] == request.ids  # the same id, the same entries
    seen = dict.fromkeys(each for request in receiver.accepted for each in request.ids)
    # In the order of the feed, those that came again left out. While the clock jumps it is not that
    # in which they were sent.
    assert list(seen) == whole_feed(server, start_of_feed)[0]
    assert sorted(seen) == sorted(expected)
    assert not receiver.unverified
