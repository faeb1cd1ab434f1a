"""The kinds of objects that clients send, and how each is read, stored and listed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from customers.queries import HISTORY_COLUMNS, all_history
from customers.queries import LIST as CUSTOMERS
from customers.schemas import SCHEMA as CUSTOMER_SCHEMA
from customers.schemas import SentCustomer, read_customers
from customers.services import upsert_customers
from events.queries import EXPORT as EVENTS
from events.queries import everything
from events.schemas import SCHEMA as EVENT_SCHEMA
from events.schemas import NewEvent, read_events
from events.services import store_events
from rejections.models import Rejection
from traitly.input.items import Batch, Schema
from traitly.input.parsing import Body
from traitly.lists.definition import ListQuery
from traitly.lists.pages import pages


class Kind(NamedTuple):
    """A kind of object."""

    schema: Schema
    # A body, and a key for each item, from which those get their ids that need one and have none.
    read: Callable[[Body, Sequence[str]], Batch[Any]]
    # What of an account was accepted; gives how many of them were stored before, and are as they
    # were.
    store: Callable[[int, list[Any]], int]
    columns: Iterable[str]  # of an export
    everything: Callable[[int], ListQuery]  # all of an account's, for exports


def _store_events(account_id: int, events: list[NewEvent]) -> int:
    return store_events(account_id=account_id, events=events)


def _store_customers(account_id: int, customers: list[SentCustomer]) -> int:
    return sum(
        not each.changed for each in upsert_customers(account_id=account_id, customers=customers)
    )


_KINDS = {
    Rejection.Kind.EVENT: Kind(
        EVENT_SCHEMA,
        lambda body, keys: read_events(body, item_keys=keys),
        _store_events,
        EVENTS.columns,
        lambda account_id: everything(account_id=account_id),
    ),
    Rejection.Kind.CUSTOMER: Kind(
        CUSTOMER_SCHEMA,
        lambda body, _keys: read_customers(body),
        _store_customers,
        CUSTOMERS.columns,
        lambda _account_id: ListQuery(CUSTOMERS),
    ),
}
# As people name them: "customers", "events".
NAMES = {f"{name}s": name.value for name in _KINDS}


def kind_of(name: str) -> Kind:
    """The declaration of a kind. ``ValueError`` if there is no such kind, ``KeyError`` if it is not declared here."""
    return _KINDS[Rejection.Kind(name)]


def _all_rows(kind: Kind, *, account_id: int, cells: bool = False) -> Iterator[list[Any]]:
    return pages(kind.everything(account_id), account_id=account_id, cells=cells)


# What can be exported: its names, and its rows in parts, as JSON text or as cells.
EXPORTS: dict[str, tuple[Iterable[str], Callable[..., Iterator[list[Any]]]]] = {
    **{
        name: (kind_of(kind).columns, partial(_all_rows, kind_of(kind)))
        for name, kind in NAMES.items()
    },
    "history": (HISTORY_COLUMNS, all_history),
}
