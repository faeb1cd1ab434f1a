"""Everything that is secret or sent by clients, and a server that logs all it can at DEBUG: nothing of it is there."""

import base64
import http.client
import json
import re
import subprocess
import sys
import time
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from tests.faults.clients import receiving
from tests.server import ROOT, Server, running_server

pytestmark = pytest.mark.slow

LOUD = {"LOG_LEVEL": "DEBUG", "LOG_REQUESTS": "all", "GUNICORN_CMD_ARGS": "--log-level debug"}
PASSWORD = "a-pass-word-of-somebody-7"
PERSON = "alice.smith@example.org"
WRONG_KEY = "traitly_" + "wrong" * 8


def _ask(
    server: Server, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
) -> tuple[str, list[str]]:
    """The body of the response, and the cookies that it sets."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body.encode(), headers or {})
    response = connection.getresponse()
    content = response.read().decode()
    cookies = [
        morsel.value
        for line in response.headers.get_all("Set-Cookie", [])
        for morsel in SimpleCookie(line).values()
    ]
    connection.close()
    return content, cookies


def _everything_secret_is_sent(server: Server, url: str) -> list[str]:
    """Send it where it belongs and where it does not; gives what must not be found."""
    key = {"Authorization": f"Token {server.key}"}
    event = json.dumps({"customer_id": PERSON, "name": "private name", "email": PERSON})
    basic = base64.b64encode(f"{server.key}:".encode()).decode()
    made = json.loads(_ask(server, "POST", "/api/v1/webhook", json.dumps({"url": url}), key)[0])
    for method, path, body, headers in (
        ("POST", "/api/v1/event", event, key),
        ("POST", "/api/v1/event", event[:-5], key),
        ("POST", "/api/v1/customer", event, key),
        ("POST", "/api/v1/event", event, {"Authorization": f"Token {WRONG_KEY}"}),
        ("POST", "/api/v1/event", event, {"Authorization": server.key}),
        ("GET", f"/api/v1/customer?email={PERSON}&key={server.key}", "", key),
        ("GET", f"/api/v1/customer/{server.key}", "", key),
        ("GET", f"/{server.key}/{PERSON}", "", key),
        (
            "POST",
            "/v1/track",
            json.dumps({"userId": PERSON, "event": "x"}),
            {"Authorization": f"Basic {basic}"},
        ),
        ("POST", "/v1/track", json.dumps({"writeKey": server.key, "userId": PERSON}), {}),
        ("POST", "/mcp", event, key),
    ):
        _ask(server, method, path, body, headers)
    page, [token] = _ask(server, "GET", "/login/")
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    form = f"csrfmiddlewaretoken={found[1]}&login={PERSON}&password={PASSWORD}"
    _ask(
        server,
        "POST",
        "/login/",
        form,
        {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={token}"},
    )
    with server.connect() as sock:
        sock.sendall(
            f"GET /api/v1/customer HTTP/1.1\r\nAuthorization Token {server.key}\r\n\r\n".encode()
        )
        sock.recv(1000)
    return [
        server.key,
        WRONG_KEY,
        PASSWORD,
        PERSON,
        basic,
        "private name",
        token,
        made["data"][0]["secret"],
    ]


def test_a_server_and_a_worker_that_log_all_they_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    tmp_path.chmod(0o755)
    log = tmp_path / "log"
    delivered: list[dict[str, object]] = []
    with (
        log.open("w") as stderr,
        receiving(delivered.extend) as url,
        running_server(tmp_path, settings=LOUD, stderr=stderr) as server,
    ):
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "run_worker"],
            cwd=ROOT,
            env=server.environment,
            stderr=stderr,
        )
        try:
            secrets = _everything_secret_is_sent(server, url)
            deadline = time.monotonic() + 60
            while not delivered:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            worker.terminate()
            worker.wait(30)
        kept = json.loads((tmp_path / "secrets.json").read_text())
    text = log.read_text()

    assert " DEBUG " in text
    assert "traitly.requests" in text
    inner = [value for value in _texts(kept) if len(value) > 10]
    assert inner
    assert not [secret for secret in (*secrets, *inner) if secret in text]


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [str(value)]
