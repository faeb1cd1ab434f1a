"""On Citus every documented query goes to one shard: the account's."""

import re
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict

from accounts.models import Account
from benchmarks import plans
from tests.client import Api
from tests.cluster import NEEDS_CITUS
from tests.factories import a_customer, an_event
from traitly.lists.definition import ListQuery
from traitly.lists.parameters import read_list

pytestmark = [pytest.mark.django_db, NEEDS_CITUS]


def tasks_of(statement: str, parameters: list[Any]) -> int:
    """How many shards a statement reads, its subplans included."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    counts = [int(count) for count in re.findall(r"Task Count: (\d+)", plan)]
    assert counts, plan
    return max(counts)


def _targets(case: plans.Case) -> ListQuery:
    return read_list(case.definition, QueryDict(case.query, mutable=True), equal=case.equal)


def test_every_documented_query_goes_to_one_shard(acme: Account, api: Api) -> None:
    customers = [f"customer-{number}" for number in range(3)]
    api.post("customer", [a_customer(each) for each in customers])
    api.post(
        "event", [an_event(each, name=f"Event {turn}") for each in customers for turn in range(2)]
    )

    seen = {
        statement: tasks_of(statement, parameters)
        for case in plans.cases(acme.pk)
        for statement, parameters in plans.statements(_targets(case), acme.pk)
    }

    assert len(seen) > 40
    assert {statement for statement, tasks in seen.items() if tasks != 1} == set()
