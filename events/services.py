"""Everything that writes events."""

from collections.abc import Sequence

from django.db import connection, transaction
from django.utils import timezone

from events.queries import LIST
from events.schemas import NewEvent
from traitly.api.database import retried

# One statement for one event or ten thousand: no round trips, no savepoint. The primary key decides what is stored
# already. (The ORM's bulk_create makes a placeholder a value: 1,000 events were 7,000 of them.)
_INSERT = """
INSERT INTO events_event (account_id, id, customer_id, name, created_at, received_at, custom_attributes)
SELECT %(account_id)s, id, customer_id, name, created_at, %(received_at)s, attributes::jsonb
FROM unnest(%(ids)s::text[], %(customer_ids)s::text[], %(names)s::text[], %(times)s::timestamptz[], %(attributes)s::text[])
    AS sent (id, customer_id, name, created_at, attributes)
ON CONFLICT (account_id, id) DO NOTHING
"""


@retried
def store_events(*, account_id: int, events: Sequence[NewEvent]) -> int:
    """Store the events, committed on return. Gives how many of them were stored before, under the same id."""
    if not events:
        return 0
    # In the order of ids: two requests with the same ids in opposite orders would wait for each other.
    events = sorted(events)
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "account_id": account_id,
                "received_at": timezone.now(),
                "ids": [event.id for event in events],
                "customer_ids": [event.customer_id for event in events],
                "names": [event.name for event in events],
                "times": [event.created_at for event in events],
                "attributes": [event.attributes.decode() for event in events],
            },
        )
        stored: int = cursor.rowcount
    return len(events) - stored


def delete_event(*, account_id: int, event_id: str) -> bytes | None:
    """Delete an event; gives its answer's JSON text, or None if there is no such event."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {LIST.answer} FROM events_event WHERE account_id = %s AND id = %s FOR UPDATE",  # noqa: S608
            [account_id, event_id],
        )
        row = cursor.fetchone()
        cursor.execute("DELETE FROM events_event WHERE account_id = %s AND id = %s", [account_id, event_id])
    return row[0].encode() if row else None


def erase_events(*, account_id: int, customer_id: str) -> int:
    """Delete every event of a customer; gives how many. Runs in the transaction of ``erase_customer``."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_event WHERE account_id = %s AND customer_id = %s", [account_id, customer_id])
        erased: int = cursor.rowcount
    return erased
