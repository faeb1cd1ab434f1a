"""What somebody sees who starts the server with a setting that cannot be, or on a port that is taken."""

import os
import socket
import subprocess
import sys

import pytest

from tests.server import ROOT, fresh_database

WRONG = {"API_RATE_LIMIT": "often"}
MESSAGE = (
    "Settings: API_RATE_LIMIT must be like 600/minute (second, minute, hour, day), not 'often'.\n"
)


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [("manage.py", "check"), ("-m", "gunicorn", "--bind=127.0.0.1:0", "traitly.wsgi")]
)
def test_a_bad_setting_is_one_line(arguments):
    done = run(*arguments, **WRONG)

    assert done.returncode != 0
    assert MESSAGE in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = run("-m", "traitly.server.port", HOST="127.0.0.1", PORT=port)

    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert f"PORT={int(port) + 80} make run" in done.stderr


def test_a_port_that_is_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])

    assert run("-m", "traitly.server.port", HOST="127.0.0.1", PORT=port).returncode == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me@%2Fvar%2Frun%2Fpostgresql:5433/name",
        "postgres://me@/name?host=/var/run/postgresql&port=5433",
    ],
)
def test_a_database_behind_a_socket(url):
    program = "import traitly.settings as s; d = s.DATABASES['default']; print(d['HOST'] or d['OPTIONS']['host'])"

    done = run("-c", program, DATABASE_URL=url, SECRET_KEY="x", API_KEY_ENCRYPTION_KEYS="x")

    assert done.stdout == "/var/run/postgresql\n", done.stderr


@pytest.mark.slow
def test_two_first_starts_at_once_in_one_new_folder(tmp_path):
    """As `make run` begins. Both work, and there is one first account."""
    with fresh_database(tmp_path) as environment:
        starts = [
            subprocess.Popen(
                f"{sys.executable} manage.py migrate --verbosity 0 && {sys.executable} manage.py quickstart",
                shell=True,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        said = [start.communicate(timeout=120) for start in starts]

    assert [start.returncode for start in starts] == [0, 0], said
    keys = {
        line for out, _ in said for line in out.splitlines() if line.startswith("Your API key: ")
    }
    assert len(keys) == 1
