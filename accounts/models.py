"""Users log in, accounts own the data, memberships connect the two, and API keys act for an account."""

from typing import Any, ClassVar

from django.apps import apps
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Creates users that log in by email."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user; without a password, it cannot log in until one is set."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an operator, who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this email, in whatever case it is typed."""
        return self.get(email=(username or "").lower())


class User(AbstractUser):
    """A person, known by an email address."""

    username = None  # type: ignore[assignment]  # the email is the name
    email = models.EmailField(
        "email address", max_length=254, unique=True
    )  # in lower case: see save()

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "team member"  # as people call them, in the admin too
        verbose_name_plural = "team members"

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Also report an email as taken if it differs only in case."""
        super().clean()
        self.email = self.email.lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the email in lower case, so that no two users differ only in case."""
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class Account(models.Model):
    """A company: owns customers, events and keys."""

    name = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # How long events are kept after they happened; null: for ever. `manage.py prune_events` erases
    # the older ones.
    event_retention_days = models.PositiveIntegerField(null=True, blank=True)
    # The origins of web pages that may send with a key of the account: https://app.example.com.
    browser_origins = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    # Quotas: accounts.quotas.
    max_customers = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: as ACCOUNT_MAX_CUSTOMERS says. 0: any number."
    )
    max_events_per_day = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: as ACCOUNT_MAX_EVENTS_PER_DAY says. 0: any number."
    )
    # When its erasure began. From then on nothing is stored for it, and it is never reopened.
    closed_at = models.DateTimeField(null=True, editable=False)
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="accounts"
    )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's place in an account."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "user"], name="accounts_membership_unique"),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "member"]), name="accounts_membership_role"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    @property
    def is_owner(self) -> bool:
        """Whether this member may see keys, invite, change and delete."""
        return self.role == self.Role.OWNER


class Invitation(models.Model):
    """An email address that may join an account. The link that was mailed to it names this row, signed."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)  # in lower case, as a user's
    role = models.CharField(max_length=10, choices=Membership.Role, default=Membership.Role.MEMBER)
    sent_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = (
            # accounts.services.invite: a second invitation replaces the link of the first.
            models.UniqueConstraint(fields=["account", "email"], name="accounts_invitation_unique"),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "member"]), name="accounts_invitation_role"
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"


class AuditEntry(models.Model):
    """An action on an account. Entries never change, and are erased with the account."""

    class Action(models.TextChoices):
        ACCOUNT_CREATED = "account.created", "Account created"
        ACCOUNT_RENAMED = "account.renamed", "Account renamed"
        ORIGINS_CHANGED = "account.origins_changed", "Origins of web pages changed"
        QUOTAS_CHANGED = "account.quotas_changed", "Quotas changed"
        RETENTION_CHANGED = "account.retention_changed", "Retention of events changed"
        EXPORTED = "account.exported", "Data exported"
        IDS_SEPARATED = "customer.ids_separated", "Customer's ids separated"
        KEY_CREATED = "key.created", "API key created"
        KEY_CHANGED = "key.changed", "API key changed"
        KEY_REVEALED = "key.revealed", "API key revealed"
        KEY_ROTATED = "key.rotated", "API key rotated"
        KEY_REVOKED = "key.revoked", "API key revoked"
        MEMBER_INVITED = "member.invited", "Member invited"
        INVITATION_WITHDRAWN = "member.invitation_withdrawn", "Invitation withdrawn"
        MEMBER_JOINED = "member.joined", "Member joined"
        ROLE_CHANGED = "member.role_changed", "Role changed"
        MEMBER_REMOVED = "member.removed", "Member removed"
        WEBHOOK_CREATED = "webhook.created", "Webhook created"
        WEBHOOK_CHANGED = "webhook.changed", "Webhook changed"
        WEBHOOK_DELETED = "webhook.deleted", "Webhook deleted"
        WEBHOOK_REWOUND = "webhook.rewound", "Webhook rewound"
        WEBHOOK_STOPPED = "webhook.stopped", "Webhook switched off"
        WEBHOOK_SECRET_REVEALED = "webhook.secret_revealed", "Webhook secret revealed"
        WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated", "Webhook secret rotated"
        LOGGED_IN = "user.logged_in", "Logged in"
        PASSWORD_CHANGED = "user.password_changed", "Password changed"
        EMAIL_CHANGED = "user.email_changed", "Email address changed"
        SECOND_FACTOR_ADDED = "user.second_factor_added", "Second factor added"
        SECOND_FACTOR_REMOVED = "user.second_factor_removed", "Second factor removed"

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="audit_entries", db_index=False
    )
    # No foreign key: an entry outlives the user, and keeps the email of that time.
    actor_id = models.BigIntegerField(null=True)
    actor_email = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "audit entries"
        # accounts.queries.audit_entries: an account's newest.
        indexes = (models.Index(fields=["account", "-id"], name="accounts_audit_newest"),)

    def __str__(self) -> str:
        return f"{self.label} by {self.actor_email or 'nobody'}"

    @property
    def label(self) -> str:
        """The action in words, or as stored if this release does not know it."""
        return dict(self.Action.choices).get(self.action, self.action)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The detail as readable text."""
        texts = {
            key: ", ".join(value) if isinstance(value, list) else value
            for key, value in self.detail.items()
        }
        return [
            (key.replace("_", " "), "none" if text is None else str(text))
            for key, text in texts.items()
        ]


class ApiKey(models.Model):
    """An API key. Its text is only stored encrypted; requests find it by digest. See ``accounts.keys``."""

    class Scope(models.TextChoices):
        READ = "read"
        WRITE = "write"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope), default=list)
    digest = models.BinaryField(max_length=32)
    encrypted = models.BinaryField()
    last_four = models.CharField(max_length=4)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_from = models.GenericIPAddressField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "API key"
        constraints = (
            # accounts.authentication finds the key of a request by its digest.
            models.UniqueConstraint(fields=["digest"], name="accounts_apikey_digest_unique"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.masked})"

    @property
    def masked(self) -> str:
        """The key as it may be shown to anyone: its prefix and its last four characters."""
        return f"traitly_…{self.last_four}"

    @property
    def is_active(self) -> bool:
        """Whether the key is valid now."""
        return self.revoked_at is None and (
            self.expires_at is None or self.expires_at > timezone.now()
        )


class KeyWindow(models.Model):
    """How often a key was used in the running window of its rate limit: accounts.throttling."""

    key = models.OneToOneField(
        ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    number = models.BigIntegerField()
    used = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.key}: {self.used}"


class DailyUsage(models.Model):
    """How many events an account with a quota has stored today: accounts.quotas."""

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    day = models.DateField()
    events = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "daily usage"

    def __str__(self) -> str:
        return f"{self.account}: {self.events}"


class AccountOwned(models.Model):
    """A row of one account's data, in a table that can be sharded by ``account_id``.

    In the database its primary key is (account_id, id), made in the migration; Django is told of
    ``id`` alone, because its admin takes no composite keys. So whatever Django does by primary key
    is narrowed to the account here: an id is only unique within its account, and Citus wants the
    shard key in every statement but never in a SET.
    """

    account = models.ForeignKey(
        Account,
        # Services erase an account's rows; a cascade would load every one of them
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    class Meta:
        abstract = True

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *rest: Any) -> Any:
        values = [value for value in values if value[0].attname != "account_id"]
        base_qs = base_qs.filter(account_id=self.account_id)
        return super()._do_update(base_qs, using, pk_val, values, *rest)

    def delete(
        self, using: str | None = None, keep_parents: bool = False
    ) -> tuple[int, dict[str, int]]:
        """Delete this account's row, not another account's row with the same id."""
        rows = type(self)._base_manager.using(using).filter(account_id=self.account_id, pk=self.pk)
        return rows.delete()


def account_owned_models() -> list[type[AccountOwned]]:
    """All models of accounts' data."""
    return [model for model in apps.get_models() if issubclass(model, AccountOwned)]
