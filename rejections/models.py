"""What was refused, kept for a while: nothing that a client sends is lost without a trace."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import AccountOwned
from traitly.api.ids import new_id


class Rejection(AccountOwned):
    """A refused item of a batch, or a refused single object. Nothing changes it; it is erased by age or once mended."""

    class Kind(models.TextChoices):
        EVENT = "event"
        CUSTOMER = "customer"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    # JSON in ASCII, as text: jsonb cannot hold a NUL, which may be just what the item was refused for.
    payload = models.TextField()
    truncated = models.BooleanField(default=False)  # the payload was longer than is kept, and cannot be sent again
    # What the payload says, where that could be a customer_id and a name.
    customer_id = models.CharField(max_length=255, db_collation="C", null=True)  # noqa: DJ001
    name = models.CharField(max_length=255, null=True)  # noqa: DJ001
    errors = models.JSONField(default=list)  # [{"code", "detail", "attr"}], attr within the item
    key_id = models.BigIntegerField(null=True)  # the accounts.ApiKey it was sent with, if that still exists
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=["event", "customer"]), name="rejections_rejection_kind"),
        )
        indexes = (
            # rejections.services: erasing a customer. (What is newest is found by the primary key, in order of time.)
            models.Index(
                fields=["account", "customer_id"],
                condition=Q(customer_id__isnull=False),
                name="rejections_by_customer",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
