"""The one error shape (contract, "Errors"): every failure under /api/ has it, whoever notices it."""

import logging

import pytest
from django.db import InterfaceError, OperationalError

from tests.client import Api
from tests.factories import a_customer, an_event, make_key
from traitly.http.middleware import RequestIdFilter


@pytest.fixture(params=[False, True], ids=["production", "debug"])
def _debug(request, settings):
    settings.DEBUG = request.param


@pytest.mark.parametrize("address", ["/api/v1/customer", "/api/v1/event", "/api/nothing", "/api/"])
@pytest.mark.usefixtures("_debug")
def test_a_host_that_is_not_ours_is_400_in_json(api, settings, address):
    settings.ALLOWED_HOSTS = ["localhost"]

    response = api.get(address, HTTP_HOST="evil.example")

    assert response.errors == [("bad_request", None)]
    assert response.status == 400
    assert b"evil.example" not in response.content


@pytest.mark.parametrize("address", ["/api/v1/customer", "/login/"])
def test_a_host_that_is_not_ours_logs_one_line(api, settings, caplog, address):
    settings.ALLOWED_HOSTS = ["localhost"]

    api.get(address, HTTP_HOST="evil.example")

    assert "evil.example" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("address", ["customer", "event", "customer/1/event"])
@pytest.mark.usefixtures("_debug")
def test_an_unforeseen_failure_is_500_and_tells_nothing(api, monkeypatch, caplog, address):
    def fail(*_args, **_kwargs):
        raise RuntimeError("SELECT secret FROM /srv/traitly/settings.py")

    monkeypatch.setattr("traitly.http.views.read_list", fail)
    monkeypatch.setattr("events.queries.has_events", lambda **_: True)

    response = api.get(address)

    assert response.status == 500
    assert response.errors == [("error", None)]
    assert b"secret" not in response.content
    assert "secret" in caplog.text
    assert response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "error", [OperationalError("server at 10.0.0.7 closed"), InterfaceError("connection closed")]
)
@pytest.mark.usefixtures("_debug")
def test_the_database_away_is_503_with_retry_after(api, monkeypatch, error):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("events.views.store_events", fail)

    response = api.post("event", an_event())

    assert response.status == 503
    assert response.errors == [("service_unavailable", None)]
    assert int(response.headers["Retry-After"]) >= 1
    assert b"10.0.0.7" not in response.content


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/json",
        "application/*",
        "text/html, application/json;q=0.9",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "Application/JSON",
        "application/json; charset=utf-8",
    ],
)
def test_json_is_answered_to_each_of_these_accepts(api, accept):
    response = api.get("customer", headers={} if accept is None else {"Accept": accept})

    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "image/*", "application/json;q=0", "nonsense"]
)
def test_an_accept_that_cannot_be_met_is_406(api, accept):
    response = api.get("customer", headers={"Accept": accept})

    assert response.status == 406
    assert response.errors == [("not_acceptable", None)]


def test_a_stream_of_one_object_is_406(api):
    api.post("customer", a_customer("1"))

    assert api.get("customer/1", headers={"Accept": "text/csv"}).status == 406


def test_nothing_is_stored_for_a_406(api):
    assert api.post("customer", a_customer(), headers={"Accept": "text/html"}).status == 406
    assert api.get("customer").data == []


def test_the_types_of_errors(api, acme):
    assert api.post("customer", {}).json["type"] == "validation_error"
    assert api.get("event").json["type"] == "validation_error"
    assert api.post("customer", b"{").json["type"] == "client_error"
    assert Api("nope").get("customer").json["type"] == "client_error"
    assert Api(make_key(acme, scopes=["read"]).key).post("event", {}).json["type"] == "client_error"


def test_every_error_of_an_object_is_listed(api):
    response = api.post(
        "customer", {"customer_id": "", "email": "nope", "created_at": -1, "location": 5}
    )

    assert response.status == 400
    assert sorted(response.errors) == [
        ("blank", "customer_id"),
        ("invalid", "email"),
        ("invalid", "location"),
        ("min_value", "created_at"),
        ("required", "name"),
        ("required", "plan"),
    ]


def test_attr_has_dots_and_indexes(api):
    response = api.post(
        "event", [an_event(), an_event(created_at="x"), an_event(custom_attributes={"a": "\0"}), 7]
    )

    assert [[error["attr"] for error in row["errors"]] for row in response.data[1:]] == [
        ["1.created_at"],
        ["2.custom_attributes.a"],
        ["3"],
    ]


@pytest.mark.parametrize("parameters", [1001, 5000])
def test_more_parameters_than_anyone_needs_are_400(api, parameters):
    response = api.get("customer?" + "&".join(["name=a"] * parameters))

    assert response.status == 400
    assert response.errors == [("bad_request", None)]


@pytest.mark.parametrize(
    "query",
    ["name=%FF", "name=%ED%A0%80", "%00=1", "name=%00", "=", "&&", "name", "customer_id=%00"],
)
def test_a_strange_query_string_is_no_server_error(api, query):
    assert api.get(f"customer?{query}").status in {200, 400}
    assert api.get(f"event?{query}").status == 400


# X-Request-ID
# ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent", ["abc-123", "01a20869-8838-7733-bc79-764f00000000", "a" * 128, "req_1:2/3"]
)
def test_a_sane_request_id_is_the_clients_own(api, sent):
    assert api.get("customer", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent
    response = api.get("nothing", headers={"X-Request-ID": sent})
    assert response.json["metadata"] == {"request_id": sent}


@pytest.mark.parametrize(
    "sent", ["", " ", "a b", "a" * 5000, "é", "a\nInjected: 1", "<script>", '"', "a\x00"]
)
def test_any_other_request_id_is_replaced(api, sent):
    response = api.get("customer", headers={"X-Request-ID": sent})

    assert response.headers["X-Request-ID"] != sent
    assert len(response.headers["X-Request-ID"]) == 36


def test_every_answer_has_its_own_request_id(api, anonymous):
    ids = [
        client.send(method, address).headers["X-Request-ID"]
        for client in (api, anonymous)
        for method, address in [
            ("GET", "customer"),
            ("PUT", "event"),
            ("GET", "/health"),
            ("GET", "/api/nothing"),
        ]
    ]

    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_the_request_id_is_in_the_log(api, monkeypatch, caplog):
    caplog.handler.addFilter(RequestIdFilter())
    monkeypatch.setattr("events.views.store_events", lambda **_: 1 / 0)

    with caplog.at_level(logging.ERROR):
        response = api.post("event", an_event(), headers={"X-Request-ID": "mine-1"})

    assert response.status == 500
    assert {record.request_id for record in caplog.records} == {"mine-1"}
