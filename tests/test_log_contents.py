"""No keys, no bodies and nothing about people in the log."""

import io
import logging
import logging.config
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import DataError, IntegrityError, OperationalError, connection

from accounts.models import Account
from customers.models import Customer
from tests.client import Api
from tests.cluster import PLAIN_ONLY
from tests.factories import a_customer, an_event, make_key
from tests.server import running_server
from traitly.log_contents import describe

PERSON = "alice.smith@example.com"


@pytest.fixture
def log():
    """What the configured handlers write."""
    text = io.StringIO()
    configured: Any = settings.LOGGING
    stderr = configured["handlers"]["stderr"] | {"stream": text}
    configuration = configured | {"handlers": {"stderr": stderr}}
    before = logging.getLogger().handlers[:]
    logging.config.dictConfig(configuration)
    yield text
    logging.getLogger().handlers[:] = before
    logging.getLogger("gunicorn.error").handlers.clear()


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("Invalid HTTP Header: 'Authorization Token traitly_secret'", "Invalid HTTP Header"),
        (
            "Invalid HTTP request line: 'GET /customer/alice@example.com'",
            "Invalid HTTP request line",
        ),
        ("Invalid HTTP Header: 'first\nsecond: secret'", "Invalid HTTP Header"),
    ],
)
@pytest.mark.parametrize("ip", ["192.0.2.1", "2001:db8::7", ""])
def test_a_malformed_request_is_not_logged_whole(log, ip, said, logged):
    line = f"Invalid request from ip={ip}: {said}"  # as gunicorn formats it
    logging.getLogger("gunicorn.error").warning(line)
    assert log.getvalue().endswith(f" Invalid request from ip={ip}: {logged}\n")


def test_a_failed_request_of_gunicorn_is_logged_without_its_address(log):
    with pytest.raises(ValueError, match=PERSON) as caught:
        int(PERSON)
    logging.getLogger("gunicorn.error").error(
        "Error handling request %s %s",
        "GET",
        f"/api/v1/customer/{PERSON}?plan=x",
        exc_info=caught.value,
    )
    text = log.getvalue()
    assert "Error handling request GET /…" in text
    assert "test_log_contents.py" in text
    assert text.endswith("ValueError\n")
    assert PERSON not in text


def test_a_key_is_logged_masked(log, acme):
    new = make_key(acme)
    logging.getLogger("anything").warning("Somebody sent %s", {"Authorization": f"Token {new.key}"})
    assert new.key not in log.getvalue()
    assert new.row.masked in log.getvalue()


def _log_a_duplicate(account):
    Api(make_key(account).key).post("customer", a_customer(PERSON))
    with pytest.raises(IntegrityError, match=PERSON) as caught:
        Customer.objects.create(
            account=account, customer_id=PERSON, name=PERSON, email=PERSON, plan="x"
        )
    logging.getLogger("anything").error("It failed: %s", caught.value, exc_info=caught.value)


def test_what_postgresql_says_of_a_row_is_not_logged(log, acme):
    _log_a_duplicate(acme)
    text = log.getvalue()
    assert PERSON not in text
    assert "DETAIL" not in text
    assert "Traceback" in text


@PLAIN_ONLY
def test_the_constraint_is_logged(log, acme):
    _log_a_duplicate(acme)
    assert "customers_customer_id_unique" in log.getvalue()


def test_an_unforeseen_failure_is_logged_without_what_was_sent(log, api, monkeypatch):
    def fail(**parameters):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", [parameters["events"][0].customer_id])

    monkeypatch.setattr("events.views.store_events", fail)
    assert api.post("event", an_event(PERSON)).status == 500
    text = log.getvalue()
    assert "A request failed" in text
    assert "SQLSTATE 22P02" in text
    assert PERSON not in text


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", f"customer/{PERSON}", 404),
        ("GET", f"event?customer_id={PERSON}", 400),
        ("POST", f"customer/{PERSON}", 405),
        ("GET", f"/gone/{PERSON}", 404),
        ("GET", f"/api/{PERSON}", 404),
    ],
)
def test_the_address_of_a_refused_request_is_not_logged(log, api, method, address, status):
    assert api.send(method, address).status == status
    assert PERSON not in log.getvalue()


def test_bodies_are_not_logged(log, api):
    api.post("event", {"name": PERSON})
    api.post("event", b'{"name": "' + PERSON.encode())
    api.post("customer", a_customer("1", email=f"{PERSON} "))
    assert PERSON not in log.getvalue()


def database_error(wrapper, cause):
    error = wrapper(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError(PERSON), "ValueError"),
        (KeyError(PERSON), "KeyError"),
        (UnicodeDecodeError("utf-8", PERSON.encode(), 0, 1, PERSON), "UnicodeDecodeError"),
        (Account.DoesNotExist(PERSON), "DoesNotExist"),
        (AttributeError("no attribute x"), "AttributeError: no attribute x"),
        (
            ConnectionResetError(104, "Connection reset by peer"),
            "ConnectionResetError: Connection reset by peer",
        ),
        (
            psycopg2.OperationalError("server closed the connection"),
            "OperationalError: server closed the connection",
        ),
        (
            database_error(
                OperationalError, psycopg2.OperationalError(f"deadlock\nDETAIL: {PERSON}")
            ),
            "OperationalError: deadlock",
        ),
        (DataError(PERSON), "DataError"),
    ],
)
def test_exceptions_are_described_without_values(error, said):
    assert describe(error) == said


def test_other_handlers_get_the_record_as_it_was(log, caplog):
    error = ValueError(PERSON)
    logging.getLogger("anything").error("100 %% of %s", PERSON, exc_info=error)
    [record] = caplog.records
    assert record.exc_info
    assert record.exc_info[1] is error
    assert record.args == (PERSON,)


@pytest.mark.slow
def test_a_running_server_logs_no_key_of_a_malformed_request(tmp_path):
    log = tmp_path / "server.log"
    with (
        log.open("w") as stderr,
        running_server(tmp_path, stderr=stderr) as server,
        server.connect() as sock,
    ):
        sock.sendall(
            f"GET /api/v1/customer HTTP/1.1\r\nAuthorization Token {server.key}\r\n\r\n".encode()
        )
        assert b" 400 " in sock.recv(1000)
    text = log.read_text()
    assert "Invalid request from ip=127.0.0.1" in text
    assert server.key not in text
    assert "Authorization" not in text
