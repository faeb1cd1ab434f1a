"""Refused items, kept for a while, so that nothing a client sends is lost without a trace."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import AccountOwned
from traitly.db.ids import new_id

MALFORMED = "parse_error"  # the code of a body's error


class Rejection(AccountOwned):
    """A refused item of a batch, or a refused single object. It never changes, and is erased by age or once it has been corrected."""

    class Kind(models.TextChoices):
        EVENT = "event"
        CUSTOMER = "customer"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    # JSON as text: jsonb cannot hold a NUL, which may be why the item was refused.
    payload = models.TextField()
    truncated = models.BooleanField(
        default=False
    )  # the payload was too long to keep whole, and cannot be sent again
    # What the payload says, where that could be a customer_id, a name and an id.
    customer_id = models.CharField(max_length=255, db_collation="C", null=True)
    name = models.CharField(max_length=255, null=True)
    item_id = models.CharField(
        max_length=255, db_collation="C", null=True
    )  # the event's own id, if it has one
    errors = models.JSONField(default=list)  # [{"code", "detail", "attr"}], attr within the item
    key_id = models.BigIntegerField(
        null=True
    )  # the accounts.ApiKey it was sent with, if that still exists
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=["event", "customer"]), name="rejections_rejection_kind"
            ),
        )
        # No index but the primary key, in whose order they came: of an account there are few enough
        # to be looked through, and a refused item is to cost no more than an accepted one.

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_body(self) -> bool:
        """Whether it is a whole body that could not be read. Its payload is a JSON string of what arrived."""
        return any(error["code"] == MALFORMED for error in self.errors)
