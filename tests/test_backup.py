"""``manage.py backup`` and ``restore``, into an empty server of its own; compared by checksum."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, fresh_database

pytestmark = pytest.mark.slow

FILL = """
import json
from accounts.models import Account
from customers.services import upsert_customers
from django.contrib.sessions.models import Session
from django.utils import timezone
from tests.client import Api
from accounts.services import create_key
account = Account.objects.get()
api = Api(create_key(account=account, name="Second").key)
settings = __import__("django.conf").conf.settings
settings.ALLOWED_HOSTS = ["testserver"]
for number in range(50):
    assert api.post("customer", {"customer_id": f"c{number}", "name": "Zoë \\\\ 'x'", "email": "z@example.com",
                                 "plan": "x", "custom_attributes": {"n": number}}).status == 201
    assert api.post("event", [{"customer_id": f"c{number}", "name": "In"}, {}]).status == 207
Session.objects.create(session_key="secret-session", session_data="x", expire_date=timezone.now())
"""
# A line for each table, and for each sequence: its name and the checksum of all that it holds.
CHECKSUMS = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')")
    for name, kind in sorted(cursor.fetchall()):
        column = "last_value::text" if kind == "S" else "each::text"
        cursor.execute(f"SELECT count(*), md5(coalesce(string_agg({column}, E'\\n' ORDER BY {column}), '')) FROM {name} AS each")
        print(name, *cursor.fetchone())
"""


def manage(environment: dict[str, str], *arguments: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def shell(environment: dict[str, str], program: str) -> str:
    return manage(environment, "shell", "-v", "0", "-c", program)


def test_a_backup_restored_into_an_empty_server_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "traitly.dump"
    with fresh_database(tmp_path / "old") as old, fresh_database(tmp_path / "new") as new:
        manage(old, "migrate", "--verbosity", "0")
        manage(old, "create_account", "--email", "a@example.com", "--company", "Acme")
        shell(old, FILL)
        manage(old, "backup", str(file))
        before = shell(old, CHECKSUMS).splitlines()

        manage(new, "restore", str(file))
        manage(new, "migrate", "--check")
        after = shell(new, CHECKSUMS).splitlines()
        refused = manage(new, "restore", str(file), status=1)

    changed = {line.split()[0] for line in set(before) ^ set(after)}
    assert len(before) > 20
    assert changed == {"django_session"}
    assert "events_event 50 " in "\n".join(after)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is not empty" in refused
    assert b"secret-session" not in file.read_bytes()


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": "postgres://127.0.0.1:1/none",
        "TRAITLY_DATA_DIR": str(tmp_path),
    }
    manage(environment, "backup", str(tmp_path / "dump"), status=1)

    assert not [path for path in tmp_path.iterdir() if path.name.startswith("dump")]


def test_a_file_that_is_cut_off_restores_nothing(tmp_path: Path) -> None:
    file = tmp_path / "traitly.dump"
    with fresh_database(tmp_path / "old") as old, fresh_database(tmp_path / "new") as new:
        manage(old, "migrate", "--verbosity", "0")
        manage(old, "backup", str(file))
        file.write_bytes(file.read_bytes()[:-20_000])
        assert "nothing was" in manage(new, "restore", str(file), status=1)
        assert "rejections_rejection" not in shell(new, CHECKSUMS)


@pytest.mark.django_db
def test_a_file_is_read_by_the_newest_program(monkeypatch):
    """It may be of the embedded PostgreSQL, which is newer than the server."""
    from traitly.postgres import dump

    monkeypatch.setattr(dump, "_server_major", lambda: 15)
    monkeypatch.setattr(dump, "_candidates", lambda name: [f"/18/{name}", f"/15/{name}"])
    monkeypatch.setattr(dump, "_major", lambda program: int(program.split("/")[1]))

    assert dump._program("pg_restore", newest=True) == "/18/pg_restore"
    assert dump._program("pg_dump") == "/15/pg_dump"


@pytest.mark.django_db
def test_programs_that_are_older_than_the_server_are_not_taken(monkeypatch):
    from traitly.postgres import dump

    monkeypatch.setattr(dump, "_major", lambda _program: 9)
    with pytest.raises(dump.DumpError, match="or later is needed"):
        dump._program("pg_dump")
