"""Everything that reads customers."""

from decimal import Decimal
from typing import Any

from traitly.api.lists import ListDefinition, Sort, parse_number, text_sort, time_sort
from traitly.api.values import UNIX_SECONDS, parse_time

# A row as answers show it: the reference's ten fields in its order, then updated_at. PostgreSQL writes the JSON, so
# numbers and attributes reach the client as they are stored.
ANSWER = f"""(SELECT row_to_json(answer) FROM (SELECT
    customer_id, name, {UNIX_SECONDS.format("created_at")} AS created_at,
    trim_scale(monthly_payment_amount) AS monthly_payment_amount, location, email, phone_number, organisation_id, plan,
    custom_attributes, {UNIX_SECONDS.format("updated_at")} AS updated_at) AS answer)::text"""  # noqa: S608


def _amount_or_none(value: Any) -> Decimal:
    return Decimal(-1) if value is None else Decimal(str(value))


LIST = ListDefinition(
    table="customers_customer",
    answer=ANSWER,
    key="customer_id",
    sorts={
        "created_at": time_sort("created_at"),
        "updated_at": time_sort("updated_at"),
        "customer_id": text_sort("customer_id"),
        # Never sent comes before 0: a key of a page must be comparable, and null is not.
        "monthly_payment_amount": Sort("coalesce(monthly_payment_amount, -1)", _amount_or_none),
    },
    equal=("customer_id", "name", "plan", "email", "location", "phone_number", "organisation_id"),
    ranges={"monthly_payment_amount": parse_number, "created_at": parse_time, "updated_at": parse_time},
    attributes=True,
)
