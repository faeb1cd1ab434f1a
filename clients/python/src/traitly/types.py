"""The objects of the API, as they are sent and as they come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from traitly._openapi import (
    Alias,
    Change,
    CreatedWebhook,
    Customer,
    CustomerErased,
    CustomerUpdated,
    ErasedCustomer,
    Event,
    EventCreated,
    FeedEntry,
    Hint,
    NewCustomer,
    NewEvent,
)
from traitly._openapi import Webhook as WebhookSettings
from traitly._values import Amount, Time

__all__ = [
    "Alias",
    "AmountRange",
    "Change",
    "CreatedWebhook",
    "Customer",
    "CustomerErased",
    "CustomerUpdated",
    "ErasedCustomer",
    "Event",
    "EventCreated",
    "FeedEntry",
    "FeedEntryType",
    "Hint",
    "NewCustomer",
    "NewEvent",
    "TimeRange",
    "WebhookBatch",
    "WebhookSettings",
]

FeedEntryType = Literal["event.created", "customer.updated", "customer.erased"]


class WebhookBatch(TypedDict):
    """What a webhook is sent that takes several entries at once."""

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
