"""Many values in one parameter arrive as they were sent."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from traitly.db.arrays import UNPACKED, UNPACKED_NULLABLE, packed, packed_nullable

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)


def read(sql: str, parameter: str) -> list[str | None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql.format('values')}", {"values": parameter})
        found: list[str | None] = cursor.fetchone()[0]
    return found


@pytest.mark.django_db
@given(st.lists(texts.filter(bool), min_size=1, max_size=5))
def test_values_that_are_not_empty(values: list[str]) -> None:
    assert read(UNPACKED, packed(values)) == values


@pytest.mark.django_db
@given(
    st.lists(
        st.none() | texts | st.sampled_from(["", "NULL", '"', "\\", "{}", "\x1f"]),
        min_size=1,
        max_size=5,
    )
)
def test_values_that_may_be_empty_or_none(values: list[str | None]) -> None:
    assert read(UNPACKED_NULLABLE, packed_nullable(values)) == values
