"""The customer records."""

from collections.abc import Iterator

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Cast, Coalesce, Collate, Lower
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from accounts.models import AccountOwned
from customers.columns import COLUMNS, KEY, NEVER_SENT, CustomerColumns
from traitly.db.ids import new_id

EMAIL_DOMAIN = Func(F("email"), Value("[^@]+$"), function="substring")
LAST_WORD = Func(F("name"), Value("[^ ]+$"), function="substring")  # of the name


def _declared_indexes() -> Iterator[models.Index]:
    """An index for each sort and filter of ``customers.queries.LIST``; customer_id has its constraint's, updated_at that of ``Change``."""
    for each in COLUMNS:
        if each.name in {KEY, "updated_at"}:
            continue
        if each.sorts and each.nullable:
            never_first = Coalesce(each.name, Value(NEVER_SENT))
            yield models.Index(F("account"), never_first, F(KEY), name=each.index)
        elif each.sorts:
            yield models.Index(fields=["account", each.name, KEY], name=each.index)
        elif each.lowered:
            # In lower case it serves customers.queries.search_customers too.
            lower = Collate(Lower(F(each.name)), "C")
            yield models.Index(F("account"), lower, F("created_at"), F(KEY), name=each.index)
        elif each.filters:
            # Each in the default order. Those of optional fields contain only rows that have the
            # field; most do not.
            present = models.Q((f"{each.name}__isnull", False)) if each.nullable else None
            yield models.Index(
                fields=["account", each.name, "created_at", KEY], name=each.index, condition=present
            )


class Customer(CustomerColumns):
    """A customer of an account, which identifies it by ``customer_id``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # The values of the columns with a history, as the last update found them: RETURNING shows a row
    # as it is, and the history (customers.statements) needs it as it was.
    previous = ArrayField(models.TextField(null=True), null=True, editable=False)

    class Meta:
        constraints = (
            # Upserts conflict on it; single customers are found by it.
            models.UniqueConstraint(
                fields=["account", "customer_id"], name="customers_customer_id_unique"
            ),
            # What is sent at once is bounded (traitly.input.items); so is what many updates make of
            # it, or a row could be more than memory holds. Small ones, as nearly all are, are not
            # written as text for it.
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    Func(
                        F("custom_attributes"),
                        function="pg_column_size",
                        output_field=models.IntegerField(),
                    ),
                    2000,
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
            *_declared_indexes(),
            # customers.queries.search_customers: what is typed begins the last word of the name.
            models.Index(
                "account", Collate(Lower(LAST_WORD), "C"), name="customers_by_lower_last_word"
            ),
            # customers.queries.search_customers: what is typed begins the domain of the email.
            models.Index(
                "account", Collate(Lower(EMAIL_DOMAIN), "C"), name="customers_by_email_domain"
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} {self.name}"


class Change(AccountOwned):
    """When a customer last changed, with its attributes: what changes often is indexed in this table.

    A row of customers has an entry in each of its indexes, unless none of their columns changes
    (then PostgreSQL updates it in place, HOT). So the time of the change and the attributes are
    indexed here and not there.
    """

    pk = models.CompositePrimaryKey("account_id", "customer_id")
    changed_at = models.DateTimeField()  # the same as the customer's updated_at; traitly.db.clock
    customer_id = models.CharField(max_length=255, db_collation="C")
    attributes = models.JSONField()  # the same as the customer's custom_attributes

    class Meta:
        indexes = (
            # customers.queries.LIST: sort=updated_at, updated_at[gte] and the like; the feed.
            models.Index(
                fields=["account", "changed_at", "customer_id"], name="customers_by_changed_at"
            ),
            # customers.queries.LIST: custom_attributes[key]=value. With the account in it
            # (btree_gin), so that the attributes of other accounts cost nothing.
            GinIndex(
                fields=["account", "attributes"],
                opclasses=["int8_ops", "jsonb_path_ops"],
                name="customers_change_attributes",
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} {self.changed_at}"


class History(AccountOwned):
    """A change of one field. The value before the first change holds since the customer's created_at."""

    # customers.queries.HISTORY walks it.
    pk = models.CompositePrimaryKey("account_id", "customer_id", "changed_at", "field")
    changed_at = models.DateTimeField()
    customer_id = models.CharField(max_length=255, db_collation="C")
    field = models.CharField(max_length=63, db_collation="C")
    before = models.TextField(null=True)  # null: the field was never sent
    after = models.TextField(null=True)

    class Meta:
        verbose_name_plural = "history"

    def __str__(self) -> str:
        return f"{self.customer_id} {self.field}"


class Alias(AccountOwned):
    """Two ids of one customer: what is stored under ``previous_id`` belongs to ``customer_id``.

    Nothing is rewritten: reading resolves it, and deleting the row separates the two again.
    """

    class Reason(models.TextChoices):
        ALIAS = "alias", "said to be the same"
        IDENTIFY = "identify", "anonymous before"

    pk = models.CompositePrimaryKey(
        "account_id", "previous_id"
    )  # customers.aliases: whose alias an id is
    previous_id = models.CharField(max_length=255, db_collation="C")
    customer_id = models.CharField(
        max_length=255, db_collation="C"
    )  # as it was sent; may be an alias itself
    root_id = models.CharField(max_length=255, db_collation="C")  # where that leads; never an alias
    reason = models.CharField(max_length=10, choices=Reason)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "aliases"
        # customers.aliases: all ids of a customer.
        indexes = (
            models.Index(
                fields=["account", "root_id", "previous_id"], name="customers_alias_by_root"
            ),
        )

    def __str__(self) -> str:
        return f"{self.previous_id} is {self.customer_id}"
