"""What the feed shows in addition to stored rows, and the webhooks that send it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.models import Account, AccountOwned
from traitly.db.ids import new_id

MAX_BATCH = 1000


class Erasure(AccountOwned):
    """A customer that was erased: its ``customer_id`` and nothing else, so that receivers can erase it too."""

    pk = models.CompositePrimaryKey("account_id", "customer_id")
    customer_id = models.CharField(max_length=255, db_collation="C")
    erased_at = models.DateTimeField()

    class Meta:
        # feed.queries: erasures since a position.
        indexes = (
            models.Index(
                fields=["account", "erased_at", "customer_id"], name="erasures_by_erased_at"
            ),
        )

    def __str__(self) -> str:
        return self.customer_id


class EntryType(models.TextChoices):
    """The type of an entry."""

    EVENT_CREATED = "event.created"
    CUSTOMER_UPDATED = "customer.updated"
    CUSTOMER_ERASED = "customer.erased"


class Webhook(models.Model):
    """A webhook: sends an account's feed to a URL.

    On Citus this table and those below stay on the coordinator, as accounts do: workers ask for all
    accounts' at once.
    """

    class Stopped(models.TextChoices):
        """Why ``enabled`` is false, if nobody chose that."""

        GONE = "gone", "The receiver answered 410 Gone"
        FAILING = "failing", "Nothing but failures for five days"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=2000)
    types = ArrayField(
        models.CharField(max_length=40, choices=EntryType), default=list, blank=True
    )  # none: all
    names = ArrayField(
        models.CharField(max_length=255), default=list, blank=True
    )  # of events; none: all
    batch = models.PositiveSmallIntegerField(default=1)
    enabled = models.BooleanField(default=True)
    stopped = models.CharField(max_length=10, choices=Stopped, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # Encrypted with the keys of the settings, like API keys. The earlier one also signs until it
    # ends.
    secret = models.BinaryField()
    earlier_secret = models.BinaryField(null=True)
    earlier_secret_ends_at = models.DateTimeField(null=True)

    # Where it continues: a cursor of the feed. ``rewinds`` counts how often it was moved by hand,
    # so that what is sent again then has another webhook-id.
    position = models.CharField(max_length=1500)
    rewinds = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)  # the first failure after the last success
    test_requested_at = models.DateTimeField(null=True)

    # The worker that serves it, and until when, unless it renews its lease.
    worker = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(batch__range=(1, MAX_BATCH)), name="feed_webhook_batch"
            ),
        )

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """A failed request to a webhook: the one being retried, or one that was set aside."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=80)
    body = models.BinaryField()
    entries = models.PositiveIntegerField()
    end = models.CharField(max_length=1500)  # the webhook's position afterwards
    failures = models.PositiveSmallIntegerField(default=1)
    next_attempt_at = models.DateTimeField(null=True)  # null: set aside, and not to be sent again
    set_aside_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)  # of the last response
    answer = models.TextField(blank=True)  # its body, or what went wrong

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = (
            # To keep the order, one is retried before the next is sent.
            models.UniqueConstraint(
                fields=["webhook"],
                condition=models.Q(set_aside_at=None),
                name="feed_delivery_one_pending",
            ),
        )
        # feed.queries: what a webhook has set aside, the newest first.
        indexes = (models.Index(fields=["webhook", "-created_at"], name="feed_delivery_newest"),)

    def __str__(self) -> str:
        return self.message_id


class Attempt(models.Model):
    """A request that was sent to a webhook; the last ones are kept for inspection."""

    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    message_id = models.CharField(max_length=80)
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    entries = models.PositiveIntegerField()
    body = models.TextField()  # its beginning, if it is long
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)

    class Meta:
        # feed.queries: a webhook's newest; feed.recording: those that are no longer kept.
        indexes = (models.Index(fields=["webhook", "-id"], name="feed_attempt_newest"),)

    def __str__(self) -> str:
        return self.message_id

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it."""
        return self.status in range(200, 300)


class Worker(models.Model):
    """A process of ``manage.py run_worker``, and when it was last seen."""

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"


class Chore(models.Model):
    """A recurring task of the workers, done by one of them at a time."""

    name = models.CharField(primary_key=True, max_length=40)
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
