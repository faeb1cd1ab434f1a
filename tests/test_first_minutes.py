"""`make run` and `make demo` in a copy of the repository that has never been used, as the README tells a new user."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.server import ROOT, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / ".git").exists() or not shutil.which("make"), reason="needs git and make"
    ),
]
SECONDS_TO_SERVE = 180  # packages are installed first


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What is tracked, in a folder of its own: nothing installed, no data."""
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    archive = subprocess.run(
        ["tar", "--create", "--null", "--files-from=-"],
        cwd=ROOT,
        input=files,
        capture_output=True,
        check=True,
    ).stdout
    subprocess.run(["tar", "--extract"], cwd=tmp_path, input=archive, check=True)
    return tmp_path


@pytest.fixture
def make_run(copy: Path) -> Iterator[tuple[dict[str, str], str]]:
    """The environment in which `make run` serves in the copy, and what it printed until then."""
    left_out = (
        "DATABASE_URL",
        "TRAITLY_DATA_DIR",
        "VIRTUAL_ENV",
        "DJANGO_SETTINGS_MODULE",
        "MAKEFLAGS",
        "MAKELEVEL",
    )
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {"PORT": str(free_port()), "WEB_WORKERS": "2"}
    log = copy / "printed.txt"
    with log.open("w") as printed:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=copy,
            env=environment,
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
        try:
            wait_until_it_serves(process, int(environment["PORT"]), log)
            yield environment, log.read_text()
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def wait_until_it_serves(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_SERVE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        else:
            return


def test_the_first_five_minutes(copy: Path, make_run: tuple[dict[str, str], str]) -> None:
    """The printed curl stores a customer, the printed link opens a portal that shows it, and the demo fills it."""
    environment, printed = make_run
    curl = re.search(r'^  curl .*?-H "Authorization[^\n]*', printed, re.MULTILINE | re.DOTALL)
    link = re.search(r"(http://\S+)/welcome/\S+", printed)
    assert curl, printed
    assert link, printed

    stored = subprocess.run(curl[0], shell=True, capture_output=True, text=True, check=True).stdout
    assert json.loads(stored)["data"][0]["customer_id"] == "123"

    portal = build_opener(HTTPCookieProcessor(CookieJar()))
    assert portal.open(link[0], timeout=30).status == 200
    assert "John Smith" in portal.open(f"{link[1]}/customers/", timeout=30).read().decode()

    demo = subprocess.run(
        ["make", "demo"], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert demo.returncode == 0, demo.stderr
    assert re.search(r"has [\d,]{5,} more customers and [\d,]{5,} more events", demo.stdout)
