"""Data folders, each for one test."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres.processes import USER, Start, User, wait_until_stopped


@pytest.fixture
def empty_data_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    wait_until_stopped(tmp_path)


@pytest.fixture(scope="session")
def used_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server has run before, to be copied: to make one takes a second."""
    data_dir = tmp_path_factory.mktemp("used")
    user = User(data_dir)
    assert user.answer() == "connected"
    user.end()
    wait_until_stopped(data_dir)
    return data_dir


@pytest.fixture
def data_dir(used_data_dir: Path, empty_data_dir: Path) -> Path:
    subprocess.run(["cp", "-a", used_data_dir / "postgres", empty_data_dir], check=True)
    return empty_data_dir


@pytest.fixture
def start(empty_data_dir: Path) -> Iterator[Start]:
    """Start a user, who is killed at the end of the test at the latest."""
    users: list[User] = []

    def start_user(data_dir: Path, program: str = USER) -> User:
        users.append(User(data_dir, program))
        assert users[-1].answer() == "connected"
        return users[-1]

    yield start_user
    for user in users:
        user.kill()
