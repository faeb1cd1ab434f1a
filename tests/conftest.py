"""Fixtures of every test. Two companies play: Acme, whose keys most tests use, and Globex, who must never see Acme."""

import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, settings

from accounts.authentication import forget_credentials
from accounts.models import Account
from accounts.quotas import forget_limits
from customers.quotas import forget_counts
from tests import citus_rules, cluster
from tests.client import Api
from tests.factories import AccountFactory, UserFactory, make_key
from traitly.db.citus import is_distributed

# A few examples each time; HYPOTHESIS_EXAMPLES=5000 looks longer.
settings.register_profile(
    "traitly",
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "60")),
    deadline=None,  # the machine may be busy
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
settings.load_profile("traitly")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The test database, its statements watched; distributed where DATABASE_URL names a database of a Citus cluster."""
    with cluster.joined(connection.settings_dict["NAME"]):
        with django_db_blocker.unblock():
            if cluster.nodes():
                call_command("distribute", shards=cluster.SHARDS, verbosity=0)
            citus_rules.watch_every_connection()
            is_distributed()  # asked once by each process: no test counts the statement
            connection.close()  # what it knows of the tables is of before
        yield


@pytest.fixture(autouse=True)
def _no_cached_credentials() -> Iterator[None]:
    """Keys of one test are unknown in the next, though their rows have the same ids."""
    _forget()
    yield
    _forget()


@pytest.fixture(autouse=True)
def _statements_keep_the_rules() -> Iterator[None]:
    """Of tables that are sharded by account, on plain PostgreSQL too."""
    with citus_rules.watched():
        yield


def _forget() -> None:
    forget_credentials()
    forget_limits()
    forget_counts()


@pytest.fixture
def acme(db: None) -> Account:
    return AccountFactory.create(name="Acme")


@pytest.fixture
def globex(db: None) -> Account:
    return AccountFactory.create(name="Globex")


@pytest.fixture
def api(acme: Account) -> Api:
    """Acme's client, whose key may read and write."""
    return Api(make_key(acme).key)


@pytest.fixture
def globex_api(globex: Account) -> Api:
    """Globex's client."""
    return Api(make_key(globex).key)


@pytest.fixture
def anonymous(db: None) -> Api:
    """A client without a key."""
    return Api()


@pytest.fixture
def operator(db: None) -> Client:
    """A browser in which a superuser is logged in to the admin."""
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


class Peak:
    """Filled in when the block ends."""

    mebibytes = 0.0


@pytest.fixture
def peak_memory() -> Callable[[], AbstractContextManager[Peak]]:
    """Measures what Python allocates in a block, at its peak."""

    @contextmanager
    def measure() -> Iterator[Peak]:
        peak = Peak()
        tracemalloc.start()
        try:
            yield peak
        finally:
            peak.mebibytes = tracemalloc.get_traced_memory()[1] / 1024**2
            tracemalloc.stop()

    return measure


@pytest.fixture
def within() -> Callable[..., AbstractContextManager[None]]:
    """Fails if a block takes longer. Bounds are wide: they tell linear from quadratic, not fast from slow."""

    @contextmanager
    def watch(*, seconds: float) -> Iterator[None]:
        begin = time.monotonic()
        yield
        taken = time.monotonic() - begin
        assert taken < seconds, f"took {taken:.1f} s"

    return watch


@pytest.fixture
def huge_json() -> Callable[[Any], bytes]:
    """JSON with integers that are longer than Python's ``str()`` writes."""

    def write(value: Any) -> bytes:
        limit = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
        try:
            return json.dumps(value).encode()
        finally:
            sys.set_int_max_str_digits(limit)

    return write
