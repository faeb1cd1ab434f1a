"""Every status and every code of an error: what it means, and what to do. The errors page and the document show them."""

from http import HTTPStatus
from typing import NamedTuple


class Status(NamedTuple):
    """A status of an error. ``name`` is that of its component in the document."""

    name: str
    meaning: str
    action: str


class Code(NamedTuple):
    """A ``code`` of an error."""

    meaning: str
    action: str


STATUSES: dict[HTTPStatus, Status] = {
    HTTPStatus.BAD_REQUEST: Status(
        "BadRequest",
        "The request is invalid, and a retry will not change that. `errors` lists every problem.",
        "Correct what `errors` names: `attr` is the field or parameter, `detail` says what is wrong with it.",
    ),
    HTTPStatus.UNAUTHORIZED: Status(
        "Unauthorized",
        "The API key is missing, malformed, unknown, revoked or expired.",
        "Send `Authorization: Token <key>` with a key that the portal lists as active.",
    ),
    HTTPStatus.FORBIDDEN: Status(
        "Forbidden",
        "The key's scopes do not cover the method: `read` is for GET, `write` for everything else.",
        "Use a key with the scope, or create one in the portal.",
    ),
    HTTPStatus.NOT_FOUND: Status(
        "NotFound",
        "Your account has no such object, or the API has no such URL.",
        "Check the identifier; send a slash in it as %2F. Deleted objects are not found either.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: Status(
        "MethodNotAllowed",
        "The URL does not support this method.",
        "Use one that the response's `Allow` header lists.",
    ),
    HTTPStatus.NOT_ACCEPTABLE: Status(
        "NotAcceptable",
        "The URL cannot respond in a format that `Accept` asks for.",
        "Ask for `application/json`. Lists also come as `application/x-ndjson` and `text/csv`.",
    ),
    HTTPStatus.REQUEST_TIMEOUT: Status(
        "RequestTimeout",
        "The request took too long to arrive. Headers may take 10 seconds, a body 10 seconds and one more per 32 KiB.",
        "Send the request again; over a slow connection, in smaller parts.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Status(
        "TooLarge",
        "The body has more than 16 MiB after decompression, or more than 10,000 objects, or too many values; or a "
        "customer's attributes would grow beyond 128 KiB. Nothing was stored.",
        "Split it into several requests.",
    ),
    HTTPStatus.REQUEST_URI_TOO_LONG: Status(
        "UrlTooLong",
        "The URL with its parameters has more than about 8,000 characters.",
        "Ask for fewer values per request.",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Status(
        "UnsupportedMediaType",
        "The body's `Content-Type` is not one that is read as JSON, or its `Content-Encoding` is not gzip.",
        "Send `Content-Type: application/json`, or `application/x-ndjson` for one object a line.",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: Status(
        "TooManyRequests",
        "The key has used up its rate limit, or the account its quota, which the operator of the server sets.",
        "Wait the seconds in `Retry-After`, then send the request again. Without that header, `detail` says what helps.",
    ),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: Status(
        "HeadersTooLarge",
        "The request's headers are too large, or there are too many.",
        "Leave out what you do not need, such as cookies.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: Status(
        "ServerError",
        "The server failed. The mistake is not yours.",
        "Send the request again, with the same `Idempotency-Key` or ids; if it fails again, report its `request_id`.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: Status(
        "Unavailable",
        "The database is unavailable or too busy. A write may or may not have been stored.",
        "Wait the seconds in `Retry-After`, then send the request again, with the same `Idempotency-Key` or ids.",
    ),
}

CODES: dict[str, Code] = {
    "required": Code("A required field or parameter is missing.", "Send it."),
    "null": Code(
        "The field is null, and may not be.",
        "Send a value, or leave the field out where it is optional.",
    ),
    "blank": Code("The text is empty, or has only whitespace.", "Send text."),
    "invalid": Code(
        "The value has the wrong type or format: `detail` says what was expected.",
        "Send what is expected.",
    ),
    "invalid_choice": Code(
        "The value is not one of those that `detail` lists.", "Send one of them."
    ),
    "invalid_key": Code(
        "A key of `custom_attributes` is empty or longer than 255 characters.", "Rename it."
    ),
    "not_a_dict": Code("`custom_attributes` is not an object.", "Send an object, or leave it out."),
    "min_value": Code("The number or time is too small.", "Amounts start at 0, times in 1970."),
    "max_value": Code(
        "The number or time is too large; often a time in milliseconds.",
        "Send times in seconds since the Unix epoch.",
    ),
    "max_decimal_places": Code("The amount has more than four decimals.", "Round it."),
    "max_length": Code(
        "The text is too long: `detail` has the limit in characters or bytes.", "Shorten it."
    ),
    "null_characters_not_allowed": Code(
        "The text has a NUL character (U+0000), which the database cannot hold.", "Remove it."
    ),
    "duplicate": Code(
        "The same key was sent both as a field and in `custom_attributes`.", "Send it once."
    ),
    "empty": Code("The body contains no objects.", "Send at least one."),
    "unknown_parameter": Code(
        "The URL has no such parameter: `detail` lists those that it has.",
        "Check the spelling. A mistyped filter is never ignored, because the list would then contain everything.",
    ),
    "too_many_values": Code("A parameter has too many values.", "Ask in several requests."),
    "too_many_filters": Code(
        "Too many custom attributes are filtered on at once.", "Leave some out."
    ),
    "too_slow": Code(
        "The list took the database too long, and it gave up.", "Narrow it: `detail` says how."
    ),
    "unknown_field": Code("Webhooks have no such field.", "Check the spelling."),
    "too_many": Code(
        "The account has reached its limit of webhooks.", "Delete one that you do not need."
    ),
    "bad_request": Code(
        "The request cannot be read: its host or its parameters are malformed.", "Correct it."
    ),
    "parse_error": Code(
        "The body is not what it claims to be: broken JSON, not UTF-8, a broken gzip, cut off. `detail` says where.",
        "Correct the body and send all of it again: nothing was stored.",
    ),
    "not_authenticated": Code(
        "No `Authorization` header was sent.", "Send `Authorization: Token <key>`."
    ),
    "authentication_failed": Code(
        "The header is malformed, or the key is unknown, revoked or expired.",
        "Use an active key of the portal.",
    ),
    "permission_denied": Code(
        "The key's scopes do not allow this method.", "Use a key that has the scope."
    ),
    "not_found": Code(
        "Your account has no such object, or the API has no such URL.", "Check the identifier."
    ),
    "method_not_allowed": Code(
        "The URL does not support this method.", "See the response's `Allow` header."
    ),
    "not_acceptable": Code(
        "`Accept` asks for a format that the URL cannot produce.", "Ask for `application/json`."
    ),
    "request_timeout": Code(
        "The request took too long to arrive.", "Send it again; in smaller parts if it is slow."
    ),
    "request_too_large": Code(
        "The body is too large, or would make an object too large.",
        "Split it into several requests.",
    ),
    "unsupported_media_type": Code("The body's type or encoding is not supported.", "Send JSON."),
    "throttled": Code("The key has used up its rate limit.", "Wait the seconds in `Retry-After`."),
    "quota_exceeded": Code(
        "The account has reached its quota of customers, or of events for today: `detail` has the number.",
        "Wait until the daily quota resets, erase customers, or ask the operator of the server for more.",
    ),
    "error": Code(
        "The server failed.", "Send the request again; report the `request_id` if it fails again."
    ),
    "service_unavailable": Code(
        "The database is unavailable or too busy.", "Wait the seconds in `Retry-After`, then retry."
    ),
}
