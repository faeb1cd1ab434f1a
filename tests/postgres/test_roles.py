"""Who may connect to the embedded server, and what the application may do there."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.postgres.processes import USER, Start, User, wait_until_stopped
from traitly.postgres import roles, server

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="looks for processes in Linux's /proc"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="what only root has to do")


WITHOUT_ROLE = (
    "ALTER DATABASE traitly OWNER TO postgres\nDROP OWNED BY traitly\nDROP ROLE traitly\n"
)


def _single_user(data_dir: Path, database: str, statements: str) -> None:
    """Run statements as the superuser while the server does not run."""
    owner = (data_dir / "postgres").stat()
    data_dir.chmod(0o711)  # of root's, for the server's user to pass
    done = subprocess.run(
        [server.program("postgres"), "--single", "-D", data_dir / "postgres", database],
        input=statements,
        capture_output=True,
        text=True,
        check=True,
        user=owner.st_uid if os.geteuid() == 0 else None,
        group=owner.st_gid if os.geteuid() == 0 else None,
        cwd=data_dir / "postgres",
    )
    assert "ERROR" not in done.stderr


def test_the_application_is_no_superuser(start: Start, data_dir: Path) -> None:
    user = start(data_dir)

    assert user.run("SELECT current_user") == roles.USER
    assert user.run(
        "SELECT rolsuper OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = current_user"
    ) == ("False")
    assert (
        user.run(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        )
        == roles.USER
    )
    assert user.run("SELECT pg_has_role('pg_read_all_stats', 'USAGE')") == "True"


@as_root
def test_a_process_of_the_servers_own_system_user_is_not_let_in(
    start: Start, data_dir: Path
) -> None:
    user = start(data_dir)
    socket_dir = user.run("SELECT trim(BOTH '\"' FROM current_setting('unix_socket_directories'))")
    owner = (data_dir / "postgres").stat()
    for role in (roles.USER, roles.SUPERUSER):
        psql = [
            str(server.program("psql")),
            f"--host={socket_dir}",
            f"--username={role}",
            "--command=SELECT 1",
            "postgres",
        ]
        stranger = subprocess.run(
            psql,
            user=owner.st_uid,
            group=owner.st_gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        root = subprocess.run(psql, capture_output=True, text=True, check=False)
        assert "Peer authentication failed" in stranger.stderr
        assert root.returncode == 0
    user.end()


# The application was the superuser, and there was no postgres.hba.
OLDER = USER.replace(
    "def connect", "roles.USER, roles.ADOPTION = roles.SUPERUSER, {}\n\ndef connect", 1
)
IMPATIENT = USER.replace("def connect", "server.OLDER_VERSION_TIMEOUT = 1\n\ndef connect", 1)


@pytest.fixture
def older(start: Start, own_data_dir: Path) -> User:
    """A user of an older version, whose server runs."""
    _single_user(own_data_dir, "traitly", WITHOUT_ROLE)
    user = start(own_data_dir, OLDER)
    (own_data_dir / "postgres.hba").unlink()
    return user


def test_a_server_that_an_older_version_has_just_left_is_outlasted(
    older: User, own_data_dir: Path
) -> None:
    """Its role does not exist there, and whoever uses the server keeps it from being stopped."""
    newer = User(own_data_dir)
    time.sleep(1)
    older.end()

    assert newer.response() == "connected"
    assert newer.run("SELECT current_user") == roles.USER
    newer.end()
    wait_until_stopped(own_data_dir)


def test_an_older_version_that_still_runs_is_named(older: User, own_data_dir: Path) -> None:
    newer = User(own_data_dir, IMPATIENT)

    assert "An older version of Traitly still uses the PostgreSQL in" in newer.response()
    assert older.run("SELECT 1") == "1"
    newer.end()
    older.end()
    wait_until_stopped(own_data_dir)


def test_a_data_folder_of_a_version_that_was_superuser_is_taken_over(
    start: Start, own_data_dir: Path
) -> None:
    _single_user(
        own_data_dir,
        "traitly",
        f"{WITHOUT_ROLE}"
        "CREATE TABLE old (id bigint GENERATED ALWAYS AS IDENTITY, serial bigserial, text text)\n"
        "INSERT INTO old (text) VALUES ('kept')\n"
        "CREATE VIEW seen AS SELECT * FROM old\n",
    )
    user = start(own_data_dir)

    assert user.run("SELECT text FROM old") == "kept"
    assert user.run("ALTER TABLE old ADD COLUMN more text") == "done"
    assert (
        user.run(
            "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ',') FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace"
        )
        == roles.USER
    )
    user.end()
    wait_until_stopped(own_data_dir)
