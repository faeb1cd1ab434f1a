"""A real server and a proxy that breaks requests: ``python -m tests.clients`` starts both and says where they are."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from traitly import Traitly


class Faults:
    """The proxy's controls; see ``tests/clients/faults.py`` of the project."""

    def __init__(self, url: str) -> None:
        self.url = url

    def queue(self, *faults: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_faults", json=faults)

    def status(self, status: int, times: int = 1, body: str = "", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.queue(*[{"fault": "status", "status": status, "headers": named, "body": body}] * times)

    @property
    def requests(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = httpx.get(f"{self.url}/_requests").json()
        return found

    def forget(self) -> None:
        httpx.delete(f"{self.url}/_requests")


@pytest.fixture(scope="session")
def url() -> str:
    return os.environ["TRAITLY_TEST_URL"]


@pytest.fixture(scope="session")
def key() -> str:
    return os.environ["TRAITLY_TEST_KEY"]


@pytest.fixture
def faults() -> Iterator[Faults]:
    proxy = Faults(os.environ["TRAITLY_TEST_PROXY"])
    proxy.forget()
    yield proxy
    proxy.forget()


@pytest.fixture
def traitly(faults: Faults, key: str) -> Iterator[Traitly]:
    """A client whose requests go through the proxy."""
    with Traitly(url=faults.url, key=key, timeout=5) as client:
        yield client


@pytest.fixture
def direct(url: str, key: str) -> Iterator[Traitly]:
    """A client whose requests do not."""
    with Traitly(url=url, key=key) as client:
        yield client


@pytest.fixture
def customer_id() -> str:
    """Of a customer that no other test knows."""
    return f"c-{uuid.uuid4().hex}"


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts a tenth as long; those that Retry-After asks for stay."""
    monkeypatch.setattr("traitly._backoff.FIRST_WAIT", 0.025)
    monkeypatch.setattr("traitly._backoff.MAX_WAIT", 0.5)
