"""`make demo`: through the API of a running server."""

import datetime
import io
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from customers.models import Customer
from events.models import Event
from rejections.models import Rejection
from tests.client import Api
from tests.factories import make_key
from tests.server import free_port
from transfer import demo

NOW = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)


def test_customers_and_events_are_believable():
    customers = demo.customers(NOW)
    events = list(demo.events(NOW, customers))

    assert len({customer["customer_id"] for customer in customers}) == demo.CUSTOMERS
    assert len({event["id"] for event in events}) == len(events) > 20_000
    since = {customer["customer_id"]: customer["created_at"] for customer in customers}
    assert all(
        since[event["customer_id"]] <= event["created_at"] <= NOW.timestamp() for event in events
    )
    assert {
        datetime.datetime.fromtimestamp(event["created_at"], datetime.UTC).date()
        for event in events
    } == {NOW.date() - datetime.timedelta(days=days) for days in range(demo.DAYS + 1)}
    assert events == list(demo.events(NOW, demo.customers(NOW)))


def test_without_a_server_it_says_what_to_do(acme: Account, monkeypatch):
    make_key(acme, name="Default")
    monkeypatch.setenv("PORT", str(free_port()))
    with pytest.raises(CommandError, match="start it with make run"):
        call_command("demo")


def test_without_an_account_it_says_so(db):
    with pytest.raises(CommandError, match="Create one with make run"):
        call_command("demo")


class Answered(io.BytesIO):
    """What urlopen gives."""


def test_twice_it_stores_nothing_twice(acme: Account, monkeypatch):
    """The requests go to the application itself."""
    api = Api(make_key(acme, name="Default").key)
    statuses = []

    def response(request, timeout):
        assert request.headers["Authorization"] == f"Token {api.key}"
        status = api.post(urlsplit(request.full_url).path, request.data).status
        statuses.append(status)
        return Answered()

    monkeypatch.setattr("urllib.request.urlopen", response)
    monkeypatch.setattr(demo, "CUSTOMERS", 30)
    monkeypatch.setattr(demo, "DAYS", 2)
    call_command("demo")
    stored = Event.objects.count()
    assert statuses == [201, *[201] * (len(statuses) - 2), 400]
    assert (Customer.objects.count(), Rejection.objects.count()) == (30, 2)
    assert stored > 100
    call_command("demo")
    assert (Customer.objects.count(), Event.objects.count()) == (30, stored)
