"""The SQL that writes customers, made of the declarations in ``customers.columns``."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from accounts.queries import OPEN_ACCOUNT
from customers.columns import ATTRIBUTES, HISTORIC, KEY, MERGED, REPLACED, Column
from customers.queries import LIST
from traitly.db.arrays import UNPACKED, UNPACKED_NULLABLE
from traitly.db.clock import ARRIVAL
from traitly.db.prepared import Prepared

# The columns that may be left out, each with its bit in the mask of those that were: a POST leaves
# out some, a profile of Segment's any.
BITS = {each.name: 1 << position for position, each in enumerate(REPLACED)}

# What the statement takes as arrays: texts that are never null nor empty, and those that may be.
_PACKED = ("id", KEY, ATTRIBUTES)
_NULLABLE = tuple(each.name for each in REPLACED)

# ON CONFLICT shows its row of the request as EXCLUDED, which has the table's columns only: what
# else an update has to know (which fields to leave, which attributes to remove) it looks up by
# customer_id. In scalar subqueries, because on Citus, where nothing is prepared, the statement's
# CTEs do not reach DO UPDATE, and each mention would repeat the text.
_USUALLY_UNSENT = "%(usually_unsent)s::int"
_UNSENT = f"coalesce(((SELECT %(unsent)s::jsonb) -> {{row}}.customer_id)::int, {_USUALLY_UNSENT})"
_REMOVED = "(SELECT %(removed)s::jsonb)"


def _merged(each: Column, row: str, *, profiles: bool, alike: bool) -> str:
    """SQL: what an update makes of a column that was stored, by a ``row`` of the request (EXCLUDED or sent)."""
    if each.name == ATTRIBUTES:
        kept = f"""CASE WHEN {_REMOVED} ? {row}.customer_id
            THEN stored.custom_attributes - ARRAY(SELECT jsonb_array_elements_text({_REMOVED} -> {row}.customer_id))
            ELSE stored.custom_attributes END"""
        return f"{'stored.custom_attributes' if alike else kept} || {row}.custom_attributes"
    if each.required and not profiles:
        return f"{row}.{each.name}"
    unsent = _USUALLY_UNSENT if alike else _UNSENT.format(row=row)
    return f"CASE WHEN {unsent} & {BITS[each.name]} = 0 THEN {row}.{each.name} ELSE stored.{each.name} END"


def _unchanged(row: str, *, profiles: bool, alike: bool) -> str:
    """SQL: whether an update would change nothing. First what changes most, then what is quickly compared."""
    columns = sorted(MERGED, key=lambda each: (each.name != ATTRIBUTES, not each.required))
    return " AND ".join(
        f"stored.{each.name} IS NOT DISTINCT FROM {_merged(each, row, profiles=profiles, alike=alike)}"
        for each in columns
    )


# What follows from a change; {} is where the rows stand that were changed or created.
_KEEP_CHANGE = """
    INSERT INTO customers_change (account_id, changed_at, customer_id, attributes)
    SELECT account_id, updated_at, customer_id, custom_attributes FROM {}
    ON CONFLICT (account_id, customer_id) DO UPDATE SET
        changed_at = EXCLUDED.changed_at, attributes = EXCLUDED.attributes"""
# One scan of the rows for each column: VALUES for each row took three times as long.
_KEEP_BEFORE = (
    "INSERT INTO customers_history (account_id, changed_at, customer_id, field, before, after)"
    + " UNION ALL ".join(
        f"""
    SELECT account_id, updated_at, customer_id, '{each.name}', previous[{place}], {each.as_text()} FROM {{source}}
    WHERE previous IS NOT NULL AND previous[{place}] IS DISTINCT FROM {each.as_text()}"""
        for place, each in enumerate(HISTORIC, start=1)
    )
)
# With the same statement, whose CTE `stored` has the rows.
FOLLOWS = f"change AS ({_KEEP_CHANGE.format('stored')}), history AS ({_KEEP_BEFORE.format(source='stored')})"
# By statements of their own, in the same transaction. Citus sends what a CTE gives to an INSERT to
# every node: one that is down would stop the writes of all accounts. These go to the account's node
# alone.
_CHANGED = """(
    SELECT * FROM customers_customer WHERE account_id = %(account_id)s::bigint AND customer_id = ANY(%(changed)s::text[])
) AS stored"""
FOLLOWS_IN_STEPS = f"{_KEEP_CHANGE.format(_CHANGED)}; {_KEEP_BEFORE.format(source=_CHANGED)}"

# Set with every update. Each time is later than the one before, whatever the clock says.
STAMP = f"""
    updated_at = greatest({{now}}, (stored.updated_at AT TIME ZONE 'UTC' + interval '1 microsecond') AT TIME ZONE 'UTC'),
    previous = ARRAY[{", ".join(each.as_text("stored.") for each in HISTORIC)}]"""
RETURNED = f"account_id, customer_id, {', '.join(each.name for each in HISTORIC)}, updated_at, custom_attributes, previous"

ONE = "WHERE account_id = %(account_id)s AND customer_id = %(path)s"

REPAIR = f"""
WITH stale AS (
    SELECT stored.account_id, stored.updated_at, stored.customer_id, stored.custom_attributes
    FROM customers_customer AS stored LEFT JOIN customers_change AS change
        ON change.account_id = stored.account_id AND change.customer_id = stored.customer_id
    WHERE stored.account_id = %(account_id)s
        AND (change.changed_at, change.attributes) IS DISTINCT FROM (stored.updated_at, stored.custom_attributes)
    FOR UPDATE OF stored
)
{_KEEP_CHANGE.format("stale")}
"""


def _sent(each: Column, *, profiles: bool) -> str:
    """SQL: a column as it was sent, or what a new customer gets; for ``profiles`` empty where it must be something."""
    value = each.name
    if each.unsent and each.name != ATTRIBUTES:
        value = f"coalesce({value}, %(new_{each.name})s)"
    elif profiles and each.required:
        value = f"coalesce({value}, '')"
    return f"{value}::{each.kind.cast} AS {each.name}"


def _sent_rows(*, profiles: bool) -> str:
    """SQL: the rows of the request; none if the account is closed."""
    return f"""(
    SELECT id::uuid, customer_id, {", ".join(_sent(each, profiles=profiles) for each in MERGED)}
    FROM unnest({", ".join(map(UNPACKED.format, _PACKED))}, {", ".join(map(UNPACKED_NULLABLE.format, _NULLABLE))})
        AS sent ({", ".join(_PACKED)}, {", ".join(_NULLABLE)})
    WHERE {OPEN_ACCOUNT}
)"""


def _same_rows(sent: str, *, profiles: bool, alike: bool) -> str:
    """SQL: the stored rows that ``sent`` would not change. LATERAL and OFFSET 0: the planner may else read the whole account."""
    return f"""
    SELECT customer_id, {LIST.json_sql} AS row_json FROM (
        SELECT stored.* FROM {sent}, LATERAL (
            SELECT * FROM customers_customer
            WHERE account_id = %(account_id)s::bigint AND customer_id = sent.customer_id OFFSET 0
        ) AS stored
        WHERE {_unchanged("sent", profiles=profiles, alike=alike)}
    ) AS found"""


def _store_rows(sent: str, condition: str, returned: str, *, profiles: bool, alike: bool) -> str:
    """SQL: creates or updates the rows of ``sent`` under the condition."""
    updates = (
        f"{each.name} = {_merged(each, 'EXCLUDED', profiles=profiles, alike=alike)}"
        for each in MERGED
    )
    return f"""
    INSERT INTO customers_customer AS stored (
        account_id, id, customer_id, {", ".join(each.name for each in MERGED)}, updated_at
    )
    SELECT %(account_id)s::bigint, id, customer_id, {", ".join(each.name for each in MERGED)}, {ARRIVAL} FROM {sent}
    WHERE {condition} ORDER BY customer_id
    ON CONFLICT (account_id, customer_id) DO UPDATE SET {", ".join(updates)}, {STAMP.format(now="EXCLUDED.updated_at")}
    WHERE NOT ({_unchanged("EXCLUDED", profiles=profiles, alike=alike)})
    RETURNING {returned}, {LIST.json_sql} AS row_json"""


# One statement creates or updates every row, so concurrent requests merge with what is stored by
# then and none is lost. Rows that would change nothing are read and no more: no lock, no write, no
# time. Where such a row is only found under its lock, because others changed it meanwhile, the
# statement gives nothing of it.
def _upsert(*, profiles: bool, alike: bool) -> Prepared:
    among_new = "customer_id NOT IN (SELECT customer_id FROM same)"
    return Prepared(
        f"""
WITH sent AS MATERIALIZED {_sent_rows(profiles=profiles)}, same AS MATERIALIZED ({
            _same_rows("sent", profiles=profiles, alike=alike)
        }), stored AS ({_store_rows("sent", among_new, RETURNED, profiles=profiles, alike=alike)}
), {FOLLOWS}
SELECT customer_id, previous IS NULL, true, row_json FROM stored
UNION ALL SELECT customer_id, false, false, row_json FROM same
"""
    )


class UpsertInSteps:
    """The same for Citus, in statements that go to the account's node alone."""

    def __init__(self, *, profiles: bool, alike: bool) -> None:
        sent = f"{_sent_rows(profiles=profiles)} AS sent"
        returned = "customer_id, previous IS NULL"
        self._same = _same_rows(sent, profiles=profiles, alike=alike)
        self._store = _store_rows(
            sent, "customer_id <> ALL(%(same)s::text[])", returned, profiles=profiles, alike=alike
        )

    def execute(
        self, cursor: CursorWrapper, parameters: Mapping[str, Any]
    ) -> list[tuple[str, bool, bool, str]]:
        """The rows that the one statement gives. In one transaction."""
        with transaction.atomic():
            cursor.execute(self._same, parameters)
            same = cursor.fetchall()
            cursor.execute(
                self._store, {**parameters, "same": [customer_id for customer_id, _ in same]}
            )
            stored = cursor.fetchall()
            if stored:
                changed = [customer_id for customer_id, *_ in stored]
                cursor.execute(
                    FOLLOWS_IN_STEPS, {"account_id": parameters["account_id"], "changed": changed}
                )
        return [
            *((customer_id, created, True, row_json) for customer_id, created, row_json in stored),
            *((customer_id, False, False, row_json) for customer_id, row_json in same),
        ]


# By whether any column may have been left out (Segment's profiles), and whether all rows are alike:
# they left out the same columns, and remove no attributes. Then no row has to be looked up.
UPSERTS = {
    (profiles, alike): _upsert(profiles=profiles, alike=alike)
    for profiles in (False, True)
    for alike in (False, True)
}
UPSERTS_IN_STEPS = {key: UpsertInSteps(profiles=key[0], alike=key[1]) for key in UPSERTS}
