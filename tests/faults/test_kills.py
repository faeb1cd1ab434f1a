"""kill -9 at random moments under load: what was acknowledged is there exactly once, and the service comes back by itself."""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from tests.faults.clients import HttpClient, programs_per_processor, receiving, writing
from tests.postgres.processes import postmaster
from tests.server import ROOT, Server, running_server

pytestmark = [
    pytest.mark.xdist_group("faults"),
    pytest.mark.skipif(bool(settings.DATABASE_URL), reason="kills the embedded PostgreSQL"),
]

KILLS = int(os.environ.get("FAULTS_KILLS", "52"))
_BACK_WITHIN_SECONDS = 5  # where a processor is free: gunicorn starts in a second of processor time


class Supervisor(threading.Thread):
    """Starts gunicorn and the background worker again when they end, as systemd and Docker do."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._over = threading.Event()
        self.worker = self._start_worker()

    def _start_worker(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "manage.py", "run_worker"],
            cwd=ROOT,
            env=self._server.environment,
            stderr=subprocess.DEVNULL,
        )

    def run(self) -> None:
        while not self._over.wait(0.05):
            if self._server.process and self._server.process.poll() is not None:
                self._server.start()
            if self.worker.poll() is not None:
                self.worker = self._start_worker()

    def stop(self) -> None:
        """Supervise no more, and end the background worker."""
        self._over.set()
        self.join()
        self.worker.terminate()
        self.worker.wait(30)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    tmp_path.chmod(0o755)
    with running_server(tmp_path) as running:
        yield running


def _harms(server: Server, supervisor: Supervisor) -> dict[str, Callable[[], None]]:
    def gunicorn() -> psutil.Process:
        assert server.process
        return psutil.Process(server.process.pid)

    def kill_web_worker() -> None:
        random.choice(
            [each for each in gunicorn().children() if "gunicorn" in " ".join(each.cmdline())]
        ).kill()

    def kill_all_of_gunicorn() -> None:
        master = gunicorn()
        for each in [master, *master.children()]:
            with suppress(psutil.NoSuchProcess):
                each.kill()

    def kill_postgres() -> None:
        os.kill(postmaster(Path(server.environment["TRAITLY_DATA_DIR"])), signal.SIGKILL)

    def kill_background_worker() -> None:
        supervisor.worker.kill()

    return {
        "a gunicorn worker": kill_web_worker,
        "all of gunicorn": kill_all_of_gunicorn,
        "PostgreSQL": kill_postgres,
        "the background worker": kill_background_worker,
    }


def _seconds_until_back(server: Server) -> float:
    """When the last request failed, of those sent since now; over after a second and ten requests that did not."""
    start = time.monotonic()
    last_failure, succeeded = 0.0, 0
    while succeeded < 10 or time.monotonic() < start + 1:
        client = HttpClient(server, timeout=20)
        status, *_ = client.ask("POST", "event", {"customer_id": "probe", "name": "x"})
        client.close()
        succeeded = succeeded + 1 if status == 201 else 0
        if status != 201:
            last_failure = time.monotonic() - start
            assert last_failure < 60, "it never came back"
        time.sleep(0.02)
    return last_failure


def test_kill_9_at_random_moments_under_load(server: Server) -> None:
    delivered: set[str] = set()

    def take(entries: list[dict[str, dict[str, dict[str, str]]]]) -> None:
        delivered.update(
            entry["data"].get("custom_attributes", {}).get("mark", "") for entry in entries
        )

    supervisor = Supervisor(server)
    harms = _harms(server, supervisor)
    worst = dict.fromkeys(harms, 0.0)
    order = list(itertools.islice(itertools.cycle(harms), KILLS))
    random.shuffle(order)
    with receiving(take) as url:
        client = HttpClient(server)
        status, made, _ = client.ask("POST", "webhook", {"url": url, "batch": 1000})
        client.close()
        assert status == 201, made
        supervisor.start()
        try:
            with writing(server, "w", writers=8, pause=0.02) as load:
                for name in order:
                    time.sleep(random.uniform(0.1, 1.5))
                    harms[name]()
                    worst[name] = max(worst[name], _seconds_until_back(server))
            number = load.check_each_is_stored_once()
            acknowledged = {mark for writer in load.writers for mark in writer.acknowledged}
            deadline = time.monotonic() + 120
            while not acknowledged <= delivered:
                assert time.monotonic() < deadline, (
                    f"{len(acknowledged - delivered)} were never sent to the webhook"
                )
                time.sleep(0.2)
        finally:
            supervisor.stop()

    busy = programs_per_processor()
    print(
        f"{KILLS} kills: {number} events acknowledged, each stored once and sent to the webhook; {load.statuses}"
    )
    times = {name: f"{seconds:.1f} s" for name, seconds in worst.items()}
    print(f"back after at most {times}, while {busy:.1f} programs shared each processor")
    assert max(worst.values()) < _BACK_WITHIN_SECONDS * busy
