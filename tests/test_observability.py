"""What operators see: /metrics and the log."""

import http.client
import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.base import BaseHandler
from django.db import DatabaseError
from django.test import Client, RequestFactory
from django.utils import timezone
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.transport import Transport

from accounts.services import revoke_key
from feed.models import Webhook
from feed.positions import Position
from feed.queries import metrics as feed_metrics
from tests.client import Api
from tests.factories import an_event, make_key
from tests.server import Server, running_server
from traitly import settings as settings_module
from traitly.observability.logs import JsonFormatter
from traitly.observability.reporting import report_to_sentry, without_what_was_sent
from traitly.observability.tracing import TracingMiddleware

TOKEN = "a-token-for-tests"


@pytest.fixture
def open_to_token(settings):
    settings.METRICS_TOKEN = TOKEN


def scrape(**headers: str) -> str:
    response = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})
    assert response.status_code == 200
    return response.content.decode()


def value(text: str, sample: str) -> float:
    return sum(
        float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(sample)
    )


@pytest.mark.django_db
def test_metrics_are_for_nobody_by_default(client):
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
@pytest.mark.usefixtures("open_to_token")
def test_a_wrong_token_sees_nothing(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 404


@pytest.mark.django_db
def test_a_network_may_be_let_in_but_not_what_a_proxy_passes_on(client, settings, monkeypatch):
    monkeypatch.setenv("METRICS_ALLOWED_NETWORKS", "10.0.0.0/8, ::1")
    settings.METRICS_ALLOWED_NETWORKS = settings_module.networks("METRICS_ALLOWED_NETWORKS")

    assert (
        client.get("/metrics", REMOTE_ADDR="10.1.2.3", headers={"Host": "10.9.9.9"}).status_code
        == 200
    )
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404
    assert (
        client.get(
            "/metrics", REMOTE_ADDR="10.1.2.3", headers={"X-Forwarded-For": "10.1.2.3"}
        ).status_code
        == 404
    )


def test_networks_that_are_none_stop_the_start(monkeypatch):
    monkeypatch.setenv("METRICS_ALLOWED_NETWORKS", "10.0.0.0/33")
    with pytest.raises(
        ImproperlyConfigured, match="METRICS_ALLOWED_NETWORKS must be networks like"
    ):
        settings_module.networks("METRICS_ALLOWED_NETWORKS")


@pytest.mark.usefixtures("open_to_token")
def test_requests_items_and_keys_are_counted(api):
    before = scrape()
    api.post("event", [an_event(id="1"), an_event(id="1"), {"name": "no customer"}])
    api.post("event", [an_event()])
    after = scrape()

    def grown(sample: str) -> float:
        return value(after, sample) - value(before, sample)

    assert grown('traitly_request_seconds_count{method="POST",route="events",status="207"}') == 1
    assert grown('traitly_request_seconds_count{method="POST",route="events",status="201"}') == 1
    assert grown('traitly_items_total{kind="event",result="accepted"}') == 3
    assert grown('traitly_items_total{kind="event",result="duplicate"}') == 1
    assert grown('traitly_items_total{kind="event",result="rejected"}') == 1
    assert grown('traitly_key_lookups_total{where="database"}') == 1
    assert grown('traitly_key_lookups_total{where="cache"}') == 1
    assert grown("traitly_statement_rows_sum") == 3
    assert value(after, "traitly_database_up") == 1
    assert value(after, "traitly_database_bytes") > 0
    assert value(after, 'traitly_database_sessions{state="active"}') >= 1


def _webhook_lag() -> float:
    """Not by /metrics, which asks on a connection of its own."""
    (metric,) = (each for each in feed_metrics() if each.name == "traitly_webhook_lag_seconds")
    return float(metric.samples[0].value)


def test_a_webhook_lags_by_the_age_of_its_oldest_entry(acme, api):
    assert api.post("webhook", {"url": "https://example.com/hook"}).status == 201
    assert _webhook_lag() == 0

    api.post("event", an_event())
    time.sleep(0.1)
    api.post("event", an_event())
    assert 0.1 < _webhook_lag() < 10

    Webhook.objects.update(position=Position.before(timezone.now()).cursor)
    assert _webhook_lag() == 0


@pytest.mark.usefixtures("open_to_token")
def test_clients_choose_no_labels(api):
    Client().generic("BREW", "/api/v1/event/secret-id")
    api.get("nowhere/secret-id")

    text = scrape()
    assert "BREW" not in text
    assert "secret-id" not in text
    assert 'method="OTHER"' in text


def _fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [
        vars(record)["fields"] for record in caplog.records if record.name == "traitly.requests"
    ]


def test_a_refused_request_is_logged_with_account_key_and_reason_but_not_with_what_it_sent(
    acme, api, caplog
):
    caplog.set_level(logging.INFO)
    api.post("event", {"customer_id": "private-7", "created_at": "soon"})
    api.get("customer/private-8")
    api.get("customer")

    refused, missing = _fields(caplog)
    assert refused["account"] == missing["account"] == acme.pk
    assert refused["key"]
    assert (refused["method"], refused["route"], refused["status"]) == ("POST", "events", 400)
    assert "required" in str(refused["reason"])
    assert (missing["route"], missing["reason"]) == ("customer", "not_found")
    assert "private-" not in caplog.text


def test_a_revoked_key_is_known_in_the_log(acme, caplog):
    caplog.set_level(logging.INFO)
    key = make_key(acme)
    revoke_key(account_id=acme.pk, key_id=key.row.pk)
    assert Api(key.key).get("customer").status == 401

    (line,) = _fields(caplog)
    assert (line["account"], line["key"], line["reason"]) == (
        acme.pk,
        key.row.pk,
        "authentication_failed",
    )
    assert key.key not in caplog.text


def test_a_json_line_is_one_object():
    record = logging.LogRecord(
        "traitly.requests", logging.INFO, __file__, 1, "two\nlines", (), None
    )
    record.request_id = "id-1"
    record.fields = {"account": 7, "status": 400}

    text = JsonFormatter().format(record)

    assert "\n" not in text
    line = json.loads(text)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "traitly.requests",
        "request_id": "id-1",
        "message": "two\nlines",
        "account": 7,
        "status": 400,
    }


def _get(server: Server, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


@pytest.mark.slow
def test_all_processes_are_counted_together_and_everything_is_logged_as_json(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    settings = {"METRICS_TOKEN": TOKEN, "LOG_FORMAT": "json", "LOG_REQUESTS": "all"}
    with (
        log.open("w") as stderr,
        running_server(tmp_path, settings=settings, stderr=stderr) as server,
    ):
        for _ in range(20):
            assert _get(server, "/api/v1/customer", Authorization=f"Token {server.key}")[0] == 200
        counts = {
            value(
                _get(server, "/metrics", Authorization=f"Bearer {TOKEN}")[1],
                'traitly_request_seconds_count{method="GET",route="customers",status="200"}',
            )
            for _ in range(6)
        }
        text = _get(server, "/metrics", Authorization=f"Bearer {TOKEN}")[1]
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]

    assert counts == {20.0}
    assert value(text, "traitly_workers") == 2
    assert value(text, "traitly_http_connections") >= 1
    assert value(text, "traitly_queue_depth") == 0
    assert sum(line.get("route") == "customers" for line in lines) == 20
    assert any("Listening at" in line["message"] for line in lines)


def test_sentry_gets_nothing_that_a_client_sent():
    sent: list[Any] = []
    with sentry_sdk.isolation_scope():
        report_to_sentry(
            "http://key@127.0.0.1:1/1", transport=_Transport(sent), default_integrations=False
        )
        error = DatabaseError(
            "duplicate key\nDETAIL:  Key (email)=(private@example.com) already exists."
        )
        sentry_sdk.capture_exception(error)
        sentry_sdk.flush()
    (event,) = sent
    assert event["exception"]["values"][0]["value"] == "duplicate key"
    assert "private" not in json.dumps(event, default=str)


def test_what_sentry_would_say_of_a_request_is_dropped():
    event = {
        "request": {
            "method": "GET",
            "url": "/customer/private",
            "headers": {"Authorization": "Token x"},
        }
    }
    assert without_what_was_sent(event)["request"] == {"method": "GET"}


class _Transport(Transport):
    def __init__(self, sent: list[Any]) -> None:
        super().__init__()
        self.sent = sent

    def capture_envelope(self, envelope: Any) -> None:
        self.sent.append(envelope.get_event())


def test_a_span_has_the_route_the_account_and_its_parent(acme, api):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    handler = BaseHandler()
    handler.load_middleware()
    middleware = TracingMiddleware(handler.get_response, provider)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    request = RequestFactory().get(
        "/api/v1/customer/private",
        headers={"Authorization": f"Token {make_key(acme).key}", "traceparent": parent},
    )
    assert middleware(request).status_code == 404

    (span,) = exporter.get_finished_spans()
    assert span.name == "GET customer"
    assert dict(span.attributes or {})["traitly.account"] == acme.pk
    assert span.parent
    assert f"{span.parent.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert "private" not in span.to_json()
