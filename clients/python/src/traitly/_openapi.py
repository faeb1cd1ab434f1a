"""The objects of the API. Made from docs/openapi.json by ``tools/make_types.py``: do not change it here."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if sys.version_info >= (3, 11):
    from typing import NotRequired
elif TYPE_CHECKING:
    from typing_extensions import NotRequired


class NewEvent(TypedDict):
    """
    An event to store.
    """

    customer_id: str | int
    """
    Your identifier for the customer. An integer is taken as its decimal digits.
    """
    name: str
    """
    Name of the event, e.g. "added user".
    """
    created_at: NotRequired[datetime | float | str]
    """
    Time at which the event occurred: seconds since the Unix epoch, or ISO 8601 (UTC unless it has an offset). Defaults to the current time, in whole seconds.
    """
    id: NotRequired[str | None]
    """
    Your own identifier of the event, unique in the account until the event is deleted. An event whose id is already stored is acknowledged and stored once, so a request can be sent again safely. Made by the server if not sent. Together with `customer_id` and `name` at most 2,600 bytes.
    """
    custom_attributes: NotRequired[dict[str, Any]]
    """
    A hash of key-value pairs with any other data about the event: at most 64 KiB of JSON. Fields that are not part of the event are kept here too.
    """


class Event(TypedDict):
    """
    A stored event. A key without the scope `read` gets null in the place of what it did not send.
    """

    customer_id: str
    """
    Your identifier for the customer.
    """
    name: str
    """
    Name of the event, e.g. "added user".
    """
    created_at: str
    """
    Time at which the event occurred, in seconds since the Unix epoch.
    """
    success: Literal[1]
    """
    Always 1: an event with this id is stored. If it was stored before, `metadata.duplicates` counts it.
    """
    id: str
    """
    The event's identifier: yours, or one that the server made.
    """
    custom_attributes: dict[str, Any]
    """
    A hash of key-value pairs: all that was sent beside the fields.
    """


class NewCustomer(TypedDict):
    """
    A customer to create or update.
    """

    customer_id: str | int
    """
    Your identifier for the customer. An integer is taken as its decimal digits.
    """
    name: str
    """
    Name of the customer, e.g. "John Smith".
    """
    created_at: NotRequired[datetime | float | str]
    """
    Time at which the customer signed up: seconds since the Unix epoch, or ISO 8601 (UTC unless it has an offset). Defaults to the current time when the customer is created.
    """
    monthly_payment_amount: NotRequired[float | str | None]
    """
    What the customer pays a month: from 0 to less than 10^12, with at most four decimals.
    """
    location: NotRequired[str | None]
    """
    Where the customer is, e.g. "San Francisco".
    """
    email: str
    """
    Email address of the customer, e.g. "john.smith@example.com".
    """
    phone_number: NotRequired[str | None]
    """
    Phone number of the customer.
    """
    organisation_id: NotRequired[str | None]
    """
    Your identifier for the organisation that the customer belongs to.
    """
    plan: str
    """
    Name of the plan that the customer is assigned to, e.g. "Starter".
    """
    custom_attributes: NotRequired[dict[str, Any]]
    """
    A hash of key-value pairs with any other data about the customer: at most 64 KiB of JSON. An update merges them key by key, and a null removes its key. Fields that are not part of the customer are kept here too.
    """


class CustomerChanges(TypedDict):
    """
    The fields of a customer to change; those that are not sent stay.
    """

    name: NotRequired[str]
    """
    Name of the customer, e.g. "John Smith".
    """
    created_at: NotRequired[datetime | float | str]
    """
    Time at which the customer signed up: seconds since the Unix epoch, or ISO 8601 (UTC unless it has an offset). Defaults to the current time when the customer is created.
    """
    monthly_payment_amount: NotRequired[float | str | None]
    """
    What the customer pays a month: from 0 to less than 10^12, with at most four decimals.
    """
    location: NotRequired[str | None]
    """
    Where the customer is, e.g. "San Francisco".
    """
    email: NotRequired[str]
    """
    Email address of the customer, e.g. "john.smith@example.com".
    """
    phone_number: NotRequired[str | None]
    """
    Phone number of the customer.
    """
    organisation_id: NotRequired[str | None]
    """
    Your identifier for the organisation that the customer belongs to.
    """
    plan: NotRequired[str]
    """
    Name of the plan that the customer is assigned to, e.g. "Starter".
    """
    custom_attributes: NotRequired[dict[str, Any]]
    """
    A hash of key-value pairs with any other data about the customer: at most 64 KiB of JSON. An update merges them key by key, and a null removes its key. Fields that are not part of the customer are kept here too.
    """


class Customer(TypedDict):
    """
    A stored customer. A key without the scope `read` gets null in the place of what it did not send.
    """

    customer_id: str
    """
    Your identifier for the customer.
    """
    name: str
    """
    Name of the customer, e.g. "John Smith".
    """
    created_at: str
    """
    Time at which the customer signed up, in seconds since the Unix epoch.
    """
    monthly_payment_amount: float | None
    """
    What the customer pays a month, null if that was never sent.
    """
    location: str | None
    """
    Where the customer is, e.g. "San Francisco".
    """
    email: str
    """
    Email address of the customer, e.g. "john.smith@example.com".
    """
    phone_number: str | None
    """
    Phone number of the customer.
    """
    organisation_id: str | None
    """
    Your identifier for the organisation that the customer belongs to.
    """
    plan: str
    """
    Name of the plan that the customer is assigned to, e.g. "Starter".
    """
    custom_attributes: dict[str, Any]
    """
    A hash of key-value pairs: all that was sent beside the fields.
    """
    updated_at: str
    """
    Time at which the customer last changed here, in seconds since the Unix epoch.
    """


class Change(TypedDict):
    """
    A change of a customer.
    """

    field: Literal["monthly_payment_amount", "plan"]
    """
    The field that changed: `plan` or `monthly_payment_amount`.
    """
    before: str | float | None
    """
    Its value before, null if it was never sent.
    """
    after: str | float | None
    """
    Its value since.
    """
    changed_at: str
    """
    Time of the change, in seconds since the Unix epoch; the customer's `updated_at` at that time.
    """


class Alias(TypedDict):
    """
    Another id of a customer.
    """

    previous_id: str
    """
    The id that was said to be another customer's.
    """
    customer_id: str
    """
    The customer whose id it is; may be an alias itself.
    """
    reason: Literal["alias", "identify"]
    """
    What said so: an `alias`, or an `identify` with both ids.
    """
    created_at: str
    """
    Time at which it was said, in seconds since the Unix epoch.
    """


class AliasesRetrieved(TypedDict):
    """
    Response with aliases retrieved.
    """

    data: list[Alias]
    """
    The objects, also where there is one or none.
    """
    metadata: dict[str, Any]
    """
    Empty: there is nothing more to say.
    """
    retrieved: str
    """
    Time of the answer to the GET, in seconds since the Unix epoch.
    """
    object: Literal["alias"]
    """
    What `data` is a list of.
    """


class AliasesDeleted(TypedDict):
    """
    Response with the alias deleted.
    """

    data: list[Alias]
    """
    The objects, also where there is one or none.
    """
    metadata: dict[str, Any]
    """
    Empty: there is nothing more to say.
    """
    deleted: str
    """
    Time of the answer to the DELETE, in seconds since the Unix epoch.
    """
    object: Literal["alias"]
    """
    What `data` is a list of.
    """


class NextPage(TypedDict):
    """
    Where the next page is; empty on the last one.
    """

    next_cursor: NotRequired[str]
    """
    The `cursor` of the next page.
    """
    next: NotRequired[str]
    """
    The whole address of the next page.
    """


class Hint(TypedDict):
    """
    Something about the request that may be a mistake.
    """

    attr: str
    """
    The field, with dots and indexes as `3.createdAt`.
    """
    detail: str
    """
    What was probably meant, for people.
    """


class ErasedCounts(TypedDict):
    """
    How much else was erased with the customer.
    """

    events: NotRequired[int]
    """
    How many events were erased.
    """


class EventsRetrieved(TypedDict):
    """
    Response with the events retrieved.
    """

    data: list[Event]
    """
    The objects, also where there is one or none.
    """
    metadata: NextPage
    retrieved: str
    """
    Time of the answer to the GET, in seconds since the Unix epoch.
    """
    object: Literal["event"]
    """
    What `data` is a list of.
    """


class EventsDeleted(TypedDict):
    """
    Response with the events deleted.
    """

    data: list[Event]
    """
    The objects, also where there is one or none.
    """
    metadata: dict[str, Any] | ErasedCounts
    """
    `events`, where many were deleted.
    """
    deleted: str
    """
    Time of the answer to the DELETE, in seconds since the Unix epoch.
    """
    object: Literal["event"]
    """
    What `data` is a list of.
    """


class CustomersRetrieved(TypedDict):
    """
    Response with the customers retrieved.
    """

    data: list[Customer]
    """
    The objects, also where there is one or none.
    """
    metadata: NextPage
    retrieved: str
    """
    Time of the answer to the GET, in seconds since the Unix epoch.
    """
    object: Literal["customer"]
    """
    What `data` is a list of.
    """


class CustomersDeleted(TypedDict):
    """
    Response with the customers deleted.
    """

    data: list[Customer]
    """
    The objects, also where there is one or none.
    """
    metadata: ErasedCounts
    deleted: str
    """
    Time of the answer to the DELETE, in seconds since the Unix epoch.
    """
    object: Literal["customer"]
    """
    What `data` is a list of.
    """


class ErrorDetail(TypedDict):
    """
    One thing that is wrong.
    """

    code: str
    """
    What is wrong, for programs. There may be more codes in later versions.
    """
    detail: str
    """
    What is wrong, for people. The wording may change.
    """
    attr: str | None
    """
    The field, parameter or header, with dots and indexes as `3.created_at`; null where it is the request as a whole.
    """


class Metadata(TypedDict):
    """
    About the request.
    """

    request_id: str
    """
    The id of the request, as in `X-Request-ID` and the server's log.
    """


class Error(TypedDict):
    """
    What went wrong.
    """

    object: Literal["error"]
    """
    Always `error`.
    """
    type: Literal["validation_error", "client_error", "server_error"]
    """
    `validation_error`: values break the rules. `client_error`: another mistake of the client. `server_error`: sent again, the request may work.
    """
    errors: list[ErrorDetail]
    """
    All that is wrong.
    """
    metadata: Metadata
    """
    About the request.
    """


class ErasedCustomer(TypedDict):
    """
    All that is left of an erased customer.
    """

    customer_id: str
    """
    Your identifier for the customer. An integer is taken as its decimal digits.
    """


class EventCreated(TypedDict):
    """
    An event that was stored.
    """

    type: Literal["event.created"]
    """
    What happened.
    """
    timestamp: str
    """
    When it arrived here, in seconds since the Unix epoch.
    """
    data: Event


class CustomerUpdated(TypedDict):
    """
    A customer that is new or has changed, as it is now.
    """

    type: Literal["customer.updated"]
    """
    What happened.
    """
    timestamp: str
    """
    When it arrived here, in seconds since the Unix epoch.
    """
    data: Customer


class CustomerErased(TypedDict):
    """
    A customer that was erased. Erase it too.
    """

    type: Literal["customer.erased"]
    """
    What happened.
    """
    timestamp: str
    """
    When it arrived here, in seconds since the Unix epoch.
    """
    data: ErasedCustomer


FeedEntry: TypeAlias = EventCreated | CustomerUpdated | CustomerErased
"""
A change.
"""


class FeedPage(TypedDict):
    """
    Where to go on, always.
    """

    next_cursor: str
    """
    The `cursor` of the next page.
    """
    next: str
    """
    The whole address of the next page.
    """


class FeedRetrieved(TypedDict):
    """
    A page of the feed.
    """

    data: list[FeedEntry]
    """
    The objects, also where there is one or none.
    """
    metadata: FeedPage
    retrieved: str
    """
    Time of the answer to the GET, in seconds since the Unix epoch.
    """
    object: Literal["feed"]
    """
    What `data` is a list of.
    """


Name: TypeAlias = str


class NewWebhook(TypedDict):
    """
    A webhook to make.
    """

    url: str
    """
    Where the feed is sent to: http or https, a public address.
    """
    types: NotRequired[list[Literal["event.created", "customer.updated", "customer.erased"]]]
    """
    Only entries of these types; empty for all.
    """
    names: NotRequired[list[Name]]
    """
    Only events of these names, beside the other types; empty for all.
    """
    enabled: NotRequired[bool]
    """
    Whether it is sent anything. When switched on again, it continues where it stopped.
    """
    batch: NotRequired[int]
    """
    How many entries a request has at most.
    """


class WebhookChanges(TypedDict):
    """
    The settings to change; those that are not sent stay.
    """

    url: NotRequired[str]
    """
    Where the feed is sent to: http or https, a public address.
    """
    types: NotRequired[list[Literal["event.created", "customer.updated", "customer.erased"]]]
    """
    Only entries of these types; empty for all.
    """
    names: NotRequired[list[Name]]
    """
    Only events of these names, beside the other types; empty for all.
    """
    enabled: NotRequired[bool]
    """
    Whether it is sent anything. When switched on again, it continues where it stopped.
    """
    batch: NotRequired[int]
    """
    How many entries a request has at most.
    """


class Webhook(TypedDict):
    """
    A webhook.
    """

    id: str
    """
    The webhook's identifier.
    """
    url: str
    """
    Where the feed is sent to: http or https, a public address.
    """
    types: list[Literal["event.created", "customer.updated", "customer.erased"]]
    """
    Only entries of these types; empty for all.
    """
    names: list[Name]
    """
    Only events of these names, beside the other types; empty for all.
    """
    enabled: bool
    """
    Whether it is sent anything. When switched on again, it continues where it stopped.
    """
    stopped: Literal["gone", "failing"] | None
    """
    Why the server switched it off: `gone` after a response of 410, `failing` after five days of failures.
    """
    batch: int
    """
    How many entries a request has at most.
    """
    position: str
    """
    It has been sent everything up to this time, in seconds since the Unix epoch.
    """
    created_at: str
    """
    Time at which it was made, in seconds since the Unix epoch.
    """


class CreatedWebhook(TypedDict):
    """
    A webhook with its secret.
    """

    id: str
    """
    The webhook's identifier.
    """
    url: str
    """
    Where the feed is sent to: http or https, a public address.
    """
    types: list[Literal["event.created", "customer.updated", "customer.erased"]]
    """
    Only entries of these types; empty for all.
    """
    names: list[Name]
    """
    Only events of these names, beside the other types; empty for all.
    """
    enabled: bool
    """
    Whether it is sent anything. When switched on again, it continues where it stopped.
    """
    stopped: Literal["gone", "failing"] | None
    """
    Why the server switched it off: `gone` after a response of 410, `failing` after five days of failures.
    """
    batch: int
    """
    How many entries a request has at most.
    """
    position: str
    """
    It has been sent everything up to this time, in seconds since the Unix epoch.
    """
    created_at: str
    """
    Time at which it was made, in seconds since the Unix epoch.
    """
    secret: str
    """
    The secret that requests are signed with. Keep it: only owners can look it up again, in the portal.
    """


class WebhooksCreated(TypedDict):
    """
    Response with the webhooks created.
    """

    data: list[CreatedWebhook]
    """
    The objects, also where there is one or none.
    """
    metadata: dict[str, Any]
    """
    Empty: there is nothing more to say.
    """
    created: str
    """
    Time of the answer to the POST, in seconds since the Unix epoch.
    """
    object: Literal["webhook"]
    """
    What `data` is a list of.
    """


class WebhooksRetrieved(TypedDict):
    """
    Response with the webhooks retrieved.
    """

    data: list[Webhook]
    """
    The objects, also where there is one or none.
    """
    metadata: dict[str, Any]
    """
    Empty: there is nothing more to say.
    """
    retrieved: str
    """
    Time of the answer to the GET, in seconds since the Unix epoch.
    """
    object: Literal["webhook"]
    """
    What `data` is a list of.
    """


class WebhooksUpdated(TypedDict):
    """
    Response with the webhooks updated.
    """

    data: list[Webhook]
    """
    The objects, also where there is one or none.
    """
    metadata: dict[str, Any]
    """
    Empty: there is nothing more to say.
    """
    updated: str
    """
    Time of the answer to the PATCH, in seconds since the Unix epoch.
    """
    object: Literal["webhook"]
    """
    What `data` is a list of.
    """


class WebhooksDeleted(TypedDict):
    """
    Response with the webhooks deleted.
    """

    data: list[Webhook]
    """
    The objects, also where there is one or none.
    """
    metadata: dict[str, Any]
    """
    Empty: there is nothing more to say.
    """
    deleted: str
    """
    Time of the answer to the DELETE, in seconds since the Unix epoch.
    """
    object: Literal["webhook"]
    """
    What `data` is a list of.
    """


class FeedBatch(TypedDict):
    """
    Several entries in one request, for webhooks whose `batch` is more than 1.
    """

    type: Literal["batch"]
    """
    Always `batch`.
    """
    timestamp: str
    """
    When it was sent, in seconds since the Unix epoch.
    """
    data: list[FeedEntry]
    """
    The entries, in order.
    """


class ChangesRetrieved(TypedDict):
    """
    Response with changes retrieved.
    """

    data: list[Change]
    """
    The objects, also where there is one or none.
    """
    metadata: NextPage
    retrieved: str
    """
    Time of the answer to the GET, in seconds since the Unix epoch.
    """
    object: Literal["history"]
    """
    What `data` is a list of.
    """


class RejectedItem(TypedDict):
    """
    An item of a batch that was refused.
    """

    customer_id: NotRequired[Any]
    """
    What the item had as its `customer_id`, if anything.
    """
    name: NotRequired[Any]
    """
    What the item had as its `name`, if anything.
    """
    success: Literal[0]
    """
    Always 0: the item was not stored.
    """
    index: int
    """
    The item's place in the request, from 0.
    """
    errors: list[ErrorDetail]
    """
    All that is wrong.
    """


class BatchCounts(TypedDict):
    """
    What became of a batch; empty where everything was stored anew.
    """

    accepted: NotRequired[int]
    """
    How many items were stored; sent only if some were refused.
    """
    rejected: NotRequired[int]
    """
    How many items were refused.
    """
    duplicates: NotRequired[int]
    """
    How many events were stored before, under the same id.
    """
    hints: NotRequired[list[Hint]]
    """
    Fields that were kept as custom attributes, and were probably meant to be others.
    """


class Hints(TypedDict):
    """
    What may be a mistake in the request, though it was accepted; empty where nothing is.
    """

    hints: NotRequired[list[Hint]]
    """
    Fields that were kept as custom attributes, and were probably meant to be others.
    """


class EventsCreated(TypedDict):
    """
    Response with the events created.
    """

    data: list[Event]
    """
    The objects, also where there is one or none.
    """
    metadata: BatchCounts
    created: str
    """
    Time of the answer to the POST, in seconds since the Unix epoch.
    """
    object: Literal["event"]
    """
    What `data` is a list of.
    """


class EventsJudged(TypedDict):
    """
    Response to a batch of events of which some were refused: each in its place.
    """

    data: list[Event | RejectedItem]
    """
    The objects, also where there is one or none.
    """
    metadata: BatchCounts
    created: str
    """
    Time of the answer to the POST, in seconds since the Unix epoch.
    """
    object: Literal["event"]
    """
    What `data` is a list of.
    """


class CustomersCreated(TypedDict):
    """
    Response with the customers created.
    """

    data: list[Customer]
    """
    The objects, also where there is one or none.
    """
    metadata: BatchCounts
    created: str
    """
    Time of the answer to the POST, in seconds since the Unix epoch.
    """
    object: Literal["customer"]
    """
    What `data` is a list of.
    """


class CustomersUpdated(TypedDict):
    """
    Response with the customers updated.
    """

    data: list[Customer]
    """
    The objects, also where there is one or none.
    """
    metadata: Hints
    updated: str
    """
    Time of the answer to the PATCH, in seconds since the Unix epoch.
    """
    object: Literal["customer"]
    """
    What `data` is a list of.
    """


class CustomersJudged(TypedDict):
    """
    Response to a batch of customers of which some were refused: each in its place.
    """

    data: list[Customer | RejectedItem]
    """
    The objects, also where there is one or none.
    """
    metadata: BatchCounts
    created: str
    """
    Time of the answer to the POST, in seconds since the Unix epoch.
    """
    object: Literal["customer"]
    """
    What `data` is a list of.
    """
