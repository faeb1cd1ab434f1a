"""The tracked events."""

from django.db import models
from django.utils import timezone

from accounts.models import AccountOwned


class Event(AccountOwned):
    """Something that a customer of an account did. The customer need not be known."""

    # The client's own identifier, or a UUIDv7. The primary key (account_id, id) decides what is a duplicate.
    id = models.CharField(primary_key=True, max_length=255, db_collation="C")
    customer_id = models.CharField(max_length=255, db_collation="C")
    name = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    custom_attributes = models.JSONField(default=dict)

    class Meta:
        indexes = (
            # events.queries: a customer's events of one name, the list that the reference documents.
            models.Index(fields=["account", "customer_id", "name", "created_at", "id"], name="events_by_customer_name"),
            # events.queries: a customer's timeline across names; erasing a customer.
            models.Index(fields=["account", "customer_id", "created_at", "id"], name="events_by_customer"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.customer_id})"
