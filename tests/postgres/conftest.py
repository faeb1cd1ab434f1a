"""Data folders, each for one test."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.postgres.processes import USER, Start, User, wait_until_stopped

# A dozen databases are made, copied and removed: in memory where there is a GB of it, so that a
# busy disk costs no time.
MEMORY = Path("/dev/shm")
PLACE = MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 1024**3 else None


@pytest.fixture
def empty_data_dir() -> Iterator[Path]:
    # Not tmp_path: pytest keeps those of three runs, here of 50 MB a test, and a socket needs a
    # short path.
    with TemporaryDirectory(dir=PLACE) as folder:
        yield Path(folder)
        wait_until_stopped(Path(folder))


@pytest.fixture(scope="session")
def used_data_dir() -> Iterator[Path]:
    """A data folder whose server has run before: to make one takes a second."""
    with TemporaryDirectory(dir=PLACE) as folder:
        data_dir = Path(folder)
        user = User(data_dir)
        assert user.response() == "connected"
        user.end()
        wait_until_stopped(data_dir)
        yield data_dir


@pytest.fixture
def data_dir(used_data_dir: Path) -> Iterator[Path]:
    """What most tests use, one after the other."""
    yield used_data_dir
    wait_until_stopped(used_data_dir)


@pytest.fixture
def own_data_dir(used_data_dir: Path, empty_data_dir: Path) -> Path:
    """For those that damage it."""
    subprocess.run(["cp", "-a", used_data_dir / "postgres", empty_data_dir], check=True)
    return empty_data_dir


@pytest.fixture
def start(
    data_dir: Path, empty_data_dir: Path
) -> Iterator[Start]:  # after them, so that users end before they do
    """Start a user, who is killed at the end of the test at the latest."""
    users: list[User] = []

    def start_user(data_dir: Path, program: str = USER) -> User:
        users.append(User(data_dir, program))
        assert users[-1].response() == "connected"
        return users[-1]

    yield start_user
    for user in users:
        user.kill()
