"""Lists as streams: every matching row as NDJSON or CSV, in constant memory however many there are."""

import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.http import StreamingHttpResponse
from rest_framework.exceptions import AuthenticationFailed

from traitly.api.lists import ListQuery, pages

NDJSON = "application/x-ndjson"
CSV = "text/csv"


def stream_response(
    asked: ListQuery, *, account_id: int, media_type: str, allowed: Callable[[], bool]
) -> StreamingHttpResponse:
    """The list as a stream, while its reader is ``allowed`` to have it.

    If that ends or the database goes away midway, the connection is cut: an end is never faked.
    """
    lines = csv_lines(asked, account_id=account_id) if media_type == CSV else ndjson_lines(asked, account_id=account_id)
    charset = "; charset=utf-8" if media_type == CSV else ""
    return StreamingHttpResponse(_while_allowed(lines, allowed), content_type=media_type + charset)


def _while_allowed(chunks: Iterable[bytes], allowed: Callable[[], bool]) -> Iterator[bytes]:
    """The chunks; asks as often as requests do. Who reads slowly would otherwise read on after the key is revoked."""
    asked = time.monotonic()
    for chunk in chunks:
        if time.monotonic() > asked + settings.API_KEY_CACHE_SECONDS:
            if not allowed():
                raise AuthenticationFailed("The API key was revoked or expired meanwhile.")
            asked = time.monotonic()
        yield chunk


def ndjson_lines(asked: ListQuery, *, account_id: int) -> Iterator[bytes]:
    """The rows as JSON objects, one a line, in chunks of many lines. They can be posted back."""
    for rows in pages(asked, account_id=account_id):
        yield ("\n".join(rows) + "\n").encode()


def csv_lines(asked: ListQuery, *, account_id: int) -> Iterator[bytes]:
    """The rows as CSV (RFC 4180) under a line of names, in chunks; custom attributes are one cell of JSON."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(asked.definition.columns)
    for rows in pages(asked, account_id=account_id, cells=True):
        writer.writerows(rows)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()
