"""The operations, in the order of the published reference."""

from typing import Any

from customers.queries import HISTORY
from customers.queries import LIST as CUSTOMERS
from events.queries import ERASURE, TIMELINE
from events.queries import LIST as EVENTS
from reference.openapi.operation import Operation, Response
from reference.openapi.parameters import feed_parameters, filter_parameters
from reference.openapi.shapes import ref
from traitly.http.streams import CSV, NDJSON
from traitly.settings import MAX_ITEMS

_NOT_FOUND = 404
_STREAMS = (NDJSON, CSV)
_BODY_ERRORS = (413, 415)
_IDEMPOTENCY_KEY = {"$ref": "#/components/parameters/idempotency_key"}

TAGS = {
    "Events": "What your customers do: each has a customer, a name and a time. Events never change.",
    "Customers": "Who your customers are, which plan they are on, what they pay.",
    "Feed": "New events, changed customers and erased ones, in order and without gaps: for a warehouse, a CRM, "
    "services of your own. A reader that follows the cursor misses no event and reads none twice.",
    "Webhooks": "The feed, sent to you: signed, in order, again and again until you have it.",
}

OBJECTS = {
    "Events": "Event",
    "Customers": "Customer",
    "Webhooks": "Webhook",
}  # what a tag's operations are about: names of schemas


def _one_or_many(name: str) -> dict[str, Any]:
    """The content of a body: an object, an array of them, or one a line."""
    many = {"type": "array", "minItems": 1, "maxItems": MAX_ITEMS, "items": ref(name)}
    lines = {"type": "string", "description": "One JSON object a line."}
    return {
        "application/json": {"schema": {"anyOf": [ref(name), many]}},
        "application/x-ndjson": {"schema": lines},
    }


_BODY = (
    f"One JSON object, an array of up to {MAX_ITEMS:,}, or one object a line as `application/x-ndjson`. At most 16 MiB "
    "after decompression; `Content-Encoding: gzip` is read. `text/plain`, a form's type and no type are read as JSON "
    "too, as curl sends them."
)
_BATCHES = (
    "Items of an array are validated one by one. Valid ones are stored in one transaction; each refused one says why, "
    "in its place. The response is sent only after everything in it is durably stored."
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        id="createEvents",
        url="events",
        method="POST",
        tag="Events",
        summary="Create an event",
        description="Create a tracked event, or up to 10,000 at once. The customer need not exist: events and customers "
        f"may arrive in any order.\n\n{_BATCHES}\n\nA request that was cut off can be sent again safely if its events "
        "have ids of yours, or the request has an `Idempotency-Key`.",
        body=_one_or_many("NewEvent"),
        body_description=_BODY,
        parameters=(_IDEMPOTENCY_KEY,),
        responses={
            201: Response(description="All events are stored.", schema="EventsCreated"),
            207: Response(
                description="Some events are stored, the others were refused.",
                schema="EventsJudged",
            ),
        },
        errors=_BODY_ERRORS,
    ),
    Operation(
        id="listEvents",
        url="events",
        method="GET",
        tag="Events",
        summary="List events",
        description="List a customer's events of one name or several, the oldest first.",
        lists=EVENTS,
        responses={
            200: Response(
                description="A page of events.", schema="EventsRetrieved", streams=_STREAMS
            )
        },
    ),
    Operation(
        id="deleteEvents",
        url="events",
        method="DELETE",
        tag="Events",
        summary="Delete events",
        description="Delete every event that matches the parameters: of a customer, of a name, in a range of time. At "
        "least one parameter is needed. `metadata.events` is the number of deleted events. If the request is cut off, send "
        "it again: it continues where it stopped.",
        parameters=tuple(filter_parameters(ERASURE, "event")),
        responses={200: Response(description="They are deleted.", schema="EventsDeleted")},
    ),
    Operation(
        id="getEvent",
        url="event",
        method="GET",
        tag="Events",
        summary="Retrieve an event",
        description="Retrieve the event with this `id`.",
        responses={200: Response(description="The event.", schema="EventsRetrieved")},
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="deleteEvent",
        url="event",
        method="DELETE",
        tag="Events",
        summary="Delete an event",
        description="Delete the event with this `id`, which may then be used again.",
        responses={200: Response(description="The event as it was.", schema="EventsDeleted")},
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="createCustomers",
        url="customers",
        method="POST",
        tag="Customers",
        summary="Create a customer",
        description="Create a customer, or up to 10,000 at once. A customer whose `customer_id` is known already is "
        "updated: fields that are sent replace, fields that are not sent stay, `custom_attributes` are merged key by "
        f"key, and a null removes its key.\n\n{_BATCHES} Items with the same `customer_id` are applied in order.",
        body=_one_or_many("NewCustomer"),
        body_description=_BODY,
        responses={
            200: Response(
                description="All customers were known, and are updated.", schema="CustomersCreated"
            ),
            201: Response(
                description="All customers are stored, and at least one is new.",
                schema="CustomersCreated",
            ),
            207: Response(
                description="Some customers are stored, the others were refused.",
                schema="CustomersJudged",
            ),
        },
        errors=_BODY_ERRORS,
    ),
    Operation(
        id="listCustomers",
        url="customers",
        method="GET",
        tag="Customers",
        summary="List customers",
        description="List the customers that match all filters, the oldest first.",
        lists=CUSTOMERS,
        responses={
            200: Response(
                description="A page of customers.", schema="CustomersRetrieved", streams=_STREAMS
            )
        },
    ),
    Operation(
        id="getCustomer",
        url="customer",
        method="GET",
        tag="Customers",
        summary="Retrieve a customer",
        description="Retrieve the customer with this `customer_id`.",
        responses={200: Response(description="The customer.", schema="CustomersRetrieved")},
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="updateCustomer",
        url="customer",
        method="PATCH",
        tag="Customers",
        summary="Update a customer",
        description="Change some fields of a customer: those that are not sent stay, `custom_attributes` are merged key "
        "by key, and a null removes its key. A `customer_id` in the body may only repeat that of the address.",
        body={"application/json": {"schema": ref("CustomerChanges")}},
        body_description="The fields to change, as one JSON object.",
        responses={
            200: Response(description="The customer as it is now.", schema="CustomersUpdated")
        },
        errors=(_NOT_FOUND, *_BODY_ERRORS),
    ),
    Operation(
        id="deleteCustomer",
        url="customer",
        method="DELETE",
        tag="Customers",
        summary="Erase a customer",
        description="Delete a customer with all its events, in one transaction. This cannot be undone.",
        responses={
            200: Response(
                description="The customer as it was, and what else went.", schema="CustomersDeleted"
            )
        },
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="listCustomerHistory",
        url="history",
        method="GET",
        tag="Customers",
        summary="List a customer's changes",
        description="List what a customer's plan and monthly payment were before each change of them, the oldest first. "
        "The value before the first change had been there since the customer's `created_at`.",
        lists=HISTORY,
        responses={
            200: Response(
                description="A page of changes.", schema="ChangesRetrieved", streams=_STREAMS
            )
        },
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="listCustomerAliases",
        url="aliases",
        method="GET",
        tag="Customers",
        summary="List a customer's other ids",
        description="List the ids that were said to be this customer's, by an `alias` of Segment's SDKs or an `identify` "
        "with both ids. Reading follows them; what is stored under them is not rewritten.",
        responses={
            200: Response(description="The customer's other ids.", schema="AliasesRetrieved")
        },
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="deleteCustomerAlias",
        url="alias",
        method="DELETE",
        tag="Customers",
        summary="Separate an id from a customer",
        description="Delete an alias: what is stored under `previous_id` is no longer read as this customer's.",
        responses={200: Response(description="The alias as it was.", schema="AliasesDeleted")},
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="listCustomerEvents",
        url="timeline",
        method="GET",
        tag="Customers",
        summary="List a customer's events",
        description="List a customer's events of every name, or of those in `name`: its timeline.",
        lists=TIMELINE,
        responses={
            200: Response(
                description="A page of events.", schema="EventsRetrieved", streams=_STREAMS
            )
        },
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="readFeed",
        url="feed",
        method="GET",
        tag="Feed",
        summary="Read the feed",
        description="Read what has changed since a cursor, in the order in which it was stored. `metadata.next_cursor` is "
        "always there, even when nothing is new, so a client simply loops: read, handle, keep the cursor, read again. An "
        "entry is shown as soon as nothing can be stored before it any more.\n\n"
        "`event.created` has the event. `customer.updated` has the customer as it is now; several updates between two reads "
        "may be one entry. `customer.erased` has the `customer_id` and nothing else, and is kept for 30 days. A deleted event "
        "leaves the feed without an entry of its own: delete it in your copy as well.",
        parameters=tuple(feed_parameters()),
        responses={
            200: Response(
                description="A page of entries.", schema="FeedRetrieved", streams=(NDJSON,)
            )
        },
    ),
    Operation(
        id="createWebhook",
        url="webhooks",
        method="POST",
        tag="Webhooks",
        summary="Create a webhook",
        description="Have the feed sent to an address of yours, from now on. The response has the secret that requests are "
        "signed with. The key needs the scopes `read` and `write`.",
        body={"application/json": {"schema": ref("NewWebhook")}},
        body_description="The webhook, as one JSON object.",
        responses={
            201: Response(description="The webhook, with its secret.", schema="WebhooksCreated")
        },
        errors=_BODY_ERRORS,
    ),
    Operation(
        id="listWebhooks",
        url="webhooks",
        method="GET",
        tag="Webhooks",
        summary="List webhooks",
        description="List every webhook of the account, the oldest first.",
        responses={200: Response(description="All webhooks.", schema="WebhooksRetrieved")},
    ),
    Operation(
        id="getWebhook",
        url="webhook",
        method="GET",
        tag="Webhooks",
        summary="Retrieve a webhook",
        description="Retrieve the webhook with this `id`: how far it is, and whether the server has switched it off.",
        responses={200: Response(description="The webhook.", schema="WebhooksRetrieved")},
        errors=(_NOT_FOUND,),
    ),
    Operation(
        id="updateWebhook",
        url="webhook",
        method="PATCH",
        tag="Webhooks",
        summary="Update a webhook",
        description="Change a webhook, or switch it off and on. It goes on where it stopped.",
        body={"application/json": {"schema": ref("WebhookChanges")}},
        body_description="The settings to change, as one JSON object.",
        responses={
            200: Response(description="The webhook as it is now.", schema="WebhooksUpdated")
        },
        errors=(_NOT_FOUND, *_BODY_ERRORS),
    ),
    Operation(
        id="deleteWebhook",
        url="webhook",
        method="DELETE",
        tag="Webhooks",
        summary="Delete a webhook",
        description="Delete a webhook, together with the entries that it has set aside.",
        responses={200: Response(description="The webhook as it was.", schema="WebhooksDeleted")},
        errors=(_NOT_FOUND,),
    ),
)
