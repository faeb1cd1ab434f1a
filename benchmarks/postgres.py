"""The PostgreSQL that everything is measured on: one server for a whole run, one database for each contestant."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  a class, whatever its case

from traitly.postgres import server

BINARIES = server.program("postgres").parent
USER = "benchmark"
START_SECONDS = 60
STOP_SECONDS = 120


def settings(port: int) -> dict[str, str]:
    """What differs from PostgreSQL's defaults. Durability is spelled out because a figure without it means nothing."""
    memory = psutil.virtual_memory().total
    return {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "400",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        # A quarter of the memory is PostgreSQL's own advice; the databases of all contestants share
        # it.
        "shared_buffers": f"{min(memory // 4, 4 * 2**30) // 2**20}MB",
        # Checkpoints come between the runs, where the harness asks for them, and seldom inside one.
        "max_wal_size": "8GB",
        "checkpoint_timeout": "30min",
        "random_page_cost": "1.1",
    }


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Postgres:
    """A PostgreSQL server of its own folder, port and password, from ``with`` to the end of it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.settings = settings(self.port)
        self._password = secrets.token_urlsafe(16)
        self._folder = Path(tempfile.mkdtemp(prefix="traitly-benchmark-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def url(self, database: str) -> str:
        """What DATABASE_URL says for ``database``."""
        return f"postgres://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def environment(self, database: str) -> dict[str, str]:
        """The variables by which libpq's programs (pgbench) find ``database``."""
        return os.environ | {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": USER,
            "PGPASSWORD": self._password,
            "PGDATABASE": database,
        }

    def connect(self, database: str) -> Connection:
        """A connection in autocommit."""
        connection = psycopg2.connect(
            self.url(database),
            connect_timeout=10,
            options="-c statement_timeout=0",  # filling takes minutes
        )
        connection.autocommit = True
        return connection

    def run(
        self, database: str, *statements: str, parameters: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """Run the statements outside of a transaction; the rows of the last one."""
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    @property
    def process(self) -> psutil.Process:
        """The postmaster; its tree is everything that PostgreSQL runs."""
        if self._process is None:
            raise RuntimeError("PostgreSQL is not running")
        return psutil.Process(self._process.pid)

    @property
    def filesystem(self) -> str:
        """Type of the file system under the data folder: on tmpfs an fsync costs nothing."""
        parts = [
            part
            for part in psutil.disk_partitions(all=True)
            if self._folder.is_relative_to(part.mountpoint)
        ]
        return max(parts, key=lambda part: len(part.mountpoint)).fstype if parts else "unknown"

    def _start(self) -> None:
        data, log = self._folder / "data", self._folder / "log"
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = _unprivileged_user()
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            for path in (self._folder, password_file):
                os.chown(path, user.pw_uid, user.pw_gid)
        initdb = [
            str(BINARIES / "initdb"),
            "-D",
            str(data),
            "-U",
            USER,
            "--pwfile",
            str(password_file),
        ]
        subprocess.run(
            [*initdb, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
            cwd=self._folder,
            **identity,
        )
        options = [
            part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")
        ]
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [str(BINARIES / "postgres"), "-D", str(data), *options],
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                # Ctrl-C reaches the harness alone, which then stops the server in order
                start_new_session=True,
                **identity,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect("postgres").close()
            except psycopg2.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(
                        f"PostgreSQL did not start:\n{log.read_text()[-2000:]}"
                    ) from None
                time.sleep(0.1)
            else:
                return

    def _stop(self) -> None:
        if self._process is not None:
            for stop in (
                signal.SIGINT,
                signal.SIGQUIT,
                signal.SIGKILL,
            ):  # fast, immediate, by force
                self._process.send_signal(stop)
                try:
                    self._process.wait(STOP_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    continue
        shutil.rmtree(self._folder, ignore_errors=True)


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
    )
