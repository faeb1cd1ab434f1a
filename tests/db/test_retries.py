"""When a service is run again, and what a lost connection looks like."""

import psycopg2
import pytest
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connection
from psycopg2 import errors

from tests.factories import an_event
from traitly.db import retries
from traitly.db.retries import retried, retried_if_rolled_back

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _whole_connection_afterwards():
    yield
    connection.close()


class Service:
    """Fails as often as it has ``failures``, each a Django error with its cause, then gives the attempt's number."""

    def __init__(self, *failures, loses_connection=True):
        self.failures = list(failures)
        self.loses_connection = loses_connection
        self.attempts = 0

    def __call__(self, *_args, **_kwargs):
        self.attempts += 1
        connection.ensure_connection()
        if self.attempts <= len(self.failures):
            if self.loses_connection:
                connection.connection.close()
            error, cause = self.failures[self.attempts - 1]
            raise error from cause
        return self.attempts


# What psycopg2 raises where a backend was killed depends on what it was waiting for.
LOST = [
    (DatabaseError("server closed the connection unexpectedly"), psycopg2.DatabaseError()),
    (OperationalError("SSL SYSCALL error: EOF detected"), psycopg2.OperationalError()),
    (
        OperationalError("terminating connection due to administrator command"),
        errors.AdminShutdown(),
    ),
    (InterfaceError("connection already closed"), psycopg2.InterfaceError()),
]


@pytest.mark.parametrize("failure", LOST, ids=lambda failure: type(failure[1]).__name__)
def test_a_lost_connection_is_replaced_and_the_service_run_again(failure):
    assert retried(Service(failure, failure))() == 3


def test_a_service_is_run_three_times_at_most():
    service = Service(*LOST)

    with pytest.raises(OperationalError):
        retried(service)()

    assert service.attempts == 3


@pytest.mark.parametrize("cause", [errors.DeadlockDetected(), errors.SerializationFailure()])
def test_what_lost_against_another_transaction_is_run_again(cause):
    assert retried(Service((OperationalError(), cause), loses_connection=False))() == 2


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OperationalError(), errors.QueryCanceled()),
        (OperationalError(), errors.LockNotAvailable()),
        (InternalError(), errors.InternalError_()),
    ],
)
def test_what_was_cancelled_or_is_refused_is_not_run_again(monkeypatch, error, cause):
    monkeypatch.setattr(retries, "is_distributed", lambda: False)
    service = Service((error, cause), loses_connection=False)

    with pytest.raises(type(error)):
        retried(service)()

    assert service.attempts == 1


@pytest.mark.parametrize("run_again", [retried, retried_if_rolled_back])
def test_what_citus_refuses_while_shards_move_is_run_again(monkeypatch, run_again):
    monkeypatch.setattr(retries, "is_distributed", lambda: True)
    failure = (
        InternalError("could not find valid entry for shard 102072"),
        errors.InternalError_(),
    )

    assert run_again(Service(failure, failure, loses_connection=False))() == 3


@pytest.mark.parametrize("cause", [errors.DeadlockDetected(), errors.SerializationFailure()])
def test_what_may_not_run_twice_is_run_again_after_a_deadlock(cause):
    assert (
        retried_if_rolled_back(Service((OperationalError(), cause), loses_connection=False))() == 2
    )


@pytest.mark.parametrize("failure", LOST, ids=lambda failure: type(failure[1]).__name__)
def test_what_may_not_run_twice_is_not_run_again_when_the_connection_is_lost(failure):
    service = Service(failure)

    with pytest.raises(type(failure[0])):
        retried_if_rolled_back(service)()

    assert service.attempts == 1


def test_what_ran_for_long_before_its_connection_was_killed_is_not_run_again(monkeypatch):
    """An operator kills it because it runs for long: again, it would do so again."""
    monkeypatch.setattr(retries, "_MAX_SECONDS", 0)
    service = Service(LOST[2])

    with pytest.raises(OperationalError):
        retried(service)()

    assert service.attempts == 1


@pytest.mark.parametrize("failure", LOST, ids=lambda failure: type(failure[1]).__name__)
def test_a_connection_lost_every_time_is_503(api, monkeypatch, failure):
    monkeypatch.setattr("events.views.store_events", Service(*[failure] * 3))

    response = api.post("event", an_event())

    assert (response.status, response.errors) == (503, [("service_unavailable", None)])
    assert int(response.headers["Retry-After"]) >= 1


def test_a_database_that_takes_no_writes_is_503_and_connected_to_anew(api, monkeypatch):
    """The session stays read-only where the database is writable again, or another server has become the primary."""
    failure = (
        InternalError("cannot execute INSERT in a read-only transaction"),
        errors.ReadOnlySqlTransaction(),
    )
    monkeypatch.setattr("events.views.store_events", Service(failure, loses_connection=False))

    response = api.post("event", an_event())

    assert (response.status, response.errors) == (503, [("service_unavailable", None)])
    assert connection.connection is None


def test_another_database_error_is_500(api, monkeypatch):
    failure = (DatabaseError("unknown operator"), errors.UndefinedFunction())
    monkeypatch.setattr("events.views.store_events", Service(failure, loses_connection=False))

    assert api.post("event", an_event()).status == 500
