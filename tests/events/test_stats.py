"""The daily stats are those of the events that are stored, whatever was counted, when, and deleted since."""

import datetime
import random
import threading
from collections import defaultdict

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Account
from customers.erasure import erase_customer
from events import stats
from events.models import Counted, Daily, DailyCustomer, DailyName, Event
from events.services import delete_event, prune_events
from events.stats import DAYS, Day, count_events, read_stats
from tests.client import Api
from tests.factories import EventFactory, a_customer, an_event

TODAY = datetime.datetime.now(datetime.UTC).date()
HOUR = datetime.timedelta(hours=1)


def at(days_ago: int, hour: int = 12) -> datetime.datetime:
    return datetime.datetime.combine(TODAY, datetime.time(hour), datetime.UTC) - datetime.timedelta(
        days=days_ago
    )


def happen(account, customer_id="1", name="Logged in", days_ago=1, **fields):
    return EventFactory.create(
        account=account, customer_id=customer_id, name=name, created_at=at(days_ago), **fields
    )


def expected(account: Account, days: int = 90) -> tuple[dict[datetime.date, Day], dict[str, int]]:
    """The stats, the slow way."""
    events: dict[datetime.date, int] = defaultdict(int)
    customers: dict[datetime.date, set[str]] = defaultdict(set)
    names: dict[str, int] = defaultdict(int)
    for event in Event.objects.filter(account=account):
        day = event.created_at.astimezone(datetime.UTC).date()
        if TODAY - datetime.timedelta(days=days - 1) <= day <= TODAY:
            events[day] += 1
            customers[day].add(event.customer_id)
            names[event.name] += 1
    return {day: Day(events[day], len(customers[day])) for day in events}, dict(names)


def check(account: Account) -> None:
    found = read_stats(account_id=account.pk, days=90, today=TODAY)
    days, names = expected(account)
    assert {day: row for day, row in found.days.items() if row.events} == days
    assert dict(found.names) == names
    assert found.complete


def count(account: Account) -> None:
    # A test's transaction has not ended, so nothing in it is settled: the watermark is put ahead.
    assert count_events(account_id=account.pk, seconds=10, until=timezone.now() + HOUR)
    # What is received from here on comes after the watermark, as it would be a while later.
    Counted.objects.filter(account=account).update(received_until=timezone.now())


def test_events_are_seen_before_they_are_counted(acme):
    happen(acme)
    happen(acme, days_ago=0)
    check(acme)
    assert not Daily.objects.exists()


def test_events_are_counted_once(acme, globex):
    for customer_id, name, days_ago in [
        ("1", "a", 1),
        ("1", "b", 1),
        ("2", "a", 1),
        ("1", "a", 89),
        ("1", "a", 0),
    ]:
        happen(acme, customer_id, name, days_ago)
    happen(globex, days_ago=1)
    count(acme)
    check(acme)
    assert Daily.objects.get(account=acme, day=TODAY - datetime.timedelta(days=1)).customers == 2
    count(acme)
    check(acme)
    check(globex)


def test_later_events_are_added_to_what_is_counted(acme):
    happen(acme, "1", "a")
    happen(acme, "2", "a")
    count(acme)
    happen(acme, "1", "a")
    happen(acme, "3", "b")
    check(acme)
    count(acme)
    check(acme)


def test_days_are_those_of_utc(acme):
    EventFactory.create(account=acme, created_at=at(2, 0) - datetime.timedelta(microseconds=1))
    EventFactory.create(account=acme, created_at=at(2, 0))
    count(acme)
    assert sorted(read_stats(account_id=acme.pk, days=90, today=TODAY).days) == [
        TODAY - datetime.timedelta(days=3),
        TODAY - datetime.timedelta(days=2),
    ]


def test_old_events_are_not_counted_and_old_days_are_forgotten(acme):
    happen(acme, days_ago=DAYS + 1)
    long_ago = TODAY - datetime.timedelta(days=DAYS + 1)
    Daily.objects.create(account=acme, day=long_ago, events=1, customers=1)
    DailyName.objects.create(account=acme, day=long_ago, events=1, name="a")
    DailyCustomer.objects.create(account=acme, day=long_ago, events=1, customer_id="1")
    count(acme)
    for table in (Daily, DailyName, DailyCustomer):
        assert not table.objects.exists()


def test_events_of_the_future_wait_for_their_day(acme):
    happen(acme, name="Tomorrow's", days_ago=-1)
    count(acme)
    assert read_stats(account_id=acme.pk, days=90, today=TODAY).names == []
    tomorrow = TODAY + datetime.timedelta(days=1)
    assert read_stats(account_id=acme.pk, days=90, today=tomorrow).days == {tomorrow: Day(1, 1)}


def test_deleting_an_event_subtracts_it(acme):
    kept, counted = happen(acme, "1", "a"), happen(acme, "1", "a")
    only = happen(acme, "2", "b")
    count(acme)
    not_counted = happen(acme, "1", "a")
    for event in (counted, only, not_counted):
        delete_event(account_id=acme.pk, event_id=event.pk)
        check(acme)
    assert read_stats(account_id=acme.pk, days=90, today=TODAY).names == [("a", 1)]
    count(acme)
    check(acme)
    assert list(Event.objects.all()) == [kept]


def test_erasing_a_customer_leaves_nothing_of_it_in_the_figures(acme, globex):
    for account in (acme, globex):
        for days_ago in (1, 1, 2):
            happen(account, "1", "only of 1", days_ago)
        happen(account, "2", days_ago=2)
        count(account)
    happen(acme, "1", days_ago=0)
    erase_customer(account_id=acme.pk, customer_id="1")
    check(acme)
    check(globex)
    assert set(
        DailyCustomer.objects.filter(account=acme).values_list("customer_id", flat=True)
    ) == {"2"}
    assert set(DailyName.objects.filter(account=acme).values_list("name", flat=True)) == {
        "Logged in"
    }


def test_deleting_before_anything_is_counted(acme):
    happen(acme, "1")
    erase_customer(account_id=acme.pk, customer_id="1")
    happen(acme, "2")
    count(acme)
    check(acme)


def test_erasing_by_age_subtracts_too(acme):
    for days_ago in (1, 40, 40, 50):
        happen(acme, days_ago=days_ago)
    count(acme)
    assert prune_events(account_id=acme.pk, days=30) == 3
    check(acme)
    assert DailyCustomer.objects.count() == 1


def test_random_histories(acme, monkeypatch):
    monkeypatch.setattr(stats, "_CHUNK", 3)
    chance = random.Random(20261123)
    for _ in range(150):
        match chance.choice(["happen", "happen", "happen", "delete", "erase", "count"]):
            case "happen":
                happen(acme, str(chance.randrange(5)), chance.choice("abc"), chance.randrange(95))
            case "delete":
                if event := Event.objects.order_by("?").first():
                    delete_event(account_id=acme.pk, event_id=event.pk)
            case "erase":
                erase_customer(account_id=acme.pk, customer_id=str(chance.randrange(5)))
            case "count":
                count(acme)
        check(acme)


def test_chunks_end_between_times_not_within_one(acme, monkeypatch):
    monkeypatch.setattr(stats, "_CHUNK", 10)
    batches = [timezone.now() - datetime.timedelta(seconds=60 - second) for second in range(4)]
    for received_at in batches:
        for number in range(25):
            happen(acme, str(number), received_at=received_at)
    count(acme)
    check(acme)


def test_counting_stops_when_its_time_is_up(acme, monkeypatch):
    monkeypatch.setattr(stats, "_CHUNK", 1)
    monkeypatch.setattr(stats, "_MAX_LIVE", 2)
    for second in range(6):
        happen(acme, received_at=timezone.now() - datetime.timedelta(seconds=60 - second))
    assert not count_events(account_id=acme.pk, seconds=0, until=timezone.now() + HOUR)
    assert not read_stats(account_id=acme.pk, days=90, today=TODAY).complete
    count(acme)
    check(acme)


def test_names_are_the_ten_most_frequent(acme):
    for number in range(12):
        for _ in range(number + 1):
            happen(acme, name=f"name {number}")
    count(acme)
    names = read_stats(account_id=acme.pk, days=90, today=TODAY).names
    assert names == [(f"name {number}", number + 1) for number in range(11, 1, -1)]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_still_runs_holds_the_watermark_back(acme):
    """Its event was received before the watermark would be, and becomes visible after."""
    written, counted = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            happen(acme, "slow")
            written.set()
            counted.wait(10)
        connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    written.wait(10)
    happen(acme, "fast")
    count_events(account_id=acme.pk, seconds=10)
    counted.set()
    writer.join()
    count_events(account_id=acme.pk, seconds=10)
    check(acme)
    assert Daily.objects.get(account=acme).events == 2


@pytest.mark.django_db(transaction=True)
def test_counting_twice_at_once_counts_once(acme):
    happen(acme)
    count_events(account_id=acme.pk, seconds=10)
    for _ in range(300):
        happen(acme)
    barrier = threading.Barrier(4)

    def look() -> None:
        barrier.wait()
        count_events(account_id=acme.pk, seconds=10)
        connection.close()

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    check(acme)


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_is_counted_at_once(api: Api, acme):
    """Whatever the clock of this machine says: the database's alone decides."""
    api.post("event", [an_event(id=str(number)) for number in range(5)])
    assert count_events(account_id=acme.pk, seconds=10)
    assert Daily.objects.get(account=acme).events == 5


def test_sending_events_touches_no_figures(api: Api, acme, django_assert_num_queries):
    api.post("event", an_event())  # the key is looked up
    with django_assert_num_queries(1):
        api.post("event", [an_event(), an_event()])
    api.post("customer", a_customer())
    assert not Daily.objects.exists()
    assert not Counted.objects.exists()
