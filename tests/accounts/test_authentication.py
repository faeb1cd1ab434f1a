"""The Authorization header (contract, "Authentication")."""

import datetime
import io
import time
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accounts import authentication, keys
from accounts.models import ApiKey
from accounts.services import revoke_key
from customers.models import Customer
from events.models import Event
from tests.client import Api
from tests.factories import a_customer, an_event, make_key


def header(value):
    return {"Authorization": value}


@pytest.fixture
def key(acme):
    return make_key(acme).key


@pytest.mark.parametrize(
    "scheme", ["Token", "token", "TOKEN", "tOkEn", "Bearer", "bearer", "BEARER"]
)
@pytest.mark.parametrize("space", [" ", "  "])
def test_the_schemes_in_any_case(anonymous, key, scheme, space):
    assert anonymous.get("customer", headers=header(f"{scheme}{space}{key}")).status == 200


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "Token",
        "Token ",
        "Bearer",
        "{key}",
        "Basic {key}",
        "Digest {key}",
        "Token{key}",
        "Token:{key}",
        "Token {key} x",
        "Token {key}{key}",
        "Token x{key}",
        "Token Token {key}",
        'Token "{key}"',
        "Token token={key}",
        "Token é",
        "Token \x7f",
        "Token " + "x" * 10_000,
        "Token traitly_" + "0" * 40,
        "Token null",
    ],
)
def test_a_missing_malformed_or_unknown_key_is_401(anonymous, key, value):
    response = anonymous.get("customer", headers=header(value.format(key=key)))

    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Token")
    assert [attr for _, attr in response.errors] == [None]
    assert response.errors[0][0] in {"not_authenticated", "authentication_failed"}


def test_no_header_is_401(anonymous):
    response = anonymous.get("customer")

    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Token")
    assert response.errors == [("not_authenticated", None)]


def test_the_case_of_a_key_matters(anonymous, key):
    assert Api(key.swapcase()).get("customer").status == 401


def test_a_key_in_the_query_string_is_none(anonymous, key):
    assert anonymous.get("customer", {"token": key, "key": key}).status == 401


def test_a_revoked_key_is_401(acme, key):
    row = ApiKey.objects.get()
    assert revoke_key(account_id=acme.pk, key_id=row.pk)

    assert Api(key).get("customer").status == 401


def test_a_key_that_was_in_use_stops_within_five_seconds_of_its_revocation(acme, key, monkeypatch):
    assert Api(key).get("customer").status == 200
    revoke_key(account_id=acme.pk, key_id=ApiKey.objects.get().pk)
    now = time.monotonic()

    monkeypatch.setattr("accounts.authentication.time.monotonic", lambda: now + 5)

    assert Api(key).get("customer").status == 401


class Dripping(io.BytesIO):
    """A body of which the first part is read, and some seconds and whatever happens later, the rest."""

    def __init__(self, body, meanwhile):
        super().__init__(body)
        self.meanwhile = meanwhile

    def read(self, size=-1):
        self.meanwhile()
        return super().read(size)


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("POST", "event", b'{"customer_id": "1", "name": "x"}'),
        (
            "POST",
            "customer",
            b'{"customer_id": "1", "name": "x", "email": "a@example.com", "plan": "x"}',
        ),
        ("PATCH", "customer/1", b'{"name": "x"}'),
    ],
)
@pytest.mark.parametrize("seconds", [1.5, 30])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_key_that_is_revoked_while_its_body_drips_in_stores_nothing(
    acme, key, monkeypatch, method, address, body, seconds, chunked
):
    api = Api(key)
    now = time.monotonic()

    def revoke():
        revoke_key(account_id=acme.pk, key_id=ApiKey.objects.get().pk)
        monkeypatch.setattr("traitly.http.bodies.time.monotonic", lambda: now + seconds)

    monkeypatch.setattr("traitly.http.bodies.time.monotonic", lambda: now)
    length: dict[str, Any] = (
        {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
        if chunked
        else {"CONTENT_LENGTH": str(len(body))}
    )
    response = api.send(method, address, body, **{"wsgi.input": Dripping(body, revoke), **length})

    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Token"
    assert not Event.objects.exists()
    assert not Customer.objects.exists()


def test_a_key_that_still_works_may_take_its_time(key, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr("traitly.http.bodies.time.monotonic", lambda: now)
    body = b'{"customer_id": "1", "name": "x"}'
    later = partial(monkeypatch.setattr, "traitly.http.bodies.time.monotonic", lambda: now + 30)

    assert Api(key).post("event", body, **{"wsgi.input": Dripping(body, later)}).status == 201


def test_a_body_that_comes_at_once_costs_no_second_look_at_the_key(key, django_assert_num_queries):
    Api(key).get("customer")
    with django_assert_num_queries(1):
        Api(key).post("event", an_event())


def test_a_new_key_works_at_once(acme):
    """Though it was tried before it was there."""
    text = keys.generate()
    assert Api(text).get("customer").status == 401
    row = make_key(acme).row
    ApiKey.objects.filter(pk=row.pk).update(digest=keys.digest(text))

    assert Api(text).get("customer").status == 200


def test_an_expired_key_is_401(acme):
    key = make_key(acme, expires_at=timezone.now() - datetime.timedelta(seconds=1)).key

    assert Api(key).get("customer").status == 401


def test_a_key_stops_when_it_expires_though_it_was_in_use(acme, monkeypatch):
    expires_at = timezone.now() + datetime.timedelta(seconds=60)
    api = Api(make_key(acme, expires_at=expires_at).key)
    assert api.get("customer").status == 200

    monkeypatch.setattr(
        "accounts.authentication.timezone.now",
        lambda: expires_at + datetime.timedelta(milliseconds=1),
    )

    assert api.get("customer").status == 401


WRITES = [
    ("POST", "customer", a_customer()),
    ("POST", "event", an_event()),
    ("PATCH", "customer/1", {}),
    ("DELETE", "customer/1", b""),
    ("DELETE", "event/1", b""),
]
READS = [
    (method, address, b"")
    for method in ("GET", "HEAD", "OPTIONS")
    for address in ("customer", "event")
]


@pytest.mark.parametrize(("method", "address", "body"), WRITES)
def test_a_key_that_may_only_read_gets_403_for_writes(acme, method, address, body):
    response = Api(make_key(acme, scopes=["read"]).key).send(method, address, body)

    assert response.status == 403
    assert response.errors == [("permission_denied", None)]


@pytest.mark.parametrize(("method", "address", "body"), READS)
def test_a_key_that_may_only_write_gets_403_for_reads(acme, method, address, body):
    assert Api(make_key(acme, scopes=["write"]).key).send(method, address, body).status == 403


def test_each_scope_allows_its_own_methods(acme):
    assert Api(make_key(acme, scopes=["read"]).key).get("customer").status == 200
    assert Api(make_key(acme, scopes=["write"]).key).post("customer", a_customer()).status == 201


def test_a_key_without_scopes_may_nothing(acme):
    api = Api(make_key(acme, scopes=[]).key)

    assert api.get("customer").status == 403
    assert api.post("customer", a_customer()).status == 403


# Queries
# --------------------------------------------------------------------------------------------------------------


def test_a_key_costs_one_query_and_then_none(key, django_assert_num_queries):
    with django_assert_num_queries(2):  # the key, the list
        Api(key).get("customer")
    with django_assert_num_queries(1):
        Api(key).get("customer")


@pytest.mark.parametrize("value", ["", "Token", "Basic x", "Token a b"])
def test_a_malformed_header_costs_none(anonymous, django_assert_num_queries, value):
    with django_assert_num_queries(0):
        anonymous.get("customer", headers=header(value))


def test_the_memory_of_keys_is_bounded(acme, monkeypatch):
    monkeypatch.setattr(authentication, "_MAX_CACHED", 3)

    for _ in range(10):
        assert Api(make_key(acme).key).get("customer").status == 200
        assert len(authentication._cache) <= 3


# Last use
# -------------------------------------------------------------------------------------------------------------


def test_the_use_of_a_key_is_recorded_at_most_once_a_minute(key, monkeypatch):
    begin = timezone.now()
    seen = []
    for seconds in (0, 30, 59, 61, 100, 122):
        authentication.forget_credentials()
        monkeypatch.setattr(
            "accounts.authentication.timezone.now",
            lambda at=seconds: begin + datetime.timedelta(seconds=at),
        )
        assert Api(key).get("customer").status == 200
        used_at = ApiKey.objects.get().last_used_at
        assert used_at
        seen.append((used_at - begin).total_seconds())

    assert seen == [0, 0, 0, 61, 61, 122]


def test_where_a_key_was_used_from_is_recorded(key):
    Api(key).get("customer", REMOTE_ADDR="2001:db8::7")

    assert ApiKey.objects.get().last_used_from == "2001:db8::7"


def test_behind_a_trusted_proxy_it_is_the_clients_address(key, settings):
    settings.TRUST_PROXY_HEADERS = True
    forwarded = {
        "X-Forwarded-For": "203.0.113.9, 2001:db8::7"
    }  # the first is what the client made up
    Api(key).get("customer", headers=forwarded, REMOTE_ADDR="127.0.0.1")

    assert ApiKey.objects.get().last_used_from == "2001:db8::7"


def test_without_one_what_the_client_says_is_not_believed(key):
    Api(key).get("customer", headers={"X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="127.0.0.1")

    assert ApiKey.objects.get().last_used_from == "127.0.0.1"


@pytest.mark.parametrize("address", ["", "fe80::1%eth0", "/run/gunicorn.sock"])
def test_an_address_that_is_none_is_no_error(key, address):
    assert Api(key).get("customer", REMOTE_ADDR=address).status == 200


def test_a_refused_key_is_not_used(acme):
    new = make_key(acme, expires_at=timezone.now() - datetime.timedelta(seconds=1))
    Api(new.key).get("customer")
    row = ApiKey.objects.get()

    assert row.last_used_at is None
