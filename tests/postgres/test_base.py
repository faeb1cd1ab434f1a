"""Django on the embedded server: what its commands, tests and connections need, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres.processes import PROJECT

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="looks for processes in Linux's /proc"
)

DJANGO = """
import os, signal, sys
from pathlib import Path
import django
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

data_dir = Path(sys.argv[1])
settings.configure(
    DATABASES={"default": {"ENGINE": "traitly.postgres", "NAME": "traitly", "OPTIONS": {"data_dir": data_dir}}},
    INSTALLED_APPS=["django.contrib.contenttypes"],
    USE_TZ=True,
)
django.setup()

def count():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_content_type")
        return cursor.fetchone()[0]
"""


def run(data_dir: Path, program: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", DJANGO + program, data_dir],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    return result.stdout or result.stderr


def test_commands_work(data_dir: Path) -> None:
    program = """
call_command("migrate", verbosity=0)
call_command("flush", interactive=False, verbosity=0)
print(count())
"""
    assert run(data_dir, program) == "1\n"


def test_dbshell_is_the_wheels(data_dir: Path) -> None:
    program = """
call_command("dbshell", "--", "-A", "-t", "-c", "SELECT current_user, current_database()")
"""
    assert run(data_dir, program) == "traitly|traitly\n"


def test_test_databases_are_made_and_removed(data_dir: Path) -> None:
    program = """
connection.creation.create_test_db(verbosity=0)
print(connection.settings_dict["NAME"], count())
connection.creation.destroy_test_db("traitly", verbosity=0)
"""
    assert run(data_dir, program) == "test_traitly 1\n"


def test_a_new_connection_starts_a_dead_server_again(data_dir: Path) -> None:
    program = """
call_command("migrate", verbosity=0)
with connection.cursor() as cursor:
    os.kill(int((data_dir / "postgres/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
connection.close()
print(count())
"""
    assert run(data_dir, program) == "1\n"


def test_a_server_that_cannot_be_had_is_an_operational_error_with_the_reason(
    own_data_dir: Path,
) -> None:
    (own_data_dir / "postgres/PG_VERSION").write_text("17\n")
    program = """
try:
    count()
except OperationalError as error:
    print(error)
"""
    assert "was made by PostgreSQL 17" in run(own_data_dir, program)


def test_without_the_wheel_the_settings_are_at_fault(data_dir: Path) -> None:
    program = """
import importlib.util
importlib.util.find_spec = lambda name: None
count()
"""
    assert "ImproperlyConfigured: There is no database: install the embedded one" in run(
        data_dir, program
    )
