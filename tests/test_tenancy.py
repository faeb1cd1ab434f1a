"""Accounts never see each other, and nobody sees anything without a key: asked of every route there is."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from customers.models import Customer
from events.models import Event
from tests.client import Api
from tests.factories import a_customer, an_event
from traitly.http.views import unknown_url

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE"]


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route below the resolver, each with its whole regular expression."""
    for entry in resolver.url_patterns:
        regex = prefix + entry.pattern.regex.pattern.removeprefix("^")
        if isinstance(entry, URLResolver):
            yield from patterns(entry, regex)
        else:
            yield regex, entry


def addresses() -> dict[str, str]:
    """An address of every route of the API that has a view, its parameters named as Acme's own rows are."""
    found = {}
    for regex, route in patterns(get_resolver()):
        if not regex.startswith("api") or route.callback is unknown_url:
            continue
        for version in ("", "v1/"):
            address = regex.replace("(?:v1/)?", version)
            address = re.sub(
                r"\(\?P<(customer_id|event_id|previous_id|webhook_id)>.*?\?\)", "acme", address
            )
            found["/" + address.replace("/?", "").replace(r"\Z", "")] = str(route.name)
    return found


ADDRESSES = addresses()


def test_the_walk_finds_the_routes():
    assert set(ADDRESSES) >= {
        f"/api/{version}{address}"
        for version in ("", "v1/")
        for address in (
            "customer",
            "customer/acme",
            "customer/acme/event",
            "customer/acme/history",
            "event",
            "event/acme",
        )
    }
    assert not [address for address in ADDRESSES if re.search(r"[()\[\]?<>\\^$]", address)]


@pytest.fixture
def _acmes_rows(api):
    assert (
        api.post(
            "customer", a_customer("acme", name="Secret", custom_attributes={"s": "Secret"})
        ).status
        == 201
    )
    assert api.post("event", an_event("acme", id="acme", name="Secret")).status == 201


def rows() -> list[Any]:
    return [
        list(Customer.objects.order_by("id").values()),
        list(Event.objects.order_by("id").values()),
    ]


@pytest.mark.usefixtures("_acmes_rows")
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", METHODS)
def test_no_route_is_answered_without_a_key(anonymous, address, method):
    before = rows()
    response = anonymous.send(method, address, a_customer("acme"))

    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Token")
    assert b"Secret" not in response.content
    assert rows() == before


@pytest.mark.usefixtures("_acmes_rows")
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", "text/csv"])
def test_no_route_shows_or_changes_what_another_account_has(
    acme, globex, globex_api, address, method, accept
):
    before = [list(model.objects.filter(account=acme).values()) for model in (Customer, Event)]
    query = (
        {"customer_id": "acme", "name": "Secret"}
        if address.endswith("event") and "acme" not in address
        else {}
    )

    body = a_customer("globex") if method == "POST" else {"name": "Taken"}

    response = globex_api.send(method, address, body, query=query, headers={"Accept": accept})

    assert b"Secret" not in response.content
    assert response.status != 403
    assert "acme" not in address or method == "OPTIONS" or response.status in {404, 405, 406}
    assert [
        list(model.objects.filter(account=acme).values()) for model in (Customer, Event)
    ] == before


def test_two_accounts_with_the_same_customer_never_see_each_other(api, globex_api):
    assert (
        api.post("customer", a_customer("1", name="Acme's", custom_attributes={"a": 1})).status
        == 201
    )
    assert (
        globex_api.post(
            "customer", a_customer("1", name="Globex's", custom_attributes={"b": 2})
        ).status
        == 201
    )

    assert api.get("customer").row["name"] == "Acme's"
    assert globex_api.get("customer/1").row["custom_attributes"] == {"b": 2}
    globex_api.patch("customer/1", {"plan": "Atom", "c": 3})
    globex_api.post("customer", a_customer("1", name="Again"))
    assert api.get("customer/1").row["plan"] == "Starter"
    assert api.get("customer/1").row["custom_attributes"] == {"a": 1}
    assert globex_api.delete("customer/1").status == 200
    assert api.get("customer/1").row["name"] == "Acme's"


def test_two_accounts_with_the_same_events_never_see_each_other(api, globex_api):
    for client, mark in ((api, "acme"), (globex_api, "globex")):
        client.post("customer", a_customer("1"))
        client.post("event", [an_event("1", id="e", mark=mark), an_event("1", id=mark, mark=mark)])

    for client, mark in ((api, "acme"), (globex_api, "globex")):
        for address, query in (
            ("event", {"customer_id": "1", "name": "Logged in"}),
            ("customer/1/event", {}),
        ):
            assert {
                row["custom_attributes"]["mark"] for row in client.get(address, query).data
            } == {mark}
            assert len(client.get(address, query).data) == 2
        assert client.get("event/e").row["custom_attributes"] == {"mark": mark}
    assert globex_api.delete("event/e").status == 200
    assert globex_api.delete("customer/1").json["metadata"]["events"] == 1
    assert len(api.get("customer/1/event").data) == 2


def test_rows_with_the_same_primary_id_are_told_apart(api, globex_api, acme, globex):
    """Ids are unique within an account only: saving or deleting one row must not touch the other's."""
    for client in (api, globex_api):
        client.post("event", an_event("1", id="same"))
    mine = Event.objects.get(account=globex, id="same")

    mine.name = "changed"
    mine.save()
    assert Event.objects.get(account=acme, id="same").name == "Logged in"
    mine.delete()
    assert Event.objects.filter(account=acme, id="same").exists()


def test_the_admin_and_the_portal_do_not_take_keys(api: Api):
    for address in ("/admin/", "/admin/customers/customer/"):
        assert api.get(address).status in {302, 404}
