"""The JSON text of rows is what PostgreSQL's row_to_json() makes of them, byte for byte."""

import datetime
from typing import Any

import orjson
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from customers.queries import HISTORY
from customers.queries import LIST as CUSTOMERS
from events.queries import LIST as EVENTS
from tests.client import Api
from tests.factories import an_event
from traitly.lists.definition import ListDefinition

EVERY_CHARACTER = "".join(map(chr, [*range(1, 0xD800), *range(0xE000, 0x10FFFF, 997)]))
NUMBERS = '{"n": [12345678901234567890123456789, 0.1000, 1e300, -0.0, 1E-30, 1.0000000000000000000000001]}'

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
times = st.datetimes(
    datetime.datetime(1970, 1, 1),  # noqa: DTZ001  hypothesis wants them without
    datetime.datetime(9999, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
    timezones=st.just(datetime.UTC),
)
amounts = st.none() | st.decimals(0, 10**12 - 1, places=4)
attributes = st.sampled_from(
    ["{}", NUMBERS, '{"a b": "\\u2028\\"\\\\\\n\\u007f", "": null, "c": {"d": [[], {}, true]}}']
)

events = st.fixed_dictionaries(
    {
        "customer_id": texts,
        "name": texts,
        "created_at": times,
        "id": texts,
        "custom_attributes": attributes,
    }
)
customers = st.fixed_dictionaries(
    dict.fromkeys(("customer_id", "name", "email", "plan"), texts)
    | {name: st.none() | texts for name in ("location", "phone_number", "organisation_id")}
    | {
        "created_at": times,
        "updated_at": times,
        "monthly_payment_amount": amounts,
        "custom_attributes": attributes,
    }
)
changes = st.fixed_dictionaries(
    {
        "field": st.sampled_from(["plan", "monthly_payment_amount"]),
        "before": st.none() | st.decimals(0, 10**12, places=4).map(str),
        "after": st.decimals(0, 10**12, places=4).map(str),
        "changed_at": times,
    }
)

CASTS = {"custom_attributes": "jsonb", "monthly_payment_amount": "numeric"}


def written(definition: ListDefinition, row: dict[str, Any]) -> tuple[str, str]:
    """A row as the list writes it, and as row_to_json() does."""
    fields = ", ".join(f"{sql} AS {name}" for name, sql in definition.columns.items())
    casts = {
        name: "timestamptz" if name.endswith("_at") else CASTS.get(name, "text") for name in row
    }
    values = ", ".join(f"%({name})s::{cast} AS {name}" for name, cast in casts.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {definition.json_sql}, (SELECT row_to_json(fields) FROM (SELECT {fields}) AS fields)::text"
            f" FROM (SELECT {values}) AS row",
            row,
        )
        found: tuple[str, str] = cursor.fetchone()
    return found


@pytest.mark.django_db
@given(events)
def test_an_event(row: dict[str, Any]) -> None:
    ours, postgres = written(EVENTS, row)
    assert ours == postgres


@pytest.mark.django_db
@given(customers)
def test_a_customer(row: dict[str, Any]) -> None:
    ours, postgres = written(CUSTOMERS, row)
    assert ours == postgres
    if row["monthly_payment_amount"] is not None:
        assert orjson.loads(ours)["monthly_payment_amount"] == float(row["monthly_payment_amount"])


@pytest.mark.django_db
@given(changes)
def test_a_change(row: dict[str, Any]) -> None:
    ours, postgres = written(HISTORY, row)
    assert ours == postgres


@pytest.mark.django_db
def test_every_character_of_what_a_filter_names() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_json(%s::text)::text", [EVERY_CHARACTER])
        assert cursor.fetchone()[0] == orjson.dumps(EVERY_CHARACTER).decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ['"quoted" \\ \u2028', "\x1f\x7f 日本"])
def test_lists_have_the_very_rows_that_are_read_one_by_one(api: Api, name: str) -> None:
    stored = api.post(
        "event", an_event(customer_id=name, name=name, custom_attributes={"n": 10**30})
    ).row
    one = api.get(f"event/{stored['id']}").content.partition(b'"metadata"')[0]
    listed = api.get("event", {"customer_id": name, "name": name}).content.partition(b'"metadata"')[
        0
    ]
    assert listed == one
