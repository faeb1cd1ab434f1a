"""The rules that keep the way to Citus open, held without Citus: docs/scale.md."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import Account
from customers.models import Customer
from events.queries import get_event
from tests import citus_rules
from tests.citus_rules import broken_rule, tables

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM customers_customer WHERE customer_id = %s",
        'SELECT * FROM "events_event" ORDER BY account_id',
        "DELETE FROM events_event WHERE account_id = 1 AND id IN (SELECT id FROM events_event WHERE name = 'x')",
        "UPDATE customers_change SET attributes = '{}'",
        "UPDATE customers_customer SET updated_at = now() WHERE account_id = 1",
        "INSERT INTO customers_change (account_id) SELECT 1 ON CONFLICT DO UPDATE SET attributes = to_jsonb(1)",
        "INSERT INTO events_event (id) VALUES (1)",
        "DELETE FROM events_event WHERE account_id = 1 RETURNING concat(id)",
        "SELECT FROM customers_customer JOIN customers_change USING (customer_id) WHERE customers_customer.account_id = 1",
    ],
)
def test_a_statement_that_breaks_a_rule_is_found(statement: str) -> None:
    assert broken_rule(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "SELECT * FROM accounts_account",
        "DELETE FROM events_event WHERE account_id = 1 RETURNING (SELECT concat(id))",
        'SELECT * FROM "events_event" WHERE "events_event"."account_id" = 1',
        "SELECT * FROM customers_customer JOIN customers_change USING (account_id, customer_id) WHERE account_id = 1",
        "UPDATE customers_customer SET name = trim_scale(%s)::text WHERE account_id = 1",
    ],
)
def test_a_statement_that_keeps_them_is_not(statement: str) -> None:
    assert broken_rule(statement) is None


def test_every_statement_of_the_suite_is_watched(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get_event(account_id=acme.pk, event_id="x") is None
    Customer.objects.first()  # a test's own may look at all accounts
    monkeypatch.setattr(citus_rules, "TESTS", ("nobody",))
    with pytest.raises(AssertionError, match="narrows FROM"), citus_rules.watched():
        Customer.objects.first()
    citus_rules._broken.clear()


def test_other_threads_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> None:
        Customer.objects.first()
        connection.close()

    monkeypatch.setattr(citus_rules, "TESTS", ("nobody",))
    with (
        pytest.raises(AssertionError, match="narrows FROM"),
        ThreadPoolExecutor() as others,
        citus_rules.watched(),
    ):
        others.submit(ask).result()
    citus_rules._broken.clear()
