"""How PostgreSQL would read the tables that are large in production."""

import re
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def plan_of(
    client: Client,
    address: str,
    query: dict[str, Any],
    table: str,
    *,
    incremental_sort: bool = True,
) -> list[str]:
    """The plans of the address's statements that read rows of ``table`` or count them, chosen as if it were large.

    The statistics are those of the test's own rows: give the account some hundred, among fewer all
    indexes look alike.
    """
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, query).status_code == 200
    statements = [
        found["sql"] for found in queries if re.search(rf'FROM "?{table}\b', found["sql"])
    ]
    assert statements
    with connection.cursor() as cursor:
        # A test's table is so small that reading and sorting all of it is cheapest.
        cursor.execute(f"ANALYZE {table}")  # or what other tests left behind would decide
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
        )
        if (
            not incremental_sort
        ):  # where an index has the whole order, and pages that other tests left must not decide
            cursor.execute("SET LOCAL enable_incremental_sort = off")
        plans = []
        for statement in statements:
            cursor.execute(f"EXPLAIN {statement}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    return plans
