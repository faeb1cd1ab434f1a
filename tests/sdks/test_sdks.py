"""Segment's and RudderStack's own SDKs, from their registries, against a real gunicorn.

Each says one of everything, and then forty events while the server answers 503, is cut off and is
started anew. Run by ``make sdks``, which installs what these tests need; an SDK whose language is
not there is skipped, except in CI.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.clients.faults import FaultProxy, fault_proxy
from tests.server import Server, running_server

PROGRAMS = Path(__file__).parent / "programs"
TRACKS = 40
UNAVAILABLE = {"fault": "status", "status": 503, "headers": {"Retry-After": "1"}, "body": "{}"}


def python(version: str, **environ: str) -> dict[str, Any]:
    folder = PROGRAMS / "python" / version
    return {
        "needs": sys.executable,
        "command": [sys.executable, "segment_sdk.py"],
        "folder": PROGRAMS / "python",
        "environ": {"PYTHONPATH": str(folder), "SDK": version.partition("-")[0], **environ},
    }


SDKS: dict[str, dict[str, Any]] = {
    "python-2.4.0": python("segment-2.4.0"),
    "python-2.4.0-gzip": python("segment-2.4.0", GZIP="1"),
    "python-2.3.6": python("segment-2.3.6"),
    "python-2.3.6-gzip": python("segment-2.3.6", GZIP="1"),
    "python-rudder": python("rudder-2.1.9", GZIP="0"),
    "node": {"needs": "node", "command": ["node", "segment.mjs"], "folder": PROGRAMS / "node"},
    "node-rudder": {
        "needs": "node",
        "command": ["node", "rudder.mjs"],
        "folder": PROGRAMS / "node",
    },
    "go": {"needs": "go", "command": ["./sdk"], "folder": PROGRAMS / "go"},
    "java": {
        "needs": "mvn",
        "command": ["java", "-cp", "target/classes:target/dependency/*", "Main"],
        "folder": PROGRAMS / "java",
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("sdks")) as server:
        yield server


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    with fault_proxy(server.port) as proxy:
        yield proxy


def run(sdk: dict[str, Any], url: str, key: str) -> None:
    if shutil.which(sdk["needs"]) is None:
        assert not os.environ.get("CI"), f"{sdk['needs']} is missing"
        pytest.skip(f"{sdk['needs']} is not installed")
    environ = os.environ | {"URL": url, "KEY": key, "TRACKS": str(TRACKS)} | sdk.get("environ", {})
    done = subprocess.run(
        sdk["command"],
        cwd=sdk["folder"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def get(server: Server, key: str, path: str, **query: Any) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{server.url}/api/v1/{path}?{urlencode(query)}", headers={"Authorization": f"Token {key}"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        data: list[dict[str, Any]] = json.load(response)["data"]
    return data


def break_things(server: Server, proxy: FaultProxy) -> None:
    """While an SDK sends: two answers of 503, one that is lost after the server has stored, and a restart."""
    time.sleep(1)
    proxy.faults.extend([UNAVAILABLE, UNAVAILABLE, {"fault": "cut after"}])
    time.sleep(2)
    server.stop()
    server.start()


@pytest.mark.parametrize("name", SDKS)
def test_an_sdk(server, proxy, name):
    company = f"company-{name}"
    key = server.manage(
        "create_account", "--email", f"{company}@example.com", "--company", company
    ).strip()
    harm = threading.Thread(target=break_things, args=(server, proxy))
    harm.start()
    try:
        run(SDKS[name], proxy.url, key)
    finally:
        harm.join()

    [customer] = get(server, key, "customer/user-1")
    assert {field: customer[field] for field in ("name", "email", "plan", "organisation_id")} == {
        "name": "Ann Lee",
        "email": "ann@example.com",
        "plan": "Grow",
        "organisation_id": "org-7",
    }
    assert customer["custom_attributes"]["logins"] == 5
    assert customer["custom_attributes"]["organisation"] == {"name": "Acme"}
    events = {event["name"]: event for event in get(server, key, "customer/user-1/event")}
    assert set(events) == {"Signed Up", "Viewed Docs Index Page", "Viewed App Home Screen"}
    sent = events["Signed Up"]["custom_attributes"]
    assert {field: sent[field] for field in ("source", "amount")} == {
        "source": "ad",
        "amount": 12.5,
    }
    assert events["Viewed Docs Index Page"]["custom_attributes"]["path"] == "/docs"
    assert events["Viewed App Home Screen"]["custom_attributes"]["tab"] == "start"
    counted = get(server, key, "customer/user-2/event", limit=1000)
    assert sorted(event["custom_attributes"]["number"] for event in counted) == list(range(TRACKS))
    [alias] = get(server, key, "customer/user-1/alias")
    assert (alias["previous_id"], alias["customer_id"]) == ("anon-1", "user-1")
