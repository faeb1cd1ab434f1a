"""Stores translated Segment messages with the services of the API."""

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from customers.aliases import NewAlias, add_aliases
from customers.schemas import validate_profiles
from customers.services import upsert_customers
from events.schemas import validate_events
from events.services import store_events
from rejections.services import keep_rejections
from segment.messages import Alias, Clock, translate
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.items import RejectedItem
from traitly.input.values import CustomerId


class Stored(NamedTuple):
    """The result of storing a request's messages."""

    events: int
    customers: int
    duplicates: int
    rejected: int


def store_messages(
    *,
    account_id: int,
    key_id: int,
    messages: Sequence[Any],
    sent_at: Any,
    received_at: datetime.datetime,
) -> Stored:
    """Store all messages of a request, committed on return. Refused ones are kept as rejections and do not affect the others."""
    clock = Clock.of(received_at, sent_at)
    events: list[Any] = []
    customers: list[Any] = []
    aliases: list[tuple[int, Alias]] = []
    refused: list[RejectedItem] = []
    for index, message in enumerate(messages):
        try:
            event, customer, alias = translate(message, clock)
        except InvalidRequestError as invalid:
            refused.append(RejectedItem(index, invalid.errors, message))
            continue
        if event is not None:
            events.append(event)
        if customer is not None:
            customers.append(customer)
        if alias is not None:
            aliases.append((index, alias))
    validated_events, validated_customers = validate_events(events), validate_profiles(customers)
    duplicates = store_events(account_id=account_id, events=validated_events.accepted)
    upsert_customers(account_id=account_id, customers=validated_customers.accepted)
    refused += validated_events.rejected + _store_aliases(account_id, aliases, received_at)
    keep_rejections(account_id=account_id, key_id=key_id, kind="event", rejections=refused)
    keep_rejections(
        account_id=account_id,
        key_id=key_id,
        kind="customer",
        rejections=validated_customers.rejected,
    )
    return Stored(
        len(validated_events.accepted),
        len(validated_customers.accepted),
        duplicates,
        len(refused) + len(validated_customers.rejected),
    )


_IDS: TypeAdapter[Any] = TypeAdapter(CustomerId)


def _store_aliases(
    account_id: int, aliases: Sequence[tuple[int, Alias]], now: datetime.datetime
) -> list[RejectedItem]:
    """Store aliases, each with its message's index; returns the refused ones."""
    refused = []
    said: dict[NewAlias, int] = {}
    for index, alias in aliases:
        try:
            previous_id, customer_id = map(
                _IDS.validate_python, (alias.previous_id, alias.customer_id)
            )
        except ValidationError:
            errors = [
                Error("invalid", "Both ids must be strings of 1 to 255 characters.", "previousId")
            ]
            refused.append(RejectedItem(index, errors, alias._asdict()))
        else:
            said[NewAlias(previous_id, customer_id, alias.reason)] = index
    for new in add_aliases(account_id=account_id, aliases=list(said), now=now) if said else ():
        if new.previous_id != new.customer_id:
            errors = [
                Error("invalid", "These ids would become aliases of each other.", "previousId")
            ]
            refused.append(RejectedItem(said[new], errors, new._asdict()))
    return refused
