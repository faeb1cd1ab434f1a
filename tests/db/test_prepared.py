"""traitly.db.prepared: statements that are prepared, and all that may be in the way of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.cluster import PLAIN_ONLY
from traitly.db import prepared
from traitly.db.prepared import Prepared

pytestmark = [pytest.mark.django_db(transaction=True), PLAIN_ONLY]

DOUBLE = "SELECT %s::int * 2"


@pytest.fixture(autouse=True)
def _own_connection() -> Iterator[None]:
    """Nothing that another test has prepared."""
    connection.close()
    yield
    connection.close()


def ask(statement: str, parameters: Any) -> tuple[Any, list[str]]:
    """The statement's one value, and what was sent for it."""
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        Prepared(statement).execute(cursor, parameters)
        (value,) = cursor.fetchone()
    return value, [query["sql"].split()[0] for query in queries]


def forget() -> None:
    """As if this process had prepared nothing: another one has, over a pooler's connection."""
    prepared._prepared.clear()


def test_a_statement_is_prepared_once():
    assert ask(DOUBLE, [1]) == (2, ["PREPARE"])
    assert ask(DOUBLE, [2]) == (4, ["EXECUTE"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (1,)


def test_each_connection_has_its_own():
    ask(DOUBLE, [1])
    connection.close()
    assert ask(DOUBLE, [2]) == (4, ["PREPARE"])


def test_a_name_that_stands_twice_is_one_parameter():
    statement = "SELECT %(text)s::text || %(number)s::int %% 4 || %(text)s::text || '%%(text)s'"
    expected = "a1a%(text)s"
    assert ask(statement, {"number": 5, "text": "a", "more": 0})[0] == expected
    assert ask(statement, {"number": 5, "text": "a", "more": 0}) == (expected, ["EXECUTE"])


def test_values_are_quoted():
    text = "'); DROP TABLE events_event; -- %s \\ é \""
    assert ask("SELECT %s::text", [text])[0] == text
    assert ask("SELECT %s::text", [text])[0] == text


def test_within_a_transaction_it_is_sent_as_it_is():
    ask(DOUBLE, [1])
    with transaction.atomic():
        assert ask(DOUBLE, [2]) == (4, ["SELECT"])


def test_one_that_is_not_there_any_more_is_sent_as_it_is_and_prepared_again():
    ask(DOUBLE, [1])
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    assert ask(DOUBLE, [2]) == (4, ["EXECUTE", "SELECT"])
    assert ask(DOUBLE, [3]) == (6, ["PREPARE"])


def test_one_that_another_process_has_prepared_is_sent_as_it_is():
    ask(DOUBLE, [1])
    forget()
    assert ask(DOUBLE, [2]) == (4, ["PREPARE", "SELECT"])
    assert ask(DOUBLE, [3]) == (6, ["EXECUTE"])


def test_one_whose_columns_a_migration_has_changed_is_sent_as_it_is():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE thing (value) AS SELECT 1")
    ask("SELECT * FROM thing WHERE value = %s", [1])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE thing ALTER value TYPE numeric")

    assert ask("SELECT * FROM thing WHERE value = %s", [1]) == (
        1,
        ["EXECUTE", "DEALLOCATE", "SELECT"],
    )
    assert ask("SELECT * FROM thing WHERE value = %s", [1]) == (1, ["PREPARE"])


def test_its_own_error_is_raised_and_does_not_end_it():
    statement = "SELECT 2 / %s::int"
    for _ in range(2):
        with pytest.raises(DataError, match="division by zero"):
            ask(statement, [0])
    assert ask(statement, [1]) == (2, ["EXECUTE"])


def test_a_connection_keeps_so_many_and_no_more(monkeypatch):
    monkeypatch.setattr(prepared, "_MAX_PREPARED", 2)
    kinds = [ask(f"SELECT %s::int + {number}", [0])[1] for number in range(4)]
    assert kinds == [["PREPARE"], ["PREPARE"], ["SELECT"], ["SELECT"]]
    assert ask("SELECT %s::int + 1", [0]) == (1, ["EXECUTE"])


def test_it_can_be_turned_off(settings):
    settings.PREPARE_STATEMENTS = False
    assert ask(DOUBLE, [1]) == (2, ["SELECT"])
