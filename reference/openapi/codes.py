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
        "The request is wrong, and sent again it stays wrong. `errors` lists everything that was found.",
        "Mend what `errors` names: `attr` is the field or parameter, `detail` says what is wrong with it.",
    ),
    HTTPStatus.UNAUTHORIZED: Status(
        "Unauthorized",
        "No API key was sent, or one that is malformed, unknown, revoked or expired.",
        "Send `Authorization: Token <key>` with a key that the portal lists as active.",
    ),
    HTTPStatus.FORBIDDEN: Status(
        "Forbidden",
        "The key's scopes do not cover the method: `read` is for GET, `write` for everything else.",
        "Use a key with the scope, or create one in the portal.",
    ),
    HTTPStatus.NOT_FOUND: Status(
        "NotFound",
        "There is no such object in your account, or no such address.",
        "Check the identifier; a slash in it is sent as %2F. What was deleted is not found either.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: Status(
        "MethodNotAllowed",
        "The address does not have this method.",
        "Use one that the answer's `Allow` header lists.",
    ),
    HTTPStatus.NOT_ACCEPTABLE: Status(
        "NotAcceptable",
        "The address cannot answer in a format that `Accept` asks for.",
        "Ask for `application/json`. Lists also come as `application/x-ndjson` and `text/csv`.",
    ),
    HTTPStatus.REQUEST_TIMEOUT: Status(
        "RequestTimeout",
        "The request took too long to arrive: its headers 10 seconds, its body 10 seconds and a second for each 32 KiB.",
        "Send the request again, in smaller parts over a slow connection.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Status(
        "TooLarge",
        "The body has more than 16 MiB after decompression, or more than 10,000 objects, or too many values; or a "
        "customer's attributes would grow beyond 128 KiB. Nothing was stored.",
        "Send it in parts.",
    ),
    HTTPStatus.REQUEST_URI_TOO_LONG: Status(
        "UrlTooLong",
        "The URL with its parameters has more than about 8,000 characters.",
        "Ask for fewer values at once.",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Status(
        "UnsupportedMediaType",
        "The body's `Content-Type` is not read as JSON, or its `Content-Encoding` is neither gzip nor none.",
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
        "Leave out what is not needed, cookies for example.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: Status(
        "ServerError",
        "The server failed. It is not your mistake.",
        "Send the request again, with the same `Idempotency-Key` or ids; if it fails again, report its `request_id`.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: Status(
        "Unavailable",
        "The database is away or too busy. Whether a write was stored is not known.",
        "Wait the seconds in `Retry-After`, then send the request again, with the same `Idempotency-Key` or ids.",
    ),
}

CODES: dict[str, Code] = {
    "required": Code("A field or parameter that must be there is missing.", "Send it."),
    "null": Code("The field is null, and may not be.", "Send a value, or leave the field out where it is optional."),
    "blank": Code("The text is empty or only white space.", "Send text."),
    "invalid": Code("The value is of the wrong kind: `detail` says what was expected.", "Send what is expected."),
    "invalid_choice": Code("The value is none of the possible ones, which `detail` lists.", "Send one of them."),
    "invalid_key": Code("A key of `custom_attributes` is empty or longer than 255 characters.", "Rename it."),
    "not_a_dict": Code("`custom_attributes` is not an object.", "Send an object, or leave it out."),
    "min_value": Code("The number or time is too small.", "Amounts begin at 0, times at 1970."),
    "max_value": Code(
        "The number or time is too large; often a time in milliseconds.", "Send times in seconds since the Unix epoch."
    ),
    "max_decimal_places": Code("The amount has more than four decimals.", "Round it."),
    "max_length": Code("The text has too many characters or bytes: `detail` says how many may be.", "Shorten it."),
    "null_characters_not_allowed": Code(
        "The text has a NUL character (U+0000), which the database cannot hold.", "Remove it."
    ),
    "duplicate": Code("The same key was sent both as a field and in `custom_attributes`.", "Send it once."),
    "empty": Code("There are no objects in the body.", "Send at least one."),
    "unknown_parameter": Code(
        "The address has no such parameter: `detail` lists those that it has.",
        "Check the spelling. A mistyped filter is never passed over, because the list would then have everything.",
    ),
    "too_many_values": Code("A parameter has more values than can be asked for at once.", "Ask in several requests."),
    "too_many_filters": Code("More custom attributes are filtered by than can be at once.", "Leave some out."),
    "too_slow": Code(
        "The database gave up on the list, because it took too long to find.", "Narrow it: `detail` says how."
    ),
    "unknown_field": Code("A webhook has no such field.", "Check the spelling."),
    "too_many": Code("The account has as many webhooks as it may.", "Delete one that is not needed."),
    "bad_request": Code("The request cannot be read: its host or its parameters are not as they must be.", "Mend it."),
    "parse_error": Code(
        "The body is not what it claims to be: broken JSON, not UTF-8, a broken gzip, cut off. `detail` says where.",
        "Mend the body; whole, not in part: nothing of it was stored.",
    ),
    "not_authenticated": Code("No `Authorization` header was sent.", "Send `Authorization: Token <key>`."),
    "authentication_failed": Code(
        "The header is malformed, or the key is unknown, revoked or expired.", "Use an active key of the portal."
    ),
    "permission_denied": Code("The key's scopes do not allow the method.", "Use a key that has the scope."),
    "not_found": Code("There is no such object in your account, or no such address.", "Check the identifier."),
    "method_not_allowed": Code("The address does not have this method.", "See the answer's `Allow` header."),
    "not_acceptable": Code("`Accept` asks for a format that the address does not have.", "Ask for one that it has."),
    "request_timeout": Code("The request took too long to arrive.", "Send it again; in smaller parts if it is slow."),
    "request_too_large": Code("The body or what it would make is too large.", "Send it in parts."),
    "unsupported_media_type": Code("The body's type or encoding is not read.", "Send JSON."),
    "throttled": Code("The key has used up its rate limit.", "Wait the seconds in `Retry-After`."),
    "quota_exceeded": Code(
        "The account stores as many customers, or has sent as many events today, as it may: `detail` says how many.",
        "Wait until the day's quota resets, erase customers, or ask the operator of the server for more.",
    ),
    "error": Code("The server failed.", "Send the request again; report the `request_id` if it fails again."),
    "service_unavailable": Code("The database is away or too busy.", "Wait the seconds in `Retry-After`, then retry."),
}
