"""GET and DELETE /event/{id} (contract, "Events")."""

import pytest

from events.models import Event
from tests.factories import an_event


@pytest.fixture
def event(api):
    return api.post("event", an_event("1", id="e", created_at=5, a=1)).row


def test_one_event(api, event):
    response = api.get("event/e")

    assert response.status == 200
    assert response.data == [event]


def test_delete_answers_with_what_was_deleted(api, event):
    api.post("event", an_event("1", id="other"))

    response = api.delete("event/e")

    assert response.status == 200
    assert response.data == [event]
    assert [row.id for row in Event.objects.all()] == ["other"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("event_id", ["nothing", "E", "e%20", "x" * 256, "%00", "e%00", "%FF"])
def test_no_such_event_is_404(api, event, method, event_id):
    response = api.send(method, f"event/{event_id}")

    assert response.status == 404
    assert response.errors == [("not_found", None)]


def test_a_deleted_event_is_404(api, event):
    api.delete("event/e")

    assert api.get("event/e").status == 404
    assert api.delete("event/e").status == 404
