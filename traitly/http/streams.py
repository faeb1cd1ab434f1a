"""Lists as streamed responses, which are cut off when their reader may no longer read."""

import time
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.http import StreamingHttpResponse
from rest_framework.exceptions import AuthenticationFailed

from traitly.lists.definition import ListQuery
from traitly.lists.streams import csv_lines, ndjson_lines

NDJSON = "application/x-ndjson"
CSV = "text/csv"


def stream_response(
    query: ListQuery, *, account_id: int, media_type: str, allowed: Callable[[], bool]
) -> StreamingHttpResponse:
    """The list as a stream, as long as its reader is ``allowed`` to read.

    If that ends, or the database goes away midway, the connection is reset, so that the stream
    never looks complete.
    """
    lines = (
        csv_lines(query, account_id=account_id)
        if media_type == CSV
        else ndjson_lines(query, account_id=account_id)
    )
    charset = "; charset=utf-8" if media_type == CSV else ""
    return StreamingHttpResponse(while_allowed(lines, allowed), content_type=media_type + charset)


def while_allowed(chunks: Iterable[bytes], allowed: Callable[[], bool]) -> Iterator[bytes]:
    """The chunks. The key is checked as often as for requests; otherwise a slow reader could go on after it was revoked."""
    query = time.monotonic()
    for chunk in chunks:
        if time.monotonic() > query + settings.API_KEY_CACHE_SECONDS:
            if not allowed():
                raise AuthenticationFailed("The API key was revoked or expired during the request.")
            query = time.monotonic()
        yield chunk
