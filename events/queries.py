"""Everything that reads events."""

import dataclasses

from django.db import connection

from traitly.api.lists import ListDefinition, Sort, time_range, time_sort
from traitly.api.values import UNIX_SECONDS

# A customer's events of one name; walks the index events_by_customer_name.
LIST = ListDefinition(
    table="events_event",
    # The reference's four fields in its order, then id and custom_attributes.
    columns={
        "customer_id": "customer_id",
        "name": "name",
        "created_at": UNIX_SECONDS.format("created_at"),
        "success": "1",
        "id": "id",
        "custom_attributes": "custom_attributes",
    },
    key="id",
    sorts={"created_at": time_sort("created_at")},
    equal=("customer_id", "name"),
    ranges={"created_at": time_range("created_at")},
    required=("customer_id", "name"),
)

# A customer's events of all names or some; walks the index events_by_customer.
TIMELINE = dataclasses.replace(LIST, equal=("name",), required=())

# All events of an account, for `manage.py export_data`; walks the primary key. (No index has the order of created_at
# across customers: events would pay for it with every write.)
EXPORT = dataclasses.replace(LIST, sorts={"id": Sort("id", str)}, equal=(), ranges={}, required=())


def get_event(*, account_id: int, event_id: str) -> bytes | None:
    """The JSON text of the event's answer, None if the account has no such event."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {LIST.answer} FROM events_event WHERE account_id = %s AND id = %s",  # noqa: S608
            [account_id, event_id],
        )
        row = cursor.fetchone()
    return row[0].encode() if row else None


def has_events(*, account_id: int, customer_id: str) -> bool:
    """Whether the account has an event of this customer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM events_event WHERE account_id = %s AND customer_id = %s)",
            [account_id, customer_id],
        )
        return bool(cursor.fetchone()[0])
