"""Reads a request of Segment's SDKs: one JSON object, with any content type and possibly compressed."""

from typing import Any

from rest_framework.request import Request

from traitly.http.bodies import read_body
from traitly.input.errors import MalformedError, TooLargeError
from traitly.input.parsing import parse_body

MAX_ANONYMOUS_BYTES = 1024 * 1024  # of a body that is read to find its key


def read_message_body(request: Request, *, authenticated: bool = True) -> dict[str, Any]:
    """The body's object, read once and cached. Raises the errors of ``read_body``.

    Without ``authenticated`` the limit is ``MAX_ANONYMOUS_BYTES``.
    """
    django_request: Any = request._request
    if not hasattr(django_request, "segment_body"):
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not authenticated and length.isdigit() and int(length) > MAX_ANONYMOUS_BYTES:
            raise TooLargeError(
                "For a body this large, send the write key with Basic authentication."
            )
        body = read_body(request, authenticated=authenticated)
        values, single = parse_body(body)
        if not single or not isinstance(values[0], dict):
            raise MalformedError("The body must be a JSON object.")
        django_request.segment_body = values[0]
    parsed: dict[str, Any] = django_request.segment_body
    return parsed
