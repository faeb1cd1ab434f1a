"""Deletes many rows without making others wait."""

from collections.abc import Mapping
from typing import Any

from django.db import connection

from traitly.db.timeouts import slow_statements

_ROWS = 5_000


def delete_in_batches(table: str, condition: str, parameters: Mapping[str, Any]) -> int:
    """Delete the rows that meet the SQL condition, ``_ROWS`` per transaction; returns how many."""
    total = 0
    while True:
        with slow_statements(), connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE {condition} AND ctid = ANY(ARRAY("
                f"SELECT ctid FROM {table} WHERE {condition} LIMIT {_ROWS}))",
                parameters,
            )
            deleted: int = cursor.rowcount
        total += deleted
        if deleted < _ROWS:
            return total
