"""The distinct values of a column, found by stepping through an index."""

from collections.abc import Mapping
from typing import Any

from traitly.db.replica import read_cursor


def distinct_values(
    table: str, column: str, equal: Mapping[str, Any], limit: int | None = None
) -> list[str]:
    """The first ``limit`` values of a column, in order, among the rows whose other columns equal these.

    Each is one step in an index of those columns and this one, however many rows have it.
    """
    step = f"SELECT {column} FROM {table} WHERE {' AND '.join(f'{name} = %s' for name in equal)}"
    with read_cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE found (value) AS (({step} ORDER BY {column} LIMIT 1) UNION ALL "
            f"SELECT ({step} AND {column} > value ORDER BY {column} LIMIT 1) FROM found WHERE value IS NOT NULL) "
            "SELECT value FROM found WHERE value IS NOT NULL LIMIT %s",
            [*equal.values(), *equal.values(), limit],
        )
        return [value for (value,) in cursor.fetchall()]
