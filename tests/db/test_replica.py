"""Lists and streams with a real streaming replica: behind, up to date, and away."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
import pytest

from benchmarks import postgres
from benchmarks.postgres import BINARIES, Postgres
from tests.factories import a_customer, an_event
from tests.server import ROOT, Server, free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


class Replica:
    """A copy of a server that follows it."""

    def __init__(self, primary: Postgres, folder: Path) -> None:
        self._port = free_port()
        self.url = primary.url("traitly").replace(f":{primary.port}/", f":{self._port}/")
        self._data = folder / "data"
        user = postgres._unprivileged_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
        self._as: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        copy = [
            str(BINARIES / "pg_basebackup"),
            "-D",
            str(self._data),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
        ]
        subprocess.run([*copy, "-d", primary.url("postgres")], check=True, timeout=120, **self._as)
        self.start()

    def start(self) -> None:
        options = [
            part
            for item in postgres.settings(self._port).items()
            for part in ("-c", "=".join(item))
        ]
        command = [str(BINARIES / "postgres"), "-D", str(self._data), *options]
        self._process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **self._as
        )
        eventually(lambda: self.ask("SELECT pg_is_in_recovery()"))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # ends its sessions
        self._process.wait(60)

    def ask(self, statement: str) -> Any:
        try:
            with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
                cursor.execute(statement)
                row: Any = cursor.fetchone()
                return row[0]
        except psycopg2.OperationalError:
            assert self._process.poll() is None
            return None


def eventually(found: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def replica_of(primary: Postgres) -> Iterator[Replica]:
    with TemporaryDirectory() as folder:
        made = Replica(primary, Path(folder))
        try:
            yield made
        finally:
            made.stop()


def ask(server: Server, method: str, path: str, body: object = None, accept: str = "*/*") -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        headers = {"Authorization": f"Token {server.key}", "Accept": accept}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        assert response.status in {200, 201}, text
        return text


def found(server: Server) -> tuple[int, int, int]:
    """How many customers and events lists give, and how many lines a stream has."""
    customers = json.loads(ask(server, "GET", "/api/v1/customer"))["data"]
    events = json.loads(ask(server, "GET", "/api/v1/event?customer_id=c&name=Logged%20in"))["data"]
    return (
        len(customers),
        len(events),
        ask(server, "GET", "/api/v1/customer", accept="application/x-ndjson").count(b"\n"),
    )


def test_lists_and_streams_come_from_the_replica_and_single_objects_do_not(tmp_path: Path) -> None:
    port = free_port()
    with Postgres() as primary:
        primary.run("postgres", "CREATE DATABASE traitly")
        environment = os.environ | {
            "DATABASE_URL": primary.url("traitly"),
            "TRAITLY_DATA_DIR": str(tmp_path),
        }
        server = Server(
            environment | {"PORT": str(port), "HOST": "127.0.0.1", "WEB_WORKERS": "1"}, port
        )
        server.manage("migrate", "--verbosity", "0")
        server.key = server.manage(
            "create_account", "--email", "a@example.com", "--company", "Acme"
        ).strip()
        with replica_of(primary) as replica:
            server.environment["DATABASE_REPLICA_URL"] = replica.url
            server.start()
            try:
                replica.ask("SELECT pg_wal_replay_pause()::text")
                ask(server, "POST", "/api/v1/customer", a_customer("c"))
                ask(server, "POST", "/api/v1/event", an_event("c", id="e"))
                assert found(server) == (0, 0, 0)
                assert json.loads(ask(server, "GET", "/api/v1/customer/c"))["data"]
                assert json.loads(ask(server, "GET", "/api/v1/event/e"))["data"]

                replica.ask("SELECT pg_wal_replay_resume()::text")
                eventually(lambda: found(server) == (1, 1, 1))

                replica.stop()
                ask(server, "POST", "/api/v1/customer", a_customer("d"))
                assert found(server) == (2, 1, 2)
                replica.start()
                assert found(server) == (2, 1, 2)
            finally:
                server.stop()


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        (
            {"DATABASE_URL": "postgres://u@h/x", "DATABASE_REPLICA_URL": "mysql://u@h/x"},
            "must name a PostgreSQL",
        ),
        ({"DATABASE_URL": "", "DATABASE_REPLICA_URL": "postgres://u@h/x"}, "set both"),
    ],
)
def test_what_cannot_be_a_replica_stops_the_start(
    urls: dict[str, str], said: str, tmp_path: Path
) -> None:
    environment = os.environ | urls | {"TRAITLY_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode
    assert "DATABASE_REPLICA_URL" in done.stderr
    assert said in done.stderr
