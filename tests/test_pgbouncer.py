"""The server behind PgBouncer in transaction pooling, as docker-compose.yml sets it up, under the web server's own role."""

import http.client
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2
import pytest

from benchmarks.postgres import Postgres
from tests.server import ROOT, Server, free_port

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PASSWORD = "a password of its own"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PGBOUNCER is None, reason="needs pgbouncer"),
    pytest.mark.xdist_group("faults"),
]


@contextmanager
def pgbouncer(postgres_port: int) -> Iterator[int]:
    """The port of one with the project's own settings, but for where PostgreSQL and the passwords are."""
    assert PGBOUNCER
    port = free_port()
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = (ROOT / "docker/pgbouncer/pgbouncer.ini").read_text()
        for ours, here in (
            ("host=db port=5432", f"host=127.0.0.1 port={postgres_port}"),
            ("listen_addr = 0.0.0.0", "listen_addr = 127.0.0.1"),
            ("listen_port = 6432", f"listen_port = {port}"),
            ("/tmp/userlist.txt", str(folder / "userlist.txt")),
            ("default_pool_size = 20", "default_pool_size = 3"),
        ):
            assert ours in text
            text = text.replace(ours, here)
        (folder / "pgbouncer.ini").write_text(text)
        (folder / "userlist.txt").write_text(f'"traitly_web" "{PASSWORD}"\n')
        folder.chmod(0o755)
        user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None  # it refuses to be root
        process = subprocess.Popen(
            [PGBOUNCER, "-q", folder / "pgbouncer.ini"], user=user, stderr=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    assert process.poll() is None
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("secrets")
    port = free_port()
    with Postgres() as postgres, pgbouncer(postgres.port) as pool:
        postgres.run("postgres", "CREATE DATABASE traitly")
        environment = os.environ | {
            "TRAITLY_DATA_DIR": str(folder),
            "PORT": str(port),
            "HOST": "127.0.0.1",
        }
        owner = Server(
            environment
            | {
                "DATABASE_URL": postgres.url("traitly"),
                "WEB_DATABASE_ROLE": "traitly_web",
                "WEB_DATABASE_PASSWORD": PASSWORD,
            },
            port,
        )
        owner.manage("migrate", "--verbosity", "0")
        url = f"postgres://traitly_web:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{pool}/traitly"
        web = Server(environment | {"DATABASE_URL": url, "PREPARE_STATEMENTS": "false"}, port)
        web.key = web.manage(
            "create_account", "--email", "a@example.com", "--company", "Acme"
        ).strip()
        web.start()
        yield web
        web.stop()


def _ask(server: Server, method: str, path: str, body: object = None) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Authorization": f"Token {server.key}"})
        response = connection.getresponse()
        response.read()
        return response.status


def _client(server: Server, number: int) -> Counter[tuple[str, int]]:
    """What a client of its own customer is answered."""
    seen: Counter[tuple[str, int]] = Counter()
    customer = {"customer_id": f"c{number}", "name": "x", "email": "a@example.com", "plan": "x"}
    for turn in range(6):
        events = [
            {"customer_id": f"c{number}", "name": "In", "id": f"{number}-{turn}-{i}"}
            for i in range(5)
        ]
        seen["customer", _ask(server, "POST", "/api/v1/customer", customer)] += 1
        seen["events", _ask(server, "POST", "/api/v1/event", events)] += 1
        seen[
            "one", _ask(server, "POST", "/api/v1/event", events[0] | {"id": f"{number}-{turn}"})
        ] += 1
        seen["list", _ask(server, "GET", f"/api/v1/event?customer_id=c{number}&name=In")] += 1
        seen["timeline", _ask(server, "GET", f"/api/v1/customer/c{number}/event")] += 1
    seen["erased", _ask(server, "DELETE", f"/api/v1/customer/c{number}")] += 1
    return seen


def test_everything_works_with_fewer_sessions_than_threads(server: Server) -> None:
    with ThreadPoolExecutor(12) as clients:
        seen = sum(clients.map(lambda number: _client(server, number), range(12)), Counter())

    assert {status for _, status in seen} <= {200, 201}
    assert seen.total() == 12 * 31
    assert _ask(server, "GET", "/health/ready") == 200


def test_the_timeouts_of_the_role_pass_the_pool(server: Server) -> None:
    with (
        closing(psycopg2.connect(server.environment["DATABASE_URL"])) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT current_user, current_setting('statement_timeout'), current_setting('lock_timeout')"
        )
        assert cursor.fetchone() == ("traitly_web", "5s", "3s")


def test_a_start_up_option_would_be_refused(server: Server) -> None:
    with pytest.raises(psycopg2.OperationalError, match="unsupported startup parameter"):
        psycopg2.connect(server.environment["DATABASE_URL"], options="-c statement_timeout=5000")
