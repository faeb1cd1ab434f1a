"""Who is measured: how each one's tables, account and key are made, and how it is served."""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import workloads
from benchmarks.processes import ROOT

PREPARE_SECONDS = 300
DRF = {"DJANGO_SETTINGS_MODULE": "benchmarks.baselines.drf.settings"}


@dataclass(frozen=True, eq=False)
class Contestant:
    """A server for the same requests.

    ``prepare`` are commands that make the tables, an account and, printed by the last one as its
    last word, its key; ``more_accounts`` is one that makes as many as its last argument says, in
    the order of their ids, and prints their keys. ``serve`` is the server's command; ``{port}``
    stands for the port. ``accounts`` selects the accounts' ids. ``also_fill`` are statements that
    make what its tables have beside the rows that all have. One that ``answers_constant`` stores
    nothing: it shows what the workers alone can do. All commands run in ``folder``.
    """

    name: str
    title: str
    prepare: Sequence[Sequence[str]]
    serve: Sequence[str]
    accounts: str
    more_accounts: Sequence[str] = ()
    also_fill: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    answers_constant: bool = False
    folder: Path = ROOT

    def make(self, environment: Mapping[str, str]) -> list[str]:
        """Make tables, account and key in an empty database; the key."""
        output = [""]
        for command in self.prepare:
            output = self._run(command, environment)
        return output[-1:]

    def make_accounts(self, environment: Mapping[str, str], number: int) -> list[str]:
        """Make tables and several accounts in an empty database; their keys."""
        if not self.more_accounts:
            raise NotImplementedError(f"{self.title} has no command that makes {number} accounts")
        return self.make(environment) + self._run(
            [*self.more_accounts, str(number - 1)], environment
        )

    def variables(self, database_url: str, folder: Path) -> dict[str, str]:
        """The environment of its processes; ``folder`` is for files that it keeps."""
        return {
            "DATABASE_URL": database_url,
            "TRAITLY_DATA_DIR": str(folder),
            "DJANGO_SUPERUSER_PASSWORD": secrets.token_urlsafe(),
            **self.environment,
        }

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """Run a command; the words that it prints."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=PREPARE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(
                f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}"
            )
        return done.stdout.split()


def _django(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "django", *arguments]


def _gunicorn(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:{port}", *arguments]


def _drf(name: str, title: str, *workers: str) -> Contestant:
    return Contestant(
        name=name,
        title=title,
        environment=DRF,
        prepare=[
            _django("migrate"),
            _django(
                "createsuperuser",
                "--noinput",
                "--username=benchmark",
                "--email=benchmark@example.com",
            ),
            _django("shell", "--no-imports", "-c", DRF_KEY),
        ],
        serve=_gunicorn(*workers, "benchmarks.baselines.drf.wsgi"),
        accounts="SELECT id FROM auth_user",
    )


def _fastapi(name: str, title: str, **environment: str) -> Contestant:
    return Contestant(
        name=name,
        title=title,
        environment=environment,
        prepare=[[sys.executable, "-m", "benchmarks.baselines.fastapi_asyncpg"]],
        serve=[
            *(
                sys.executable,
                "-m",
                "uvicorn",
                "benchmarks.baselines.fastapi_asyncpg:app",
                "--workers=2",
            ),
            *("--host=127.0.0.1", "--port={port}", "--loop=uvloop", "--http=httptools"),
            *("--no-access-log", "--log-level=warning"),
        ],
        accounts="SELECT id FROM account",
    )


DRF_KEY = """
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
print(Token.objects.create(user=User.objects.get()).key)
"""

TRAITLY = Contestant(
    name="traitly",
    title="Traitly",
    prepare=[
        [sys.executable, "manage.py", "migrate"],
        [
            sys.executable,
            "manage.py",
            "create_account",
            "--email=benchmark@example.com",
            "--company=Benchmark",
        ],
    ],
    serve=_gunicorn("--config=gunicorn.conf.py", "traitly.wsgi"),
    accounts="SELECT id FROM accounts_account ORDER BY id",
    more_accounts=[sys.executable, "-m", "benchmarks.many_accounts"],
    also_fill=[workloads.FILL_CHANGES],
)


def beside(folder: Path) -> Contestant:
    """Another checkout of Traitly, an older one for example, in the same run and with the same packages."""
    if not (folder / "manage.py").exists():
        raise SystemExit(f"{folder} has no manage.py: it is no checkout of Traitly")
    has_changes = (folder / "feed").exists()  # the table that FILL_CHANGES fills
    return replace(
        TRAITLY,
        name="beside",
        title=f"Traitly at {_revision(folder)}",
        folder=folder,
        also_fill=TRAITLY.also_fill if has_changes else [],
    )


def _revision(folder: Path) -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip() or folder.name


CONTESTANTS = (
    TRAITLY,
    _drf("drf", "DRF, gunicorn sync x 4", "--workers=4"),
    _drf(
        "drf-gthread",
        "DRF, gunicorn gthread 2 x 8",
        "--worker-class=gthread",
        "--workers=2",
        "--threads=8",
    ),
    _fastapi("fastapi", "FastAPI + asyncpg, uvicorn x 2"),
    _fastapi("fastapi-cached", "FastAPI + asyncpg, keys remembered for 5 s", KEY_CACHE_SECONDS="5"),
)
CONSTANTS = (
    Contestant(
        name="constant",
        title="gunicorn as Traitly's, a constant",
        prepare=[],
        serve=_gunicorn("--config=gunicorn.conf.py", "benchmarks.constant"),
        accounts=TRAITLY.accounts,
        answers_constant=True,
    ),
    Contestant(
        name="constant-drf",
        title="gunicorn as Traitly's, a constant from an authenticated view",
        environment={"DJANGO_SETTINGS_MODULE": "benchmarks.constant.settings"},
        prepare=[],
        serve=TRAITLY.serve,
        accounts=TRAITLY.accounts,
        answers_constant=True,
    ),
)
