"""The customers' page: its filters, which are the API's own parameters, and the columns that it shows."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict

from customers.columns import ATTRIBUTES, COLUMNS, TEXT, TIME
from customers.queries import LIST

_ATTRIBUTE = f"{ATTRIBUTES}["
_AMOUNTS = {"gte": "at least", "gt": "above", "lte": "at most", "lt": "below"}
_TIMES = {"gte": "since", "gt": "after", "lte": "until", "lt": "before"}
_SHORT = {
    "monthly_payment_amount": "Pays a month",
    "created_at": "Created",
    "updated_at": "Updated",
}
_LABELS = {each.name: _SHORT.get(each.name, each.label) for each in COLUMNS}
_KINDS = {each.name: each.kind for each in COLUMNS}


def _label(name: str) -> str:
    """A filter's name for people; an attribute's is its key."""
    if name.startswith(_ATTRIBUTE):
        return name[len(_ATTRIBUTE) : -1]
    field, _, operator = name.rstrip("]").partition("[")
    words = _TIMES if _KINDS[field] is TIME else _AMOUNTS
    return f"{_LABELS[field]} {words.get(operator, operator)}".strip()


# What can be filtered by: the API's parameter, and its name for people. An attribute's has its key
# in it.
FILTERS = {
    **{name: _LABELS[name] for name in LIST.equal},
    **{key: _label(key) for name in LIST.ranges for key in (f"{name}[gte]", f"{name}[lte]")},
    ATTRIBUTES: "Custom attribute",
}
COLUMN_CHOICES = {
    name: label for name, label in _LABELS.items() if name not in {"name", ATTRIBUTES}
}
DEFAULT_COLUMNS = ("customer_id", "email", "plan", "monthly_payment_amount", "created_at")
MAX_COLUMNS = 20


class Filter(NamedTuple):
    """A filter that is on: what it says, and the query of the page without it."""

    label: str
    value: str
    without: str


class Cell(NamedTuple):
    """A value in a row. ``kind`` is ``time``, ``number``, ``id`` or nothing."""

    label: str
    kind: str
    value: Any


def filters_in(query: QueryDict) -> list[tuple[str, str]]:
    """The API's filters in a page's query, in order; what is neither a filter nor has a value is passed over."""
    return [
        (name, value.replace("\0", "").strip())
        for name, values in query.lists()
        if name in LIST.equal
        or (name.partition("[")[0] in {*LIST.ranges, ATTRIBUTES} and name.endswith("]"))
        for value in values
        if value.replace("\0", "").strip()
    ]


def new_filter(name: str, value: str) -> tuple[str, str] | None:
    """The filter that was chosen from ``FILTERS`` and filled in; an attribute's value is ``key=value``."""
    if name not in FILTERS or not value:
        return None
    if name != ATTRIBUTES:
        return name, value
    key, equals, wanted = value.partition("=")
    return (
        (f"{_ATTRIBUTE}{key.strip()}]", wanted.strip())
        if equals and key.strip() and wanted.strip()
        else None
    )


def described(filters: Sequence[tuple[str, str]], others: dict[str, str]) -> list[Filter]:
    """The filters for people. ``others`` is what else the page's query holds."""
    return [
        Filter(
            _label(name),
            value,
            urlencode([*filters[:place], *filters[place + 1 :], *others.items()]),
        )
        for place, (name, value) in enumerate(filters)
    ]


def cells(customer: dict[str, Any], columns: Sequence[str]) -> list[Cell]:
    """The values of the columns; one of an attribute is ``custom_attributes.<key>``."""
    return [Cell(column_label(name), _kind(name), _value(customer, name)) for name in columns]


def heads(columns: Sequence[str]) -> list[tuple[str, str]]:
    """The columns' labels and kinds."""
    return [(column_label(name), _kind(name)) for name in columns]


def column_label(name: str) -> str:
    """The column's head."""
    return COLUMN_CHOICES.get(name) or name.partition(".")[2]


def known_columns(names: Sequence[str]) -> list[str]:
    """Those of the names that are columns, each once; at most ``MAX_COLUMNS``."""
    known = [name for name in names if name in COLUMN_CHOICES or name.startswith(f"{ATTRIBUTES}.")]
    return [name.replace("\0", "") for name in dict.fromkeys(known)][:MAX_COLUMNS]


def _kind(name: str) -> str:
    kind = _KINDS.get(name)
    if name == "customer_id":
        return "id"
    return "time" if kind is TIME else "number" if name in _KINDS and kind is not TEXT else ""


def _value(customer: dict[str, Any], name: str) -> Any:
    field, _, key = name.partition(".")
    return customer[ATTRIBUTES].get(key) if key else customer[field]
