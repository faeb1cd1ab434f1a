"""The customer records."""

from django.db import models
from django.utils import timezone

from accounts.models import AccountOwned
from traitly.api.ids import new_id


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
    phone_number = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    organisation_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    custom_attributes = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = (
            # Upserts decide by it; one customer is found by it.
            models.UniqueConstraint(fields=["account", "customer_id"], name="customers_customer_id_unique"),
        )
        indexes = (
            # customers.queries: the list in its default order.
            models.Index(fields=["account", "created_at", "customer_id"], name="customers_by_created_at"),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} {self.name}"
