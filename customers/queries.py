"""Everything that reads customers."""

from decimal import Decimal
from typing import Any

from django.db import connection

from traitly.api.lists import ListDefinition, Range, Sort, parse_number, time_range, time_sort
from traitly.api.values import UNIX_SECONDS

# In an order, never sent comes before 0: the key of a page must be comparable, and null is not.
PAYMENT = "coalesce(monthly_payment_amount, -1)"


def _payment(value: Any) -> Decimal:
    return Decimal(-1) if value is None else Decimal(str(value))


# Each sort walks the index of its name, each filter of equal values its own (customers.models); custom attributes are
# found by customers_by_attributes.
LIST = ListDefinition(
    table="customers_customer",
    # The reference's ten fields in its order, then updated_at.
    columns={
        "customer_id": "customer_id",
        "name": "name",
        "created_at": UNIX_SECONDS.format("created_at"),
        "monthly_payment_amount": "trim_scale(monthly_payment_amount)",
        "location": "location",
        "email": "email",
        "phone_number": "phone_number",
        "organisation_id": "organisation_id",
        "plan": "plan",
        "custom_attributes": "custom_attributes",
        "updated_at": UNIX_SECONDS.format("updated_at"),
    },
    key="customer_id",
    sorts={
        "created_at": time_sort("created_at"),
        "updated_at": time_sort("updated_at"),
        "customer_id": Sort("customer_id", str),
        "monthly_payment_amount": Sort(PAYMENT, _payment),
    },
    equal=("customer_id", "name", "plan", "email", "location", "phone_number", "organisation_id"),
    ranges={
        "monthly_payment_amount": Range(f"{PAYMENT} {{}} %s AND monthly_payment_amount IS NOT NULL", parse_number),
        "created_at": time_range("created_at"),
        "updated_at": time_range("updated_at"),
    },
    attributes=True,
)


def get_customer(*, account_id: int, customer_id: str) -> bytes | None:
    """The JSON text of the customer's answer, None if the account has no such customer."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {LIST.answer} FROM customers_customer WHERE account_id = %s AND customer_id = %s",  # noqa: S608
            [account_id, customer_id],
        )
        row = cursor.fetchone()
    return row[0].encode() if row else None
