"""kill -9 of workers, of gunicorn's processes and of PostgreSQL: every reader gets every event once, in one order."""

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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    os.environ["WEBHOOK_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    try:
        with running_server(tmp_path_factory.mktemp("feed-faults")) as running:
            yield running
    finally:
        del os.environ["WEBHOOK_ALLOWED_NETWORKS"]


def ask(server: Server, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the answer; 0 where none came."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(
            method, f"/api/v1/{path}", body and json.dumps(body), {"Authorization": f"Token {server.key}"}
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()


class Traffic:
    """Writers that note what was acknowledged, and readers that follow the feed."""

    def __init__(self, server: Server, mark: str) -> None:
        self.server = server
        self.mark = mark
        self.acknowledged: list[str] = []
        self.written = threading.Event()
        self.start = ask(server, "GET", "feed?since=2100-01-01")[1]["metadata"]["next_cursor"]
        self.start = ask(server, "GET", "feed?limit=1000")[1]["metadata"]["next_cursor"]
        self.readers: list[list[str]] = [[] for _ in range(3)]
        self.threads = [threading.Thread(target=self.write, args=[number]) for number in range(6)]
        self.reading = [threading.Thread(target=self.read, args=[seen]) for seen in self.readers]

    def write(self, writer: int) -> None:
        number = 0
        while not self.written.is_set():
            ids = [f"{self.mark}-{writer}-{number + each}" for each in range(random.choice([1, 1, 20]))]
            number += len(ids)
            status, _ = ask(
                self.server, "POST", "event", [{"customer_id": "1", "name": "x", "id": each} for each in ids]
            )
            if status == 201:
                self.acknowledged += ids

    def read(self, seen: list[str]) -> None:
        cursor, quiet = self.start, 0
        while quiet < 5:
            status, answer = ask(self.server, "GET", f"feed?cursor={cursor}&limit=1000")
            if status != 200:
                time.sleep(0.1)
                continue
            cursor = answer["metadata"]["next_cursor"]
            seen += [entry["data"]["id"] for entry in answer["data"]]
            quiet = quiet + 1 if self.written.is_set() and not answer["data"] else 0
            time.sleep(0.05)

    def run(self, harm: Any, *, times: int) -> None:
        for thread in self.threads + self.reading:
            thread.start()
        try:
            for _ in range(times):
                time.sleep(1)
                harm()
            time.sleep(1)
        finally:
            self.written.set()
            for thread in self.threads + self.reading:
                thread.join(90)

    def check(self) -> None:
        first, *others = self.readers
        assert len(self.acknowledged) > 50
        assert len(set(first)) == len(first)
        assert set(self.acknowledged) <= set(first)  # and what was stored though its answer was lost
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
        os.kill(int((folder / "postgres/postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
        time.sleep(1)

    traffic = Traffic(server, "postgres")
    traffic.run(harm, times=2)
    traffic.check()


def test_kill_9_of_workers_at_random_moments_loses_nothing_and_keeps_the_order(server):
    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "manage.py", "run_worker"], cwd=ROOT, env=server.environment, stderr=subprocess.DEVNULL
        )

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
            until(lambda: expected[-1] in receiver.ids, seconds=60)
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
    assert list(seen) == expected  # those that came again left out
    assert not receiver.unverified
