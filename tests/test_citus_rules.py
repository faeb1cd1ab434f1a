"""The rules that keep the way to Citus open, held without Citus: docs/scale.md."""

import pytest
from django.db import connection

from accounts.models import account_owned_models

pytestmark = pytest.mark.django_db


def tables() -> set[str]:
    return {model._meta.db_table for model in account_owned_models()}


def ask(statement: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(tables())])
        rows: list[tuple[str, ...]] = cursor.fetchall()
    return rows


def test_there_are_tables_to_look_at() -> None:
    assert {"customers_customer", "customers_change", "events_event", "feed_erasure"} <= tables()


def test_every_constraint_of_an_accounts_data_begins_with_the_account() -> None:
    found = ask("""
        SELECT conrelid::regclass::text, conname, (
            SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]
        ) FROM pg_constraint WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('p', 'u', 'x')
    """)
    assert {table for table, _, _ in found} == tables()
    assert [each for each in found if each[2] != "account_id"] == []


def test_every_index_of_an_accounts_data_begins_with_the_account() -> None:
    found = ask("""
        SELECT indexrelid::regclass::text, (
            SELECT attname FROM pg_attribute WHERE attrelid = indrelid AND attnum = indkey[0]
        ) FROM pg_index WHERE indrelid = ANY(%s::regclass[])
    """)
    assert len(found) >= len(tables())
    assert [each for each in found if each[1] != "account_id"] == []


def test_an_accounts_data_has_no_foreign_keys() -> None:
    assert (
        ask(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND %s::regclass[] && ARRAY[conrelid, confrelid]::regclass[]"
        )
        == []
    )


def test_an_accounts_data_has_no_triggers() -> None:
    assert (
        ask(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = ANY(%s::regclass[]) AND tgname NOT LIKE 'truncate_trigger%%'"
        )
        == []
    )


def test_the_database_makes_no_ids_of_an_accounts_data() -> None:
    found = ask("""
        SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE attrelid = ANY(%s::regclass[])
        AND (attidentity <> '' OR atthasdef) AND attnum > 0
    """)
    assert found == []
