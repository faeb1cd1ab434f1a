import datetime
import json
import threading
import time
import uuid
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.utils import timezone

from feed.models import Worker
from feed.recording import heartbeat
from traitly.db.probe import Probe
from traitly.http import health


@pytest.fixture
def away(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_args: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "ensure_connection", refuse)
        yield


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/health", "/health/live"])
def test_health_is_ok_whatever_the_host(client: Client, address: str) -> None:
    response = client.get(address, headers={"Host": "10.0.0.7:8000"})
    assert (response.status_code, response.content) == (HTTPStatus.OK, b"ok\n")


@pytest.mark.django_db
def test_ready_says_what_is(client: Client) -> None:
    response = client.get("/health/ready", headers={"Host": "10.0.0.7:8000"})
    assert response.status_code == HTTPStatus.OK
    assert (response.json()["database"], response.json()["migrations"]) == ("ok", "ok")


@pytest.mark.django_db(transaction=True)
def test_ready_tells_of_the_worker_and_does_not_depend_on_it(client: Client) -> None:
    def state() -> str:
        response = client.get("/health/ready")
        assert response.status_code == HTTPStatus.OK
        return str(response.json()["worker"])

    worker, began = uuid.uuid4(), timezone.now()
    assert state().startswith("none has run yet")
    heartbeat(worker, began)
    assert state() == "ok"
    Worker.objects.update(seen_at=timezone.now() - datetime.timedelta(seconds=90))
    assert state() == "not heard of for 90 s"


@pytest.mark.usefixtures("away")
def test_without_a_database_it_lives_but_is_not_ready(client: Client) -> None:
    assert client.get("/health").status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert client.get("/health/live").status_code == HTTPStatus.OK
    response = client.get("/health/ready")
    assert (response.status_code, json.loads(response.content)) == (503, {"database": "away"})


@pytest.mark.django_db
def test_it_is_not_ready_before_every_migration_is_applied(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = health._migrations()
    monkeypatch.setattr(health, "_migrations", lambda: known | {("events", "9999_of_tomorrow")})

    response = client.get("/health/ready")

    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json()["migrations"] == "1 not applied: run manage.py migrate"


def test_a_database_that_hangs_costs_one_thread_however_many_ask(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        assert hangs.wait(30)

    monkeypatch.setattr(health, "_database", Probe(ask))
    begin = time.monotonic()
    threads = [threading.Thread(target=client.get, args=("/health",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("/health").status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert time.monotonic() - begin < 5
    hangs.set()

    assert len(asked) == 1


def test_only_health_takes_any_host(client: Client) -> None:
    for address in ("/healthy", "/admin/", "/api/v1/event"):
        assert (
            client.get(address, headers={"Host": "10.0.0.7"}).status_code == HTTPStatus.BAD_REQUEST
        )
