"""Backups with PostgreSQL's own pg_dump and pg_restore."""

import itertools
import os
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg2.extensions import make_dsn

# A backup contains these tables, but empty: a stolen one has no valid sessions or codes.
_LEFT_EMPTY = ("django_session", "django_cache", "accounts_keywindow", "accounts_dailyusage")
# A newer pg_restore starts with a setting that older servers do not know.
_SETTINGS_LINES = 30
_SETTING, _KNOWN_SINCE = b"SET transaction_timeout = 0;\n", 17
_NOT_LIBPQ = {"cursor_factory", "client_encoding"}


class DumpError(Exception):
    """The message says what is missing, or what PostgreSQL reported."""


def backup(file: Path) -> None:
    """Write the database to a new file that only its owner can read. On a ``DumpError`` there is no file."""
    part = file.with_name(f"{file.name}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        excluded = [f"--exclude-table-data=public.{table}" for table in _LEFT_EMPTY]
        _run(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            *excluded,
            f"--file={part}",
        )
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def restore(file: Path) -> None:
    """Fill an empty database from a ``backup`` file, all or nothing. ``DumpError``, also if it is not empty."""
    if tables := connection.introspection.table_names():
        name = connection.settings_dict["NAME"]
        raise DumpError(
            f"The database {name} is not empty: it has {len(tables)} tables. Restore into a new one."
        )
    reader = [
        _program("pg_restore", newest=True),
        "--no-owner",
        "--no-privileges",
        "--file=-",
        str(file),
    ]
    dsn, environment = _target()
    writer = [
        _program("psql"),
        "--no-psqlrc",
        "--quiet",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        dsn,
    ]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(reader, stdout=pipe, stderr=pipe) as read,
        subprocess.Popen(
            writer, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe, env=environment
        ) as write,
    ):
        assert read.stdout
        assert write.stdin
        with suppress(BrokenPipeError):
            for line in itertools.islice(read.stdout, _SETTINGS_LINES):
                if line != _SETTING or _server_major() >= _KNOWN_SINCE:
                    write.stdin.write(line)
            shutil.copyfileobj(read.stdout, write.stdin)
        if read.wait():
            write.kill()  # at the end of its input, it would commit
        said = [process.communicate()[1].decode().strip() for process in (read, write)]
    if read.returncode or write.returncode:
        raise DumpError(
            f"The backup could not be restored, and nothing was changed: {' '.join(filter(None, said))}"
        )


def _run(name: str, *arguments: str) -> None:
    dsn, environment = _target()
    done = subprocess.run(
        [_program(name), f"--dbname={dsn}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DumpError(f"{name}: {done.stderr.strip()}")


def _target() -> tuple[str, dict[str, str]]:
    """The database, as PostgreSQL's programs take it: and their environment, which has the password.

    Everyone on the machine can read a command line.
    """
    params: dict[str, Any] = connection.get_connection_params()
    password = str(params.pop("password", ""))
    dsn = make_dsn(**{key: value for key, value in params.items() if key not in _NOT_LIBPQ})
    return dsn, {**os.environ, **({"PGPASSWORD": password} if password else {})}


def _program(name: str, *, newest: bool = False) -> str:
    """The oldest available version that is not older than the server; an older one would refuse it.

    ``newest``: the newest version, to read files, which may come from a newer PostgreSQL than the
    server.
    """
    needed = _server_major()
    found = {_major(path): path for path in reversed(_candidates(name)) if _major(path) >= needed}
    if not found:
        raise DumpError(
            f"{name} of PostgreSQL {needed} or later is needed: install its client programs."
        )
    return found[max(found) if newest else min(found)]


def _server_major() -> int:
    connection.ensure_connection()
    version: int = connection.connection.server_version
    return version // 10_000


def _candidates(name: str) -> list[str]:
    """Candidates on the PATH, and the embedded PostgreSQL's."""
    from traitly.postgres import server  # noqa: PLC0415  not on Windows

    paths = [shutil.which(name)]
    with suppress(server.ServerError):
        paths.append(str(server.program(name)))
    return [path for path in paths if path]


def _major(program: str) -> int:
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0
