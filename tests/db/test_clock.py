"""Rows that are read up to ``settled()``, in the order of arrival, are read once each, whatever else happens."""

import datetime
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from accounts.models import Account
from events.models import Event
from events.schemas import NewEvent
from events.services import store_events
from traitly.db.clock import settle, settled

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def event(event_id: str) -> NewEvent:
    return NewEvent(
        event_id, "1", "Logged in", datetime.datetime.now(datetime.UTC), b"{}", new=True
    )


def store(account: Account, *ids: str) -> None:
    store_events(account_id=account.pk, events=[event(each) for each in ids])


def arrived(account: Account) -> list[str]:
    until = settle()
    rows = Event.objects.filter(account=account, received_at__lte=until).order_by(
        "received_at", "id"
    )
    return list(rows.values_list("id", flat=True))


@contextmanager
def open_transaction(
    account: Account, event_id: str, *, commit: bool = True
) -> Iterator[threading.Event]:
    """Another connection has stored an event, and commits or rolls back when it is told to, or the block ends."""
    stored, end = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            store(account, event_id)
            stored.set()
            end.wait(20)
            transaction.set_rollback(not commit)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    stored.wait(20)
    try:
        yield end
    finally:
        end.set()
        thread.join()


@pytest.fixture
def stepping_clock(db) -> Iterator[str]:
    """A search path on which the database's clock jumps back and forth by seconds, each time that it is looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE SCHEMA stepping; CREATE FUNCTION stepping.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql "
            "AS $$ SELECT pg_catalog.clock_timestamp() - random() * interval '10 seconds' $$"
        )
        cursor.execute("SHOW search_path")
        before = cursor.fetchone()[0]
    yield "stepping, pg_catalog, public"
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path = {before}; DROP SCHEMA stepping CASCADE")


def test_what_is_committed_has_arrived(acme):
    store(acme, "a")
    store(acme, "b", "c")

    assert arrived(acme) == ["a", "b", "c"]
    assert settled() >= Event.objects.latest("received_at").received_at


def test_a_transaction_that_is_open_holds_back_what_came_after_it(acme):
    store(acme, "before")
    assert arrived(acme) == ["before"]
    with open_transaction(acme, "slow") as end:
        store(acme, "after")
        assert arrived(acme) == ["before"]
        end.set()
        time.sleep(0.05)
        assert arrived(acme) == ["before", "slow", "after"]


def test_what_was_rolled_back_holds_nobody_back(acme):
    with open_transaction(acme, "gone", commit=False) as end:
        store(acme, "after")
        end.set()
        time.sleep(0.05)
        assert arrived(acme) == ["after"]


def test_writers_never_wait(acme, within):
    with open_transaction(acme, "slow"), within(seconds=5):
        assert arrived(acme) == []
        for number in range(20):
            store(acme, str(number))


def test_inside_a_transaction_nothing_is_settled(acme):
    store(acme, "before")
    arrived(acme)
    with transaction.atomic():
        store(acme, "own")
        assert arrived(acme) == ["before"]


def test_a_clock_that_steps_back_changes_no_order(acme, stepping_clock):
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path = {stepping_clock}")
    seen: list[str] = []
    for number in range(100):
        store(acme, f"{number:03}")
        now = arrived(acme)
        while len(now) == number:  # on a busy machine others may be waited for
            now = arrived(acme)
        assert now[: len(seen)] == seen
        seen = now
    assert seen == [f"{number:03}" for number in range(100)]


@pytest.mark.parametrize("steps", [False, True], ids=["steady clock", "stepping clock"])
def test_every_reader_sees_every_event_once_in_one_order(acme, stepping_clock, steps):
    """32 writers, slow, rolling back, some killed in the middle of a transaction; 8 readers."""
    path = stepping_clock if steps else "public"
    committed: list[str] = []
    done = threading.Event()
    ends = time.monotonic() + 4

    def on_own_connection(work) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET search_path = {path}")
        try:
            work()
        finally:
            connection.close()

    def write(writer: int) -> None:
        chance = random.Random(writer)
        number = 0
        while time.monotonic() < ends:
            ids = [f"{writer}-{number + i}" for i in range(chance.choice([1, 1, 5]))]
            number += len(ids)
            fate = chance.choice(["alone", "alone", "slow", "rolled back", "killed"])
            if fate == "alone":
                store(acme, *ids)
                committed.extend(ids)
                continue
            with transaction.atomic():
                store(acme, *ids)
                time.sleep(chance.random() * 0.05)
                transaction.set_rollback(fate != "slow")
                if fate == "killed":
                    # As a process that dies: its transaction ends with the connection
                    connection.connection.close()
                    connection.close()
            if fate == "slow":
                committed.extend(ids)
            elif fate == "killed":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET search_path = {path}")

    def read(seen: list[str]) -> None:
        position = (datetime.datetime.min.replace(tzinfo=datetime.UTC), "")
        while True:
            last = done.is_set()
            until = settle()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT received_at, id FROM events_event WHERE account_id = %s AND (received_at, id) > (%s, %s) "
                    "AND received_at <= %s ORDER BY received_at, id LIMIT 50",
                    [acme.pk, *position, until],
                )
                rows = cursor.fetchall()
            seen += [each for _, each in rows]
            if rows:
                position = rows[-1]
            elif last and len(seen) >= len(committed):
                return

    readers: list[list[str]] = [[] for _ in range(8)]
    writing = [
        threading.Thread(target=on_own_connection, args=[lambda w=w: write(w)]) for w in range(32)
    ]
    reading = [
        threading.Thread(target=on_own_connection, args=[lambda s=s: read(s)]) for s in readers
    ]
    for thread in writing + reading:
        thread.start()
    for thread in writing:
        thread.join()
    done.set()
    for thread in reading:
        thread.join(30)

    assert len(committed) > 100
    assert sorted(readers[0]) == sorted(committed)
    assert all(seen == readers[0] for seen in readers)


def test_on_citus_what_ends_here_before_it_is_committed_on_a_worker_is_waited_for(
    acme, monkeypatch
):
    """It has no id any more, and still its lock."""
    monkeypatch.setattr("traitly.db.clock.is_distributed", lambda: True)
    settle(patience=10)  # others of an earlier test
    locked, end = threading.Event(), threading.Event()

    def commit_slowly() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE events_event IN ROW EXCLUSIVE MODE")
            locked.set()
            end.wait(20)
        connection.close()

    thread = threading.Thread(target=commit_slowly)
    thread.start()
    assert locked.wait(10)
    before = settled()
    assert settle(patience=0.05) == before
    end.set()
    thread.join()
    assert settle(patience=10) > before
