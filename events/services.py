"""Everything that writes events."""

import datetime
import itertools
from collections.abc import Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from accounts.models import Account
from accounts.queries import OPEN_ACCOUNT, check_open, is_open
from accounts.quotas import return_events, spend_events
from events.queries import LIST
from events.schemas import NewEvent
from events.stats import delete_events
from traitly.db.arrays import UNPACKED, packed
from traitly.db.citus import is_distributed
from traitly.db.clock import ARRIVAL
from traitly.db.group_commit import GroupCommit
from traitly.db.prepared import Prepared
from traitly.db.retries import retried, retried_if_rolled_back
from traitly.db.timeouts import slow_statements
from traitly.input.errors import AccountGoneError
from traitly.lists.definition import Condition
from traitly.observability.metrics import STATEMENT_ROWS

# One statement for one event or ten thousand: no round trips, no savepoint. (The ORM's bulk_create
# makes a placeholder a value: 1,000 events were 7,000 of them.)
_COLUMNS = ("ids", "customer_ids", "names", "times", "attributes")
_NAMES = ("id", "customer_id", "name", "created_at", "attributes")
_INSERT = f"""
INSERT INTO events_event (account_id, id, customer_id, name, created_at, received_at, custom_attributes)
SELECT %(account_id)s::bigint, id, customer_id, name, created_at::timestamptz, {ARRIVAL},
    attributes::jsonb
FROM unnest({", ".join(map(UNPACKED.format, _COLUMNS))}) AS sent ({", ".join(_NAMES)})
WHERE {OPEN_ACCOUNT}
"""
# The primary key decides what is already stored. Checking it for each row is an eighth of
# PostgreSQL's cost of storing, so ids that were made a moment ago are not checked.
_INSERT_NEW = Prepared(_INSERT)
_INSERT_ONCE = Prepared(f"{_INSERT} ON CONFLICT (account_id, id) DO NOTHING RETURNING id")
# The same for events of several accounts. None waits for another account, because nobody else has
# the new ids.
_INSERT_SHARED = Prepared(
    f"""
INSERT INTO events_event (account_id, id, customer_id, name, created_at, received_at, custom_attributes)
SELECT account_id::bigint, id, customer_id, name, created_at::timestamptz, {ARRIVAL}, attributes::jsonb
FROM unnest({", ".join(map(UNPACKED.format, ["account_ids", *_COLUMNS]))}) AS sent (account_id, {", ".join(_NAMES)})
WHERE EXISTS (SELECT FROM accounts_account WHERE id = sent.account_id::bigint AND closed_at IS NULL)
"""
)
_MAX_GROUPED = 100  # events; a request with more gets its own statement
_GONE = -1  # instead of a number of duplicates: the account is being erased


def store_events(*, account_id: int, events: Sequence[NewEvent]) -> int:
    """Store the events, committed on return. Gives how many of them were stored before, under the same id.

    What concurrent requests bring is stored together: those of one account, or all whose ids were
    made here, unless accounts lie on several machines. ``QuotaExceededError`` if they are more than
    the account may store today.
    """
    if not events:
        return 0
    spend_events(account_id=account_id, events=len(events))
    duplicates = _store_in_company(account_id, events)
    if duplicates:
        return_events(account_id=account_id, events=duplicates)
    return duplicates


def _store_in_company(account_id: int, events: Sequence[NewEvent]) -> int:
    """Store the events, together with those of concurrent requests if they are few."""
    if len(events) > _MAX_GROUPED or connection.in_atomic_block:
        return _store(account_id, [events])[0]
    alone = not all(event.new for event in events) or is_distributed()
    duplicates = _store_grouped(account_id if alone else None, (account_id, events))
    if duplicates == _GONE:
        raise AccountGoneError
    return duplicates


def _store_requests(
    _key: int | None, requests: Sequence[tuple[int, Sequence[NewEvent]]]
) -> list[int]:
    """Store the events of some requests, each with its account; returns how many of each were duplicates."""
    accounts = {account_id for account_id, _ in requests}
    if len(accounts) > 1:
        return _store_shared(requests)
    return _store(accounts.pop(), [events for _, events in requests])


_store_grouped = GroupCommit(_store_requests)


@retried
def _store_shared(requests: Sequence[tuple[int, Sequence[NewEvent]]]) -> list[int]:
    """Store events of several accounts, all under new ids; 0 for each request, or ``_GONE``.

    ``IntegrityError`` if this is a second run, and the first one's commit was not heard of: then
    each request is stored alone (``GroupCommit``).
    """
    rows = [(account_id, event) for account_id, events in requests for event in events]
    STATEMENT_ROWS.observe(len(rows))
    accounts, events = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        _INSERT_SHARED.execute(
            cursor, {"account_ids": packed(map(str, accounts)), **_parameters(events)}
        )
        if cursor.rowcount == len(rows):
            return [0] * len(requests)
    closed = {account_id for account_id in set(accounts) if not is_open(account_id=account_id)}
    return [_GONE if account_id in closed else 0 for account_id, _ in requests]


def _parameters(events: Sequence[NewEvent]) -> dict[str, str]:
    ids, customer_ids, names, times, attributes, _ = zip(*events, strict=True)
    return {
        "ids": packed(ids),
        "customer_ids": packed(customer_ids),
        "names": packed(names),
        "times": packed(map(datetime.datetime.isoformat, times)),
        "attributes": packed(map(bytes.decode, attributes)),
    }


@retried
def _store(account_id: int, requests: Sequence[Sequence[NewEvent]]) -> list[int]:
    """Store the events of some requests; returns how many of each were duplicates."""
    # In the order of ids: two requests with the same ids in opposite orders would deadlock.
    events = sorted(
        itertools.chain.from_iterable(requests), key=attrgetter("id")
    )  # the sort is stable: the first of several with one id stays first
    STATEMENT_ROWS.observe(len(events))
    parameters = {"account_id": account_id, **_parameters(events)}
    with connection.cursor() as cursor:
        # An id that was made here is only known if this is a second run, and the first one's commit
        # was not heard of. Citus loses the error's class (it copies rows to the worker): whatever
        # it was, the next statement finds it too.
        with suppress(IntegrityError, InternalError):
            if all(event.new for event in events):
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


@retried_if_rolled_back
def delete_event(*, account_id: int, event_id: str) -> bytes | None:
    """Delete an event; returns its row's JSON text, or None if there is no such event."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {LIST.json_sql} FROM events_event WHERE account_id = %s AND id = %s FOR UPDATE",
            [account_id, event_id],
        )
        row = cursor.fetchone()
        delete_events(account_id=account_id, condition="id = %(id)s", parameters={"id": event_id})
    return row[0].encode() if row else None


def erase_events(*, account_id: int, customer_id: str) -> int:
    """Delete every event of a customer; returns how many. Runs in the transaction of ``erase_customer``."""
    return delete_events(
        account_id=account_id,
        condition="customer_id = %(customer_id)s",
        parameters={"customer_id": customer_id},
    )


# Walks the account's primary key a window at a time: no index by time, which every stored event
# would pay for, and no transaction that is long enough to keep others waiting.
_WINDOW = """
SELECT max(id) FROM (
    SELECT id FROM events_event WHERE account_id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT 5000
) AS seen
"""


def prune_events(*, account_id: int, days: int) -> int:
    """Erase the account's events that happened more than ``days`` ago, in small transactions; returns how many."""
    oldest = timezone.now() - datetime.timedelta(days=days)
    return _erase_by_windows(account_id, "created_at < %(oldest)s", {"oldest": oldest})


def prune_all_events() -> int:
    """Erase events past each account's retention; returns how many."""
    kept = Account.objects.filter(closed_at=None).exclude(event_retention_days=None).order_by("id")
    return sum(
        prune_events(account_id=pk, days=days or 0)
        for pk, days in kept.values_list("id", "event_retention_days")
    )


def erase_matching_events(
    *, account_id: int, equal: Mapping[str, Sequence[str]], times: Sequence[Condition]
) -> int:
    """Erase the account's events with any of these values in each column, at these times; returns how many.

    A customer's are erased in one transaction. Those of all customers are erased in small ones:
    what is erased before a failure stays erased, and whoever asks again has the rest erased.
    """
    parameters: dict[str, Any] = {column: list(values) for column, values in equal.items()}
    conditions = [f"{column} = ANY(%({column})s::text[])" for column in equal]
    for number, (sql, (time,)) in enumerate(times):
        parameters[f"time_{number}"] = time
        conditions.append(sql.replace("%s", f"%(time_{number})s"))
    condition = " AND ".join(conditions)
    if "customer_id" not in equal:
        return _erase_by_windows(account_id, condition, parameters)
    return _erase_at_once(account_id, condition, parameters)


@retried_if_rolled_back
def _erase_at_once(account_id: int, condition: str, parameters: dict[str, Any]) -> int:
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
        window = f"id > %(after)s AND id <= %(last)s AND {condition}"
        total += _erase_at_once(account_id, window, {**parameters, "last": last})
        parameters["after"] = last
