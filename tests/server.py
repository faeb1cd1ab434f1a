"""A real gunicorn with a database of its own, for what only shows over a socket."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.conf import settings

from tests import cluster

ROOT = Path(__file__).parent.parent


class Server:
    """Started by ``running_server``."""

    def __init__(self, environment: dict[str, str], port: int) -> None:
        self.environment = environment
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.key = ""
        self.stderr: int | TextIO = subprocess.DEVNULL
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> str:
        """Run a manage.py command on the server's database; gives its stdout."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, statement: str) -> None:
        """Run a statement in the server's database, on a connection of another process."""
        self.manage(
            "shell",
            "-c",
            f"from django.db import connection as c; c.cursor().execute({statement!r})",
        )

    def start(self) -> None:
        """Start gunicorn as production does, and wait until it answers."""
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("gunicorn"), "traitly.wsgi"],
            cwd=ROOT,
            env=self.environment,
            stderr=self.stderr,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self.process.poll() is None, "gunicorn ended"
                assert time.monotonic() < deadline, "gunicorn does not listen"
                time.sleep(0.05)
            else:
                return

    def stop(self) -> int:
        """End gunicorn gracefully; gives its exit status."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def connect(self) -> socket.socket:
        """A socket to the server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def fresh_database(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of an empty database: an embedded one in ``folder``, or a new one beside DATABASE_URL's."""
    environment = os.environ | {"TRAITLY_DATA_DIR": str(folder)}
    if not settings.DATABASE_URL:
        yield environment
        return
    name = f"test_server_{uuid.uuid4().hex[:12]}"
    admin = psycopg2.connect(settings.DATABASE_URL)
    admin.autocommit = True
    admin.cursor().execute(
        "SET statement_timeout = 0"
    )  # to make or drop a database waits for a checkpoint
    try:
        admin.cursor().execute(f'CREATE DATABASE "{name}"')
        try:
            with cluster.joined(name):
                yield environment | {
                    "DATABASE_URL": urlunsplit(
                        urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}")
                    )
                }
        finally:
            admin.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        admin.close()


@contextmanager
def running_server(
    folder: Path,
    *,
    settings: dict[str, str] | None = None,
    stderr: int | TextIO = subprocess.DEVNULL,
) -> Iterator[Server]:
    """A server with an account, whose key is ``key``; gunicorn has these settings and writes its log there."""
    port = free_port()
    with fresh_database(folder) as environment:
        server = Server(
            environment | {"PORT": str(port), "HOST": "127.0.0.1", "WEB_WORKERS": "2"}, port
        )
        server.manage("migrate", "--verbosity", "0")
        if cluster.nodes():
            server.manage("distribute", "--shards", str(cluster.SHARDS))
        server.key = server.manage(
            "create_account", "--email", "a@example.com", "--company", "Acme"
        ).strip()
        server.environment |= settings or {}
        server.stderr = stderr
        server.start()
        try:
            yield server
        finally:
            if server.process and server.process.poll() is None:
                server.stop()
