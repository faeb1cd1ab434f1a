"""DELETE /event: by customer, name and time (contract, "Events")."""

import pytest

from events import services
from events.models import Event
from tests.factories import an_event


@pytest.fixture
def stored(api, globex_api):
    for client in (api, globex_api):
        client.post(
            "event",
            [
                an_event(
                    customer_id=customer, name=name, id=f"{customer}-{name}-{time}", created_at=time
                )
                for customer in ("1", "2")
                for name in ("In", "Out")
                for time in (100, 200, 300)
            ],
        )


def left(account) -> int:
    return Event.objects.filter(account=account).count()


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "erased"),
    [
        ({"customer_id": "1"}, 6),
        ({"customer_id": ["1", "2"], "name": "In"}, 6),
        ({"customer_id": "1", "name": "In", "created_at[lt]": "300"}, 2),
        ({"name": "Out"}, 6),
        ({"name": ["In", "Out"]}, 12),
        ({"created_at[gte]": "200", "created_at[lt]": "300"}, 4),
        ({"created_at[gt]": "300"}, 0),
        ({"customer_id": "1' OR true --"}, 0),
    ],
)
def test_the_events_that_are_chosen_are_gone_and_counted(
    api, acme, globex, monkeypatch, query, erased
):
    monkeypatch.setattr(services, "_WINDOW", services._WINDOW.replace("5000", "5"))
    response = api.send("DELETE", "event", query=query)

    assert (response.status, response.data, response.json["metadata"]) == (
        200,
        [],
        {"events": erased},
    )
    assert "deleted" in response.json
    assert left(acme) == 12 - erased
    assert left(globex) == 12


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({}, [("required", None)]),
        ({"limit": "1", "name": "In"}, [("invalid", "limit")]),
        ({"sort": "created_at"}, [("invalid", "sort")]),
        ({"plan": "Starter"}, [("unknown_parameter", "plan")]),
        ({"created_at[lt]": "soon"}, [("invalid", "created_at[lt]")]),
    ],
)
def test_without_a_filter_that_is_understood_nothing_is_deleted(api, acme, query, errors):
    response = api.send("DELETE", "event", query=query)

    assert (response.status, response.errors) == (400, errors)
    assert left(acme) == 12
