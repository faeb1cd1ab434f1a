"""Timeouts are settings of the role: they hold in every new session, however it is reached."""

from collections.abc import Iterator
from contextlib import closing
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from psycopg2 import errors

from traitly.db.timeouts import found, set_timeouts, slow_statements, wanted


def _new_session(statement: str) -> str:
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute(statement)
        text: str = cursor.fetchone()[0]
    return text


@pytest.fixture
def a_tenth_of_a_second(settings, transactional_db: None) -> Iterator[None]:
    before = settings.STATEMENT_TIMEOUT_MS
    settings.STATEMENT_TIMEOUT_MS = 100
    assert set_timeouts()
    yield
    settings.STATEMENT_TIMEOUT_MS = before
    connection.close()
    assert set_timeouts()
    connection.close()


@pytest.mark.django_db
def test_migrate_sets_them_for_new_sessions_and_nothing_is_asked_for_at_start_up(settings) -> None:
    assert _new_session("SHOW statement_timeout") == f"{settings.STATEMENT_TIMEOUT_MS // 1000}s"
    assert _new_session("SHOW lock_timeout") == f"{settings.LOCK_TIMEOUT_MS // 1000}s"
    assert "options" not in connection.get_connection_params()


@pytest.mark.usefixtures("a_tenth_of_a_second")
def test_a_statement_that_takes_longer_is_cancelled() -> None:
    with pytest.raises(OperationalError) as failure:
        _new_session("SELECT pg_sleep(10)::text")
    assert isinstance(failure.value.__cause__, errors.QueryCanceled)


@pytest.mark.usefixtures("a_tenth_of_a_second")
def test_slow_statements_may_take_longer_within_their_transaction() -> None:
    connection.close()  # the next session has the tenth of a second
    with slow_statements(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.3)")
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("100ms",)


@pytest.mark.usefixtures("a_tenth_of_a_second")
def test_what_is_set_is_not_set_again() -> None:
    connection.close()
    assert found() == wanted()
    assert not set_timeouts()


@pytest.mark.django_db
def test_the_check_says_where_they_are_missing(settings) -> None:
    settings.STATEMENT_TIMEOUT_MS = 1234
    said = StringIO()
    call_command("check", databases=["default"], stderr=said)

    assert "traitly.W002" in said.getvalue()
    assert "instead of 1234 ms" in said.getvalue()
