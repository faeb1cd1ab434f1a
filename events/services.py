"""Everything that writes events."""

import datetime
import itertools
from collections.abc import Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Account
from accounts.queries import OPEN_ACCOUNT, check_open
from events.figures import delete_events
from events.queries import LIST
from events.schemas import NewEvent
from traitly.db.arrays import UNPACKED, packed
from traitly.db.clock import ARRIVAL
from traitly.db.group_commit import GroupCommit
from traitly.db.prepared import Prepared
from traitly.db.retries import retried
from traitly.db.timeouts import slow_statements
from traitly.lists.engine import Condition
from traitly.observability.metrics import STATEMENT_ROWS

# One statement for one event or ten thousand: no round trips, no savepoint. (The ORM's bulk_create makes a placeholder a
# value: 1,000 events were 7,000 of them.)
_INSERT = f"""
INSERT INTO events_event (account_id, id, customer_id, name, created_at, received_at, custom_attributes)
SELECT %(account_id)s::bigint, id, customer_id, name, created_at::timestamptz, {ARRIVAL},
    attributes::jsonb
FROM unnest({", ".join(map(UNPACKED.format, ["ids", "customer_ids", "names", "times", "attributes"]))})
    AS sent (id, customer_id, name, created_at, attributes)
WHERE {OPEN_ACCOUNT}
"""  # noqa: S608  only the parameters' names are put in
# The primary key decides what is stored already. To ask it for each row is an eighth of what storing costs PostgreSQL,
# so ids that were made a moment ago are not asked for.
_INSERT_NEW = Prepared(_INSERT)
_INSERT_ONCE = Prepared(f"{_INSERT} ON CONFLICT (account_id, id) DO NOTHING RETURNING id")
_MOST_GROUPED = 100  # events of a request that shares a statement: more are worth one of their own


def store_events(*, account_id: int, events: Sequence[NewEvent]) -> int:
    """Store the events, committed on return. Gives how many of them were stored before, under the same id.

    What concurrent requests of an account bring is stored together.
    """
    if not events:
        return 0
    if len(events) > _MOST_GROUPED or connection.in_atomic_block:
        return _store(account_id, [events])[0]
    return _store_grouped(account_id, events)


@retried
def _store(account_id: int, requests: Sequence[Sequence[NewEvent]]) -> list[int]:
    """Store the events of some requests; gives how many of each were stored before."""
    # In the order of ids: two requests with the same ids in opposite orders would wait for each other.
    events = sorted(itertools.chain.from_iterable(requests), key=attrgetter("id"))  # of one id, the first stays first
    STATEMENT_ROWS.observe(len(events))
    ids, customer_ids, names, times, attributes, new = zip(*events, strict=True)
    parameters = {
        "account_id": account_id,
        "ids": packed(ids),
        "customer_ids": packed(customer_ids),
        "names": packed(names),
        "times": packed(map(datetime.datetime.isoformat, times)),
        "attributes": packed(map(bytes.decode, attributes)),
    }
    with connection.cursor() as cursor:
        # An id that was made here is only known if this is a second run, and the first one's commit was not heard of.
        with suppress(IntegrityError):
            if all(new):
                _INSERT_NEW.execute(cursor, parameters)
                if not cursor.rowcount:
                    check_open(account_id=account_id)
                return [0] * len(requests)
        _INSERT_ONCE.execute(cursor, parameters)
        stored = {event_id for (event_id,) in cursor.fetchall()}
    if not stored:
        check_open(account_id=account_id)
    duplicates = []
    for request in requests:
        repeated = 0
        for event in request:
            if event.id in stored:
                stored.remove(event.id)
            else:
                repeated += not event.new
        duplicates.append(repeated)
    return duplicates


_store_grouped = GroupCommit(_store)


def delete_event(*, account_id: int, event_id: str) -> bytes | None:
    """Delete an event; gives its answer's JSON text, or None if there is no such event."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {LIST.answer} FROM events_event WHERE account_id = %s AND id = %s FOR UPDATE",  # noqa: S608  our own names
            [account_id, event_id],
        )
        row = cursor.fetchone()
        delete_events(account_id=account_id, condition="id = %(id)s", parameters={"id": event_id})
    return row[0].encode() if row else None


def erase_events(*, account_id: int, customer_id: str) -> int:
    """Delete every event of a customer; gives how many. Runs in the transaction of ``erase_customer``."""
    return delete_events(
        account_id=account_id, condition="customer_id = %(customer_id)s", parameters={"customer_id": customer_id}
    )


# Walks the account's primary key a window at a time: no index by time, which every stored event would pay for, and no
# transaction that is long enough to keep others waiting.
_WINDOW = """
SELECT max(id) FROM (
    SELECT id FROM events_event WHERE account_id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT 5000
) AS seen
"""


def prune_events(*, account_id: int, days: int) -> int:
    """Erase the account's events that happened more than ``days`` ago, in small transactions; gives how many."""
    oldest = timezone.now() - datetime.timedelta(days=days)
    return _erase_by_windows(account_id, "created_at < %(oldest)s", {"oldest": oldest})


def prune_all_events() -> int:
    """Erase what each account no longer keeps; gives how many events."""
    kept = Account.objects.filter(closed_at=None).exclude(event_retention_days=None).order_by("id")
    return sum(
        prune_events(account_id=pk, days=days or 0) for pk, days in kept.values_list("id", "event_retention_days")
    )


def erase_matching_events(*, account_id: int, equal: Mapping[str, Sequence[str]], times: Sequence[Condition]) -> int:
    """Erase the account's events with any of these values in each column, at these times; gives how many.

    A customer's are erased in one transaction. Those of all customers are erased in small ones: what is erased before a
    failure stays erased, and whoever asks again has the rest erased.
    """
    parameters: dict[str, Any] = {column: list(values) for column, values in equal.items()}
    conditions = [f"{column} = ANY(%({column})s::text[])" for column in equal]
    for number, (sql, (time,)) in enumerate(times):
        parameters[f"time_{number}"] = time
        conditions.append(sql.replace("%s", f"%(time_{number})s"))
    condition = " AND ".join(conditions)
    if "customer_id" not in equal:
        return _erase_by_windows(account_id, condition, parameters)
    with slow_statements():
        return delete_events(account_id=account_id, condition=condition, parameters=parameters)


def _erase_by_windows(account_id: int, condition: str, parameters: dict[str, Any]) -> int:
    parameters["after"] = ""
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_WINDOW, {"account_id": account_id, "after": parameters["after"]})
            last = cursor.fetchone()[0]
        if last is None:
            return total
        with slow_statements():
            total += delete_events(
                account_id=account_id,
                condition=f"id > %(after)s AND id <= %(last)s AND {condition}",
                parameters={**parameters, "last": last},
            )
        parameters["after"] = last
