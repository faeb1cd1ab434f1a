"""The tracked events."""

from django.db import models
from django.utils import timezone

from accounts.models import Account, AccountOwned


class Event(AccountOwned):
    """Something that a customer did. The customer need not exist."""

    # The client's own identifier, or a UUIDv7. The primary key (account_id, id) decides what is a
    # duplicate.
    id = models.CharField(primary_key=True, max_length=255, db_collation="C")
    customer_id = models.CharField(max_length=255, db_collation="C")
    name = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    custom_attributes = models.JSONField(default=dict)

    class Meta:
        indexes = (
            # events.queries: a customer's events of one name, the list that the reference
            # documents, and its timeline, which steps through them; erasing a customer.
            models.Index(
                fields=["account", "customer_id", "name", "created_at", "id"],
                name="events_by_customer_name",
            ),
            # events.queries: the newest as they arrive; events.stats: those since the last time.
            # Rows come in its order and a batch shares one time, so it costs little to keep.
            models.Index(fields=["account", "received_at"], name="events_by_received_at"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.customer_id})"


# The counts of events.stats. Every row can be recomputed from the events.


class Counted(AccountOwned):
    """How far the account's events are counted: up to ``received_until``."""

    account = models.OneToOneField(
        Account,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        primary_key=True,
        related_name="+",
    )
    received_until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "watermarks of figures"


class Daily(AccountOwned):
    """A day's events, and how many customers had any."""

    pk = models.CompositePrimaryKey("account_id", "day")
    day = models.DateField()
    events = models.BigIntegerField()
    customers = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "daily figures"


class DailyName(AccountOwned):
    """A day's events of one name."""

    pk = models.CompositePrimaryKey("account_id", "day", "name")
    day = models.DateField()
    events = models.BigIntegerField()
    name = models.CharField(max_length=255)

    class Meta:
        verbose_name_plural = "daily figures of names"


class DailyCustomer(AccountOwned):
    """A day's events of one customer."""

    pk = models.CompositePrimaryKey("account_id", "day", "customer_id")
    day = models.DateField()
    events = models.BigIntegerField()
    customer_id = models.CharField(max_length=255, db_collation="C")

    class Meta:
        verbose_name_plural = "daily figures of customers"
