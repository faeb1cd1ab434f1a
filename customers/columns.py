"""A customer's columns. Each is declared once, here: what clients may send, and how it is stored, filtered and sorted.

The API's schema, the statements, the lists, CSV, the admin, the portal's page and the indexes are
made of these declarations (CONTRIBUTING.md, "Adding a field to customers").
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.db import models
from django.utils import timezone
from pydantic import InstanceOf, TypeAdapter, ValidationError

from accounts.models import AccountOwned
from traitly.input.values import (
    UNIX_SECONDS,
    Amount,
    CustomerId,
    Email,
    Name,
    Text,
    Time,
    now_in_seconds,
)
from traitly.lists.definition import JSON_AS_IS, JSON_DIGITS, JSON_NUMBER, JSON_TEXT


class Kind(NamedTuple):
    """How a kind of field is written to and read from SQL."""

    cast: str  # of a text, to the column's type
    write: Callable[[Any], str]  # the text
    json_sql: str = "{}"  # SQL of what responses show; {} is the column
    json: str = JSON_TEXT  # how that becomes JSON
    text: str = "{}"  # SQL of what, cast to text, the history keeps


TEXT = Kind("text", str)
TIME = Kind("timestamptz", datetime.datetime.isoformat, UNIX_SECONDS, JSON_DIGITS)
NUMBER = Kind("numeric", str, "trim_scale({})", JSON_NUMBER, "trim_scale({})")
JSON = Kind("jsonb", bytes.decode, json=JSON_AS_IS)
KINDS: dict[type, Kind] = {
    models.CharField: TEXT,
    models.DateTimeField: TIME,
    models.DecimalField: NUMBER,
    models.JSONField: JSON,
}
# The sort value of a number that is null. A page's key must be comparable, and null is not: what
# was never sent comes before 0, the smallest accepted value.
NEVER_SENT = -1


@dataclass(frozen=True, slots=True)
class Column:
    """What the API knows about a column. ``column`` has the meaning of the flags."""

    name: str
    label: str
    kind: Kind
    accepts: Any
    nullable: bool
    required: bool
    unsent: Callable[[], Any] | None
    filters: bool
    lowered: bool
    sorts: bool
    ranges: bool
    history: bool
    synonyms: tuple[str, ...]
    index: str

    @property
    def json_sql(self) -> str:
        """SQL of what answers show."""
        return self.kind.json_sql.format(self.name)

    @property
    def order(self) -> str:
        """SQL of what its sort and ranges compare; its index contains the same."""
        return f"coalesce({self.name}, {NEVER_SENT})" if self.nullable else self.name

    def as_text(self, table: str = "") -> str:
        """SQL of its value as text, as the history stores it. Immutable, as Citus requires in an UPDATE."""
        return f"{self.kind.text.format(table + self.name)}::text"


F = TypeVar("F", bound="models.Field[Any, Any]")


def column(
    field: F,
    accepts: Any = None,
    *,
    required: bool = False,
    unsent: Callable[[], Any] | None = None,
    filters: bool = False,
    lowered: bool = False,
    sorts: bool = False,
    ranges: bool = False,
    history: bool = False,
    synonyms: tuple[str, ...] = (),
    index: str = "",
) -> F:
    """The field, which becomes a column of the API too. Raises ``TypeError`` for what could not work.

    ``accepts`` is pydantic's type of what clients may send; without it only the server sets the
    column. Null is accepted where the field is nullable. ``required``: a POST must send it.
    ``unsent``: what a new customer gets where it was not sent, for columns that are neither
    required nor nullable. ``filters``: lists are filtered by equal values, and an index is made for
    it; ``lowered``: that index holds the values in lower case, for searches. ``sorts`` and
    ``ranges``: lists are sorted by it, and filtered by ``[gte]`` and the like, by one index for
    both. ``history``: its values before are kept (customers_history). ``synonyms``: what clients
    may call it by mistake (traitly.input.hints). ``index`` is the index's name, if
    ``customers_by_<name>`` is too long.
    """
    if type(field) not in KINDS:
        raise TypeError(f"customers.columns.KINDS has no entry for {type(field).__name__}.")
    if accepts and not (required or field.null or unsent):
        raise TypeError(
            "A column that is neither required nor nullable needs `unsent`: what is stored if it is not sent."
        )
    if accepts and isinstance(field, models.CharField) and not field.null and _accepts(accepts, ""):
        raise TypeError(
            "A text that may be empty must be nullable: the statements pack what is not (traitly.db.arrays)."
        )
    if history and KINDS[type(field)] not in {TEXT, NUMBER}:
        raise TypeError("Only texts and numbers have a history.")
    if filters and (sorts or ranges) and not index:
        raise TypeError(
            "A filter and a sort need an index each: name the one that is there already."
        )
    if sorts and field.null and KINDS[type(field)] is not NUMBER:
        raise TypeError(
            "Lists are sorted by a column that may be null only if it is a number of at least 0."
        )
    if ranges and KINDS[type(field)] not in {NUMBER, TIME}:
        raise TypeError("Only numbers and times have ranges.")
    field.declared = {  # type: ignore[attr-defined]  # Django hands down the field of an abstract model as it is
        "accepts": accepts,
        "required": required,
        "unsent": unsent,
        "filters": filters,
        "lowered": lowered,
        "sorts": sorts,
        "ranges": ranges,
        "history": history,
        "synonyms": synonyms,
        "index": index,
    }
    return field


def _accepts(accepts: Any, value: Any) -> bool:
    try:
        TypeAdapter(accepts).validate_python(value)
    except ValidationError:
        return False
    return True


class CustomerColumns(AccountOwned):
    """The columns in the order in which responses show them: the reference's ten, then what was added."""

    customer_id = column(
        # "C": compared byte by byte, on every server alike; an order of pages must not depend on a
        # server's locale.
        models.CharField(max_length=255, db_collation="C"),
        CustomerId,
        required=True,
        filters=True,
        sorts=True,
        index="customers_customer_id_unique",
        synonyms=("userid",),
    )
    name = column(models.CharField(max_length=255), Name, required=True, filters=True, lowered=True)
    created_at = column(
        models.DateTimeField(default=timezone.now),
        Time,
        unsent=now_in_seconds,
        sorts=True,
        ranges=True,
        synonyms=("timestamp",),
    )
    monthly_payment_amount = column(
        models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True),
        Amount,
        sorts=True,
        ranges=True,
        history=True,
        index="customers_by_payment",
        synonyms=("mrr",),
    )
    location = column(models.CharField(max_length=255, null=True, blank=True), Text, filters=True)
    email = column(
        models.CharField(max_length=254),
        Email,
        required=True,
        filters=True,
        lowered=True,
        synonyms=("emailaddress",),
    )
    phone_number = column(
        models.CharField(max_length=255, null=True, blank=True),
        Text,
        filters=True,
        synonyms=("phone",),
    )
    organisation_id = column(
        models.CharField(max_length=255, null=True, blank=True),
        Text,
        filters=True,
        synonyms=("organizationid",),
    )
    plan = column(
        models.CharField(max_length=255),
        Name,
        required=True,
        filters=True,
        history=True,
        synonyms=("planname",),
    )
    # JSON's keys are text, so pydantic has nothing to look at in it. traitly.input.items makes the
    # text that is stored.
    custom_attributes = column(
        models.JSONField(default=dict, blank=True), InstanceOf[dict[str, Any]], unsent=dict
    )
    # Its index, and what sorts and ranges read, is that of customers_change.
    updated_at = column(
        models.DateTimeField(default=timezone.now, editable=False),
        sorts=True,
        ranges=True,
        index="customers_by_changed_at",
    )

    class Meta:
        abstract = True


def _declared(field: Any) -> Column:
    declared = field.declared
    return Column(
        **declared
        | {
            "name": field.name,
            "label": str(field.verbose_name).capitalize(),
            "kind": KINDS[type(field)],
            "nullable": field.null,
            "index": declared["index"] or f"customers_by_{field.name}",
        }
    )


COLUMNS = tuple(
    _declared(field) for field in CustomerColumns._meta.local_fields if hasattr(field, "declared")
)
KEY, ATTRIBUTES = "customer_id", "custom_attributes"
# Those that a POST or PATCH replaces: all that clients send except `customer_id`, and attributes,
# which are merged.
REPLACED = tuple(each for each in COLUMNS if each.accepts and each.name not in {KEY, ATTRIBUTES})
MERGED = (*REPLACED, *(each for each in COLUMNS if each.name == ATTRIBUTES))
HISTORIC = tuple(each for each in REPLACED if each.history)
# Those that a POST may leave out: an update leaves them as they are.
OPTIONAL = tuple(each for each in REPLACED if not each.required)
