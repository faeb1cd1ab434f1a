"""The database goes away and comes back: clients get a 503 they can act on, and then answers again."""

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.postgres.processes import postgres_processes
from tests.server import Server, running_server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("faults")) as running:
        yield running


KILL_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def ask(
    server: Server, method: str, path: str, body: bytes | None = None
) -> tuple[int, http.client.HTTPMessage, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, {"Authorization": f"Token {server.key}"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, response.headers, answer


def test_killed_connections_are_503_at_most_and_then_replaced(server):
    """Every thread of every worker may hold a dead connection: none of them stays broken."""
    for _ in range(40):
        assert ask(server, "GET", "/api/v1/customer")[0] == 200
    server.sql(KILL_OTHERS)

    seen = []
    for i in range(60):
        body = json.dumps({"customer_id": "1", "name": "x", "id": f"killed-{i}"}).encode()
        status, headers, answer = ask(server, "POST", "/api/v1/event", body)
        seen.append(status)
        if status != 201:
            assert status == 503
            assert answer["object"] == "error"
            assert answer["errors"][0]["code"] == "service_unavailable"
            assert int(headers["Retry-After"]) >= 1
            # What the answer promises: nothing was stored, and the next try stores it.
            assert ask(server, "GET", f"/api/v1/event/killed-{i}")[0] in {404, 503}

    assert set(seen[-20:]) == {201}


def test_an_encoded_slash_in_an_absolute_target_belongs_to_the_identifier(server):
    """As HTTP/1.1 lets every client send it, and proxies have to."""
    customers = [
        {"customer_id": key, "name": "x", "email": "a@example.com", "plan": "x"}
        for key in ("abs", "abs/")
    ]
    assert ask(server, "POST", "/api/v1/customer", json.dumps(customers).encode())[0] == 201

    answer = ask(server, "DELETE", f"{server.url}/api/v1/customer/abs%2F")[2]

    assert [row["customer_id"] for row in answer["data"]] == ["abs/"]
    assert ask(server, "GET", "/api/v1/customer/abs")[0] == 200


def test_a_database_that_refuses_connections_is_503_until_it_takes_them(server):
    allow = "ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}"
    database = server.manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from django.db import connection as c; print(c.get_connection_params()['dbname'])",
    ).strip()
    script = (
        "import psycopg2; from django.db import connection as c; p = c.get_connection_params(); "
        "p = {k: p[k] for k in ('host', 'port', 'user', 'password') if k in p} | {'dbname': 'postgres'}; "
        "d = psycopg2.connect(**p); d.autocommit = True; x = d.cursor(); "
    )
    kill = f"x.execute(\"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'\")"
    away = allow.format(f'"{database}"', "false").replace('"', r"\"")
    back = allow.format(f'"{database}"', "true").replace('"', r"\"")

    server.manage("shell", "-v", "0", "-c", f'{script}x.execute("{away}"); {kill}')
    try:
        for method, path, body in (
            ("GET", "/api/v1/customer", None),
            ("POST", "/api/v1/event", b'{"customer_id": "1", "name": "x"}'),
            (
                "POST",
                "/api/v1/customer",
                b'{"customer_id": "1", "name": "x", "email": "a@example.com", "plan": "x"}',
            ),
        ):
            for _ in range(5):
                status, headers, answer = ask(server, method, path, body)
                assert status == 503
                assert answer["object"] == "error"
                assert int(headers["Retry-After"]) >= 1
                assert database not in json.dumps(answer)
    finally:
        server.manage("shell", "-v", "0", "-c", f'{script}x.execute("{back}")')

    for _ in range(40):
        assert ask(server, "GET", "/api/v1/customer")[0] == 200


def health(server: Server, path: str = "/health") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="stops the embedded PostgreSQL")
def test_health_says_within_a_second_that_the_database_hangs(server):
    assert health(server) == 200
    stopped = postgres_processes(Path(server.environment["TRAITLY_DATA_DIR"]))
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        for path in ("/health", "/health/ready", "/health"):
            begin = time.monotonic()
            assert health(server, path) == 503
            assert time.monotonic() - begin < 1
        assert health(server, "/health/live") == 200
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 20
    while health(server) != 200:
        assert time.monotonic() < deadline
