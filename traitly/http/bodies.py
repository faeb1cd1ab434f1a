"""Reads a request's body: limited in size, decompressed, in one of the media types that the contract lists."""

import gzip
import io
import re
import time
import zlib

from django.conf import settings
from gunicorn.http.errors import ParseException
from rest_framework.exceptions import AuthenticationFailed, UnsupportedMediaType
from rest_framework.request import Request

from traitly.http.large_bodies import LARGE, admit
from traitly.input.errors import MalformedError, TooLargeError
from traitly.input.parsing import Body

# curl's --data sends this type by default, and so do the commands of the reference.
_FORM = "application/x-www-form-urlencoded"
_JSON = {"", "application/json", "text/json", "text/plain", _FORM}
_FORM_DATA = re.compile(rb"[^\s{}\[\]\"=&]{1,255}=")  # name=value; no JSON starts like that
_LINES = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
REMEMBERED = (
    256 * 1024 + 1
)  # bytes of a body: over 64 Ki characters in any case, which is more than a rejection keeps
# After so long a body's key is looked up again. Together with API_KEY_CACHE_SECONDS this makes the
# five seconds within which a revoked key stops working, whatever its requests do.
_BELIEVED_SECONDS = 1


def read_body(request: Request, *, authenticated: bool = True) -> Body:
    """The body, or 400, 413 or 415; 401 if the key was revoked or expired while the body came in.

    Without ``authenticated`` the key is not checked, because the body contains it.
    """
    media_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if media_type not in _JSON | _LINES and not media_type.endswith("+json"):
        raise UnsupportedMediaType(
            media_type,
            f'Unsupported media type "{media_type}". Send JSON (application/json) or NDJSON.',
        )
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnsupportedMediaType(
            media_type, f'Unsupported content encoding "{encoding}". Send gzip or none.'
        )
    begin = time.monotonic()
    data = _read(request)
    _remember(request, data)
    if (
        authenticated
        and time.monotonic() - begin > _BELIEVED_SECONDS
        and not request.auth.still_works()  # type: ignore[union-attr]  # authenticated: a Credential
    ):
        raise AuthenticationFailed("The API key was revoked or expired during the request.")
    if encoding.endswith("gzip"):
        admit(request._request, _decompressed_size(data))
        data = _decompressed(data).read()
        _remember(request, data)
    else:
        admit(request._request, len(data))
    if media_type == _FORM and _FORM_DATA.match(data):
        raise MalformedError(
            """This looks form-encoded: send JSON, for example {"customer_id": "15", "name": "Logged in"}."""
        )
    if not data.strip():
        raise MalformedError("The body is empty. Send a JSON object or an array of JSON objects.")
    return Body(data, media_type in _LINES)


def arrived(request: Request) -> bytes:
    """The first ``REMEMBERED`` bytes of the request's body, decompressed if that was possible."""
    data: bytes = getattr(request._request, "arrived", b"")
    return data


def _remember(request: Request, data: bytes) -> None:
    """Keep it for code that reports an unreadable body."""
    request._request.arrived = data[:REMEMBERED]  # type: ignore[attr-defined]


def _read(request: Request) -> bytes:
    """All of the body, or 413 without holding more than the limit.

    Django treats a request without Content-Length as empty. Chunked requests have none, so their
    stream is read to the end.
    """
    limit: int = settings.MAX_BODY_BYTES
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        if int(length) > limit:
            raise _too_large()
        data: bytes = request._request.read(int(length))  # DRF's own stream parses by media type
        if len(data) < int(length):
            _remember(request, data)
            raise MalformedError("The body ended before its Content-Length.")
        return data
    if not request.META.get("wsgi.input_terminated"):
        return b""
    try:
        data = request.META["wsgi.input"].read(limit + 1)
    except ParseException as error:
        raise MalformedError("The body's chunked encoding is malformed.") from error
    except OSError as error:
        raise MalformedError("The body ended before its last chunk.") from error
    if len(data) > limit:
        raise _too_large()
    return data


def _decompressed(data: bytes) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=io.BytesIO(data))


def _decompressed_size(data: bytes) -> int:
    """The size of the decompressed body, or 413. It is decompressed in pieces that are discarded, so this needs no memory."""
    limit: int = settings.MAX_BODY_BYTES
    size = 0
    try:
        with _decompressed(data) as file:
            while piece := file.read(min(LARGE, limit + 1)):
                size += len(piece)
                if size > limit:
                    raise _too_large()
    except EOFError as error:
        raise MalformedError("The gzip body is truncated.") from error
    except (OSError, zlib.error) as error:
        raise MalformedError("Content-Encoding says gzip, but the body is not gzip.") from error
    return size


def _too_large() -> TooLargeError:
    return TooLargeError(
        f"The body is larger than {settings.MAX_BODY_BYTES} bytes. Split it into several requests."
    )
