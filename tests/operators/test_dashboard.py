"""The admin's first page."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from feed.services import create_webhook
from operators import dashboard, queries
from rejections.models import Rejection
from tests.client import Api
from tests.cluster import PLAIN_ONLY
from tests.factories import AccountFactory, an_event


@pytest.fixture(autouse=True)
def _counts_what_the_test_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has arrived for all is what was committed; a test commits nothing."""
    monkeypatch.setattr(
        "events.stats.settle", lambda: timezone.now() + datetime.timedelta(seconds=1)
    )


def _context(operator: Client, **query: str) -> Any:
    response = operator.get("/admin/", query)
    assert response.status_code == 200
    return response.context


@PLAIN_ONLY
def test_events_of_all_accounts_are_summed_by_day_and_account(
    operator: Client, acme: Account, globex: Account, api: Api, globex_api: Api
) -> None:
    yesterday = timezone.now().timestamp() - 86_400
    api.post("event", [an_event(created_at=yesterday), an_event(created_at=yesterday), an_event()])
    globex_api.post("event", [an_event(created_at=yesterday - 40 * 86_400), an_event()])

    context = _context(operator)

    assert [value for _, value in context["events"].rows][-3:] == [0, 2, 2]
    assert [(volume.name, volume.events, share) for volume, share in context["busiest"]] == [
        ("Acme", 3, 100),
        ("Globex", 1, 33),
    ]
    assert context["behind"] == 0
    assert _context(operator, days="90")["events"].total == 5


@PLAIN_ONLY
def test_what_is_not_counted_yet_is_said(
    operator: Client, acme: Account, api: Api, monkeypatch
) -> None:
    api.post("event", [an_event()])
    api.post("event", [an_event()])
    monkeypatch.setattr(dashboard, "_COUNTING_SECONDS", -1.0)
    page = operator.get("/admin/").content.decode()
    assert "1 account sent more than could be counted yet" in page

    context = _context(operator, count="1")
    assert context["behind"] == 0
    assert context["events"].total == 2


@PLAIN_ONLY
def test_events_that_are_counted_are_not_read(operator: Client, acme: Account, api: Api) -> None:
    api.post("event", [an_event() for _ in range(20)])
    _context(operator)
    with CaptureQueriesContext(connection) as captured:
        _context(operator)
    read = [query["sql"] for query in captured if "events_event" in query["sql"]]
    assert len(read) == 1
    assert "LIMIT 1" in read[0]  # whether there is one to be counted
    assert not [
        query["sql"]
        for query in captured
        if "customers_customer" in query["sql"].partition("pg_class")[0]
    ]


def test_it_takes_the_same_queries_however_many_accounts_there_are(
    operator: Client, acme: Account, django_assert_num_queries
) -> None:
    with CaptureQueriesContext(connection) as captured:
        _context(operator)
    AccountFactory.create_batch(20)
    with django_assert_num_queries(len(captured)):
        _context(operator)


def test_what_was_refused_is_plotted(operator: Client, acme: Account, api: Api) -> None:
    api.post("event", [{}, {}, {}])
    Rejection.objects.filter(pk=Rejection.objects.values("pk")[:1]).update(
        received_at=timezone.now() - datetime.timedelta(days=1)
    )
    rejected = _context(operator)["rejected"]
    assert [value for _, value in rejected.rows][-2:] == [1, 2]
    assert not rejected.note


@PLAIN_ONLY
def test_of_very_many_refused_a_sample_is_read(
    operator: Client, acme: Account, api: Api, monkeypatch
) -> None:
    for _ in range(10):
        api.post("event", [{}] * 200)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE rejections_rejection")
    monkeypatch.setattr(queries, "_SAMPLED", 1_000)
    rejected = _context(operator)["rejected"]
    assert rejected.note == "Estimated: one in 2 was counted."
    assert rejected.total % 2 == 0
    assert 0 < rejected.total < 4_000


@PLAIN_ONLY
def test_the_database_is_measured(operator: Client) -> None:
    context = _context(operator)
    assert context["size"] > 1024**2
    assert {"events_event", "customers_customer"} <= {table.name for table in context["tables"]}


def test_without_the_extension_it_says_what_to_do(operator: Client) -> None:
    page = operator.get("/admin/").content.decode()
    assert "the extension pg_stat_statements is not installed" in page
    assert "CREATE EXTENSION pg_stat_statements" in page


_VIEW = "CREATE TABLE pg_stat_statements (dbid oid, query text, calls bigint{})"
_TIMES = ", mean_exec_time double precision, total_exec_time double precision"


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_statements_are_shown_with_their_times(operator: Client) -> None:
    """A table in the place of the extension's view, which only a superuser can make."""
    _execute(_VIEW.format(_TIMES))
    database = "(SELECT oid FROM pg_database WHERE datname = current_database())"
    _execute(
        f"INSERT INTO pg_stat_statements VALUES ({database}, 'SELECT <fast>', 9, 0.5, 4.5),"
        f" ({database}, 'SELECT <slow>', 1000, 12.5, 12500), (1, 'SELECT elsewhere', 1, 99999, 99999)"
    )
    page = operator.get("/admin/").content.decode()
    assert page.index("SELECT &lt;slow&gt;") < page.index("SELECT &lt;fast&gt;")
    assert "12.50 ms" in page
    assert "12.5 s" in page
    assert "elsewhere" not in page


def test_a_view_that_cannot_be_read_is_said_too(operator: Client) -> None:
    """As that of an extension which is installed and not loaded."""
    _execute(_VIEW.format(""))
    assert "PostgreSQL does not say" in operator.get("/admin/").content.decode()


def test_webhooks_that_fail_are_counted(operator: Client, acme: Account) -> None:
    create_webhook(account=acme, url="https://example.com/a")
    row = create_webhook(account=acme, url="https://example.com/b").row
    row.failing_since = timezone.now()
    row.save()
    assert _context(operator)["webhooks"] == {"enabled": 2, "failing": 1, "stopped": 0}
    assert "1 failing" in operator.get("/admin/").content.decode()
