"""Users of the embedded server, and who of its processes is alive."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROJECT = Path(__file__).parents[2]
# Connects, then answers each statement on stdin with the first value of its result.
USER = """
import os, sys
from pathlib import Path
import psycopg2
from traitly.postgres import roles, server

def connect():
    socket_dir = server.ensure_running(Path(sys.argv[1]))
    connection = psycopg2.connect(host=str(socket_dir), port=server.PORT, user=roles.USER, dbname=roles.DATABASE)
    connection.autocommit = True
    return connection

connection = connect()
print("connected", flush=True)
for statement in sys.stdin:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            print(cursor.fetchone()[0] if cursor.description else "done", flush=True)
    except psycopg2.OperationalError:
        connection = connect()
        print("connected again", flush=True)
"""
# The parent starts the server and goes; the child that it forked connects.
FORKED_USER = USER.replace(
    "connection = connect()", "connect(); os.fork() and os._exit(0)\nconnection = connect()", 1
)


class User:
    """A process that uses the server until it is told to end."""

    def __init__(self, data_dir: Path, program: str = USER) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, data_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )

    def response(self) -> str:
        """Wait for what the process says next; if it has died, why."""
        assert self.process.stdout
        assert self.process.stderr
        line = self.process.stdout.readline()
        return line.removesuffix("\n") if line else self.process.stderr.read()

    def run(self, statement: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(statement + "\n")
        self.process.stdin.flush()
        return self.response()

    def end(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


Start = Callable[..., User]


def failure(data_dir: Path) -> str:
    """What a user is told who cannot get the server."""
    user = User(data_dir)
    said = user.response()
    user.end()
    return said


def keepers(data_dir: Path) -> set[int]:
    command = b"\0".join((b"keeper.py", os.fsencode(data_dir / "postgres"), b""))
    return {
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if command in contents(path)
    }


def postgres_processes(data_dir: Path) -> set[int]:
    at_home = {
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cwd")
        if target(path) == data_dir / "postgres"
    }
    return at_home - keepers(data_dir)


def contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""


def target(link: Path) -> Path:
    try:
        return link.readlink()
    except OSError:  # it has ended, or is somebody else's
        return link


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres/postmaster.pid").read_text().split("\n", 1)[0])


def kill_all(pids: set[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # PostgreSQL's processes end each other
            os.kill(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_until_stopped(data_dir: Path) -> None:
    wait_until(lambda: not postgres_processes(data_dir) | keepers(data_dir))
