"""What pages look like when something is wrong around them."""

import pytest
from django.db import OperationalError
from psycopg2.errors import QueryCanceled

from events import stats
from traitly.input.errors import TooSlowError


def raises(error: Exception, cause: Exception | None = None):
    def fail(**_):
        raise error from cause

    return fail


@pytest.fixture
def patient(member):
    """A browser that is shown the error pages."""
    member.client.raise_request_exception = False
    return member


@pytest.mark.parametrize(
    ("error", "cause", "status", "words"),
    [
        (OperationalError("gone"), None, 503, "The database is away"),
        (OperationalError("slow"), QueryCanceled(), 503, "This takes too long"),
        (TooSlowError("slow"), None, 503, "This takes too long"),
        (RuntimeError("a fault"), None, 500, "Something broke"),
    ],
)
def test_each_trouble_has_its_own_page(patient, monkeypatch, error, cause, status, words):
    monkeypatch.setattr(stats, "read_stats", raises(error, cause))
    response = patient.get("/")
    assert response.status_code == status
    assert f"<h1>{words}</h1>" in response.content.decode()
    assert "a fault" not in response.content.decode()


def test_the_database_away_says_when_to_come_back(patient, monkeypatch):
    monkeypatch.setattr(stats, "read_stats", raises(OperationalError("gone")))
    assert patient.get("/")["Retry-After"] == "2"


def test_the_page_of_a_lost_database_asks_nothing_of_it(patient, monkeypatch):
    """Not even whose page it is."""
    monkeypatch.setattr("accounts.sessions.SessionStore.load", lambda _: _gone())
    assert patient.get("/").status_code == 503


def _gone():
    raise OperationalError("gone")


def test_offline_is_a_page_that_the_browser_keeps(visitor, db):
    assert "<h1>You are offline</h1>" in visitor.get("/offline/").content.decode()
    script = visitor.get("/service-worker.js")
    assert script["Content-Type"] == "text/javascript"
    assert 'const OFFLINE = "/offline/";' in script.content.decode()
