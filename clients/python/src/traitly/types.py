"""The objects of the API, as they are sent and as they come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict, Union

from traitly._openapi import Customer, Event, NewCustomer, NewEvent
from traitly._values import Amount, Time

__all__ = [
    "AmountRange",
    "Customer",
    "CustomerErased",
    "CustomerUpdated",
    "Erased",
    "Event",
    "EventCreated",
    "FeedEntry",
    "NewCustomer",
    "NewEvent",
    "TimeRange",
    "WebhookBatch",
]


class EventCreated(TypedDict):
    type: Literal["event.created"]
    timestamp: str
    data: Event


class CustomerUpdated(TypedDict):
    type: Literal["customer.updated"]
    timestamp: str
    data: Customer


class Erased(TypedDict):
    customer_id: str


class CustomerErased(TypedDict):
    type: Literal["customer.erased"]
    timestamp: str
    data: Erased


FeedEntry = Union[EventCreated, CustomerUpdated, CustomerErased]


class WebhookBatch(TypedDict):
    type: Literal["batch"]
    timestamp: str
    data: Sequence[FeedEntry]


class TimeRange(TypedDict, total=False):
    gte: Time
    gt: Time
    lte: Time
    lt: Time


class AmountRange(TypedDict, total=False):
    gte: Amount
    gt: Amount
    lte: Amount
    lt: Amount
