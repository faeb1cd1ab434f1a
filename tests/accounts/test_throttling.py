"""Rate limits (contract, "Rate limits")."""

import http.client
from collections import Counter
from contextlib import closing

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.throttling import KeyRateThrottle
from tests.client import Api
from tests.factories import make_key
from tests.server import running_server
from traitly import settings as settings_module
from traitly.http.views import ApiViewSet


@pytest.fixture
def two_an_hour(settings, monkeypatch):
    """As API_RATE_LIMIT=2/hour sets it up when the server starts."""
    settings.API_RATE_LIMIT = (2, 3600)
    monkeypatch.setattr(ApiViewSet, "throttle_classes", [KeyRateThrottle])


def test_there_is_none_unless_configured(api):
    responses = [api.get("customer") for _ in range(5)]

    assert [response.status for response in responses] == [200] * 5
    assert not any(name.lower().startswith("ratelimit") for name in responses[0].headers)


@pytest.mark.usefixtures("two_an_hour")
def test_answers_say_what_is_left_until_it_is_429(api):
    responses = [api.get("customer") for _ in range(3)]

    assert [response.status for response in responses] == [200, 200, 429]
    assert [response.headers["RateLimit-Limit"] for response in responses] == ["2"] * 3
    assert [response.headers["RateLimit-Remaining"] for response in responses] == ["1", "0", "0"]
    assert all(0 < int(response.headers["RateLimit-Reset"]) <= 3600 for response in responses)
    assert 0 < int(responses[2].headers["Retry-After"]) <= 3600
    assert responses[2].errors == [("throttled", None)]


@pytest.mark.usefixtures("two_an_hour")
def test_each_key_has_its_own(api, acme):
    other = Api(make_key(acme).key)
    for _ in range(3):
        api.get("customer")

    assert other.get("customer").status == 200


@pytest.mark.usefixtures("two_an_hour")
def test_the_next_window_begins_anew(api, monkeypatch):
    for _ in range(3):
        api.get("customer")
    now = 4_000_000_000
    monkeypatch.setattr("accounts.throttling.time.time", lambda: now)

    assert api.get("customer").headers["RateLimit-Remaining"] == "1"


@pytest.mark.parametrize(
    ("text", "rate"), [("", None), ("5/second", (5, 1)), ("600/minute", (600, 60))]
)
def test_the_setting_is_read(monkeypatch, text, rate):
    monkeypatch.setenv("API_RATE_LIMIT", text)

    assert settings_module.rate("API_RATE_LIMIT") == rate


@pytest.mark.parametrize("text", ["600", "0/minute", "x/minute", "5/fortnight", "-1/day"])
def test_a_setting_that_means_nothing_stops_the_start(monkeypatch, text):
    monkeypatch.setenv("API_RATE_LIMIT", text)

    with pytest.raises(ImproperlyConfigured, match="API_RATE_LIMIT"):
        settings_module.rate("API_RATE_LIMIT")


@pytest.mark.slow
def test_all_processes_count_together(tmp_path):
    with running_server(tmp_path, settings={"API_RATE_LIMIT": "10/day"}) as server:
        statuses: Counter[int] = Counter()
        for _ in range(30):  # each on a connection of its own, which either worker may take
            with closing(
                http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            ) as connection:
                connection.request(
                    "GET", "/api/v1/customer", headers={"Authorization": f"Token {server.key}"}
                )
                statuses[connection.getresponse().status] += 1

    assert statuses == {200: 10, 429: 20}
