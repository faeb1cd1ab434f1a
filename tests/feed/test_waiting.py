"""GET /feed?wait=..."""

import threading
import time

import pytest
from django.db import connection

from tests.client import Api
from tests.factories import a_customer, an_event
from tests.feed.test_feed import ids

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_watch_rests")]


@pytest.fixture
def _watch_rests():
    yield
    time.sleep(0.7)  # the thread that asks for those who wait has given its connection up by then


def test_it_answers_as_soon_as_there_is_something(api):
    cursor = api.get("feed").json["metadata"]["next_cursor"]

    def post() -> None:
        time.sleep(0.3)
        Api(api.key).post("event", an_event(id="e"))
        connection.close()

    sender = threading.Thread(target=post)
    begin = time.monotonic()
    sender.start()
    answer = api.get("feed", {"cursor": cursor, "wait": "20"})
    sender.join()
    assert ids(answer) == ["e"]
    assert 0.25 < time.monotonic() - begin < 10


def test_what_is_there_already_is_not_waited_for(api, within):
    api.post("event", an_event(id="e"))
    with within(seconds=5):
        assert ids(api.get("feed", {"wait": "20"})) == ["e"]


def test_it_ends_when_the_time_is_over(api):
    begin = time.monotonic()
    assert api.get("feed", {"wait": "1"}).data == []
    assert 0.9 < time.monotonic() - begin < 10


def test_what_others_get_does_not_end_it(api, globex_api):
    cursor = api.get("feed").json["metadata"]["next_cursor"]
    globex_api.post("event", an_event())
    api.post("customer", a_customer())
    begin = time.monotonic()
    assert api.get("feed", {"cursor": cursor, "wait": "1", "type": "event.created"}).data == []
    assert 0.9 < time.monotonic() - begin < 10
