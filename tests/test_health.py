from http import HTTPStatus

import pytest
from django.db import DatabaseError, connection
from django.test import Client


@pytest.mark.django_db
def test_health_is_ok_whatever_the_host(client: Client) -> None:
    answer = client.get("/health", headers={"Host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.content) == (HTTPStatus.OK, b"ok\n")


def test_health_is_503_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(connection, "cursor", away)
    assert client.get("/health").status_code == HTTPStatus.SERVICE_UNAVAILABLE


def test_only_health_takes_any_host(client: Client) -> None:
    for address in ("/healthy", "/admin/", "/api/v1/event"):
        assert client.get(address, headers={"Host": "10.0.0.7"}).status_code == HTTPStatus.BAD_REQUEST
