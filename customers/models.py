"""The customer records."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Cast, Coalesce, Collate, Lower
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from accounts.models import AccountOwned
from traitly.db.ids import new_id

LAST_WORD = Func(F("name"), Value("[^ ]+$"), function="substring")  # of the name


class Customer(AccountOwned):
    """A customer of an account, known to it by ``customer_id``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # "C": compared byte by byte, on every server alike; an order of pages must not depend on a server's locale.
    customer_id = models.CharField(max_length=255, db_collation="C")
    name = models.CharField(max_length=255)
    email = models.CharField(max_length=254)
    plan = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now)
    monthly_payment_amount = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    location = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  null and "" differ in answers
    phone_number = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  the same
    organisation_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  the same
    custom_attributes = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = (
            # Upserts decide by it; one customer is found by it.
            models.UniqueConstraint(fields=["account", "customer_id"], name="customers_customer_id_unique"),
            # What is sent at once is bounded (traitly.input.items); so is what many updates make of it, or a row could be
            # more than memory holds. Small ones, as nearly all are, are not written as text for it.
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    Func(F("custom_attributes"), function="pg_column_size", output_field=models.IntegerField()), 2000
                )
                | LessThanOrEqual(
                    Func(
                        Cast("custom_attributes", models.TextField()),
                        function="octet_length",
                        output_field=models.IntegerField(),
                    ),
                    131_072,
                ),
                name="customers_attributes_size",
            ),
        )
        indexes = (
            # customers.queries.LIST: its sorts. (customer_id has the constraint's.)
            models.Index(fields=["account", "created_at", "customer_id"], name="customers_by_created_at"),
            models.Index(fields=["account", "updated_at", "customer_id"], name="customers_by_updated_at"),
            models.Index(
                "account", Coalesce("monthly_payment_amount", Value(-1)), "customer_id", name="customers_by_payment"
            ),
            # customers.queries.LIST: its filters, each in the default order.
            # Those of name and email serve customers.queries.search_customers too: what is typed begins one of them.
            *(
                models.Index(
                    "account",
                    Collate(Lower(F(column)), "C"),
                    "created_at",
                    "customer_id",
                    name=f"customers_by_{column}",
                )
                for column in ("name", "email")
            ),
            models.Index(fields=["account", "plan", "created_at", "customer_id"], name="customers_by_plan"),
            # Of the optional fields only rows that have them: most often these are null.
            *(
                models.Index(
                    fields=["account", column, "created_at", "customer_id"],
                    name=f"customers_by_{column}",
                    condition=models.Q((f"{column}__isnull", False)),
                )
                for column in ("location", "phone_number", "organisation_id")
            ),
            # customers.queries.LIST: custom_attributes[key]=value. With the account in it (btree_gin), so that the
            # attributes of other accounts cost nothing.
            GinIndex(
                fields=["account", "custom_attributes"],
                opclasses=["int8_ops", "jsonb_path_ops"],
                name="customers_by_attributes",
            ),
            # customers.queries.search_customers: what is typed begins the last word of the name.
            models.Index("account", Collate(Lower(LAST_WORD), "C"), name="customers_by_lower_last_word"),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} {self.name}"
