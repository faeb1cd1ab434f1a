"""What each field, parameter and header means. A field that is missing here stops the document from being built."""

EVENT = {
    "customer_id": "Your identifier for the customer. An integer is taken as its decimal digits.",
    "name": 'Name of the event, e.g. "added user".',
    "created_at": "Time at which the event occurred: seconds since the Unix epoch, or ISO 8601 (UTC unless it has an "
    "offset). Defaults to the current time, in whole seconds.",
    "id": "Your own identifier of the event, unique in the account until the event is deleted. An event whose id is already stored is "
    "acknowledged and stored once, so a request can be sent again safely. Made by the server if not sent. "
    "Together with `customer_id` and `name` at most 2,600 bytes.",
    "custom_attributes": "A hash of key-value pairs with any other data about the event: at most 64 KiB of JSON. "
    "Fields that are not part of the event are kept here too.",
    "success": "Always 1: an event with this id is stored. If it was stored before, `metadata.duplicates` counts it.",
}
CUSTOMER = {
    "customer_id": "Your identifier for the customer. An integer is taken as its decimal digits.",
    "name": 'Name of the customer, e.g. "John Smith".',
    "email": 'Email address of the customer, e.g. "john.smith@example.com".',
    "plan": 'Name of the plan that the customer is assigned to, e.g. "Starter".',
    "created_at": "Time at which the customer signed up: seconds since the Unix epoch, or ISO 8601 (UTC unless it has "
    "an offset). Defaults to the current time when the customer is created.",
    "monthly_payment_amount": "What the customer pays a month: from 0 to less than 10^12, with at most four decimals.",
    "location": 'Where the customer is, e.g. "San Francisco".',
    "phone_number": "Phone number of the customer.",
    "organisation_id": "Your identifier for the organisation that the customer belongs to.",
    "custom_attributes": "A hash of key-value pairs with any other data about the customer: at most 64 KiB of JSON. "
    "An update merges them key by key, and a null removes its key. Fields that are not part of the customer are kept "
    "here too.",
    "updated_at": "Time at which the customer was last created or changed here, as seconds since the Unix epoch.",
}
# In answers.
_ATTRIBUTES = "A hash of key-value pairs: all that was sent beside the fields."
EVENT_RESPONSE = EVENT | {
    "customer_id": "Your identifier for the customer.",
    "created_at": "Time at which the event occurred, in seconds since the Unix epoch.",
    "id": "The event's identifier: yours, or one that the server made.",
    "custom_attributes": _ATTRIBUTES,
}
CUSTOMER_RESPONSE = CUSTOMER | {
    "customer_id": "Your identifier for the customer.",
    "created_at": "Time at which the customer signed up, in seconds since the Unix epoch.",
    "monthly_payment_amount": "What the customer pays a month, null if that was never sent.",
    "updated_at": "Time at which the customer last changed here, in seconds since the Unix epoch.",
    "custom_attributes": _ATTRIBUTES,
}
CHANGE = {
    "field": "The field that changed: `plan` or `monthly_payment_amount`.",
    "before": "Its value before, null if it was never sent.",
    "after": "Its value since.",
    "changed_at": "Time of the change, in seconds since the Unix epoch; the customer's `updated_at` at that time.",
}
ALIAS = {
    "previous_id": "The id that was said to be another customer's.",
    "customer_id": "The customer whose id it is; may be an alias itself.",
    "reason": "What said so: an `alias`, or an `identify` with both ids.",
    "created_at": "Time at which it was said, in seconds since the Unix epoch.",
}
WEBHOOK = {
    "id": "The webhook's identifier.",
    "url": "Where the feed is sent to: http or https, a public address.",
    "types": "Only entries of these types; empty for all.",
    "names": "Only events of these names, beside the other types; empty for all.",
    "enabled": "Whether it is sent anything. When switched on again, it continues where it stopped.",
    "stopped": "Why the server switched it off: `gone` after a response of 410, `failing` after five days of failures.",
    "batch": "How many entries a request has at most.",
    "position": "It has been sent everything up to this time, in seconds since the Unix epoch.",
    "created_at": "Time at which it was made, in seconds since the Unix epoch.",
    "secret": "The secret that requests are signed with. Keep it: only owners can look it up again, in the portal.",
}
FILTERS = {
    "history": {
        "field": "The field that changed.",
        "changed_at": "the time of the change",
    },
    "event": {
        "customer_id": "Your identifier for the customer.",
        "name": 'Name of the event being retrieved, e.g. "added user".',
        "created_at": "the time at which the event occurred",
    },
    "customer": {
        "customer_id": "Your identifier for the customer.",
        "name": 'Name of the customer being retrieved, e.g. "John Smith".',
        "plan": 'Name of the plan a customer is assigned to, e.g. "Starter".',
        "email": "Email address of the customer.",
        "location": "Where the customer is.",
        "phone_number": "Phone number of the customer.",
        "organisation_id": "Your identifier for the organisation.",
        "monthly_payment_amount": "what the customer pays a month",
        "created_at": "the time at which the customer signed up",
        "updated_at": "the time of the last change",
    },
}
PATH = {
    "previous_id": "One of the customer's other ids. A slash in it is sent as %2F.",
    "customer_id": "Your identifier for the customer. A slash in it is sent as %2F.",
    "webhook_id": "The webhook's `id`.",
    "event_id": "The event's `id`. A slash in it is sent as %2F.",
}
