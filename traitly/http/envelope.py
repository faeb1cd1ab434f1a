"""The envelope of every response: ``{"data": [...], "metadata": {}, "<verb>": "<unix seconds>", "object": ...}``."""

import json
import time
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
from django.http import HttpResponse
from django.utils.encoding import escape_uri_path
from rest_framework.request import Request

from traitly.http.errors import error_response
from traitly.http.responses import ApiResponse
from traitly.input.hints import Hint
from traitly.input.items import Batch, RejectedItem
from traitly.observability.metrics import count_items

VERBS = {"POST": "created", "PATCH": "updated", "DELETE": "deleted"}


class WrittenRows(NamedTuple):
    """Rows as the JSON text of their array, and how many they are."""

    array: bytes
    number: int


def envelope(
    kind: str,
    rows: Iterable[bytes | dict[str, Any]] | WrittenRows,
    *,
    method: str = "GET",
    status: int = HTTPStatus.OK,
    metadata: Mapping[str, Any] | None = None,
) -> ApiResponse:
    """A response about ``kind`` ("event", "customer"); each row is an object or its JSON text.

    Rows written by the database reach the client unparsed.
    """
    rest = {
        "metadata": metadata or {},
        VERBS.get(method, "retrieved"): str(int(time.time())),
        "object": kind,
    }
    if isinstance(rows, WrittenRows):
        text, number = b'{"data":%b,%b' % (rows.array, orjson.dumps(rest)[1:]), rows.number
    else:
        data = list(rows)
        text, number = orjson.dumps({"data": _json_array(data), **rest}), len(data)
    response = ApiResponse(text, status=status, content_type="application/json")
    response.rows = number
    return response


def _json_array(rows: list[bytes | dict[str, Any]]) -> Any:
    texts = [row for row in rows if isinstance(row, bytes)]
    if len(texts) == len(rows):
        return orjson.Fragment(b"[" + b",".join(texts) + b"]")
    return [orjson.Fragment(row) if isinstance(row, bytes) else row for row in rows]


def batch_response(
    kind: str,
    batch: Batch[Any],
    rows: Iterable[bytes | dict[str, Any]],
    *,
    created: bool = True,
    duplicates: int = 0,
) -> HttpResponse:
    """The response to a POST: the accepted items' ``rows`` and the rejected items, in the order of the request.

    201, 200 if nothing was ``created``, 207 if only some were accepted, 400 if none; the error
    object for a single object that was rejected.
    """
    rejections = batch.rejected
    count_items(
        kind,
        accepted=len(batch.results) - len(rejections),
        rejected=len(rejections),
        duplicates=duplicates,
    )
    if batch.single and rejections:
        return error_response(HTTPStatus.BAD_REQUEST, rejections[0].errors, kind="validation_error")
    data = list(rows)
    if rejections:
        accepted = iter(data)
        data = [
            _rejection(result) if isinstance(result, RejectedItem) else next(accepted)
            for result in batch.results
        ]
    rejected = len(rejections)
    metadata: dict[str, Any] = {}
    status = HTTPStatus.CREATED if created else HTTPStatus.OK
    if rejected:
        metadata = {"accepted": len(data) - rejected, "rejected": rejected}
        status = HTTPStatus.MULTI_STATUS if rejected < len(data) else HTTPStatus.BAD_REQUEST
    if duplicates:
        metadata["duplicates"] = duplicates
    metadata |= hints_metadata(batch.hints)
    response = envelope(kind, data, method="POST", status=status, metadata=metadata)
    response.codes = tuple(
        dict.fromkeys(error.code for rejection in rejections for error in rejection.errors)
    )
    return response


def hints_metadata(hints: Iterable[Hint]) -> dict[str, Any]:
    """``{"hints": [{"attr", "detail"}]}``; ``{}`` if there are none."""
    listed = [hint._asdict() for hint in hints]
    return {"hints": listed} if listed else {}


def only_sent(
    row_json: bytes, fields: Collection[str], attributes: bytes = b"{}"
) -> dict[str, Any]:
    """A row for a key that may not read: it shows only these fields of what is stored; all others are null.

    ``attributes``: JSON text of the custom attributes that the request sent.
    """
    # Numbers stay as they are written.
    row = json.loads(row_json, parse_int=_as_is, parse_float=_as_is)
    shown = {name: value if name in fields else None for name, value in row.items()}
    return shown | {"custom_attributes": orjson.Fragment(attributes)}


def _as_is(digits: str) -> orjson.Fragment:
    return orjson.Fragment(digits)


def _rejection(rejection: RejectedItem) -> dict[str, Any]:
    index, errors, sent = rejection
    row = (
        {key: _writable(sent[key]) for key in ("customer_id", "name") if key in sent}
        if isinstance(sent, dict)
        else {}
    )
    row["success"] = 0
    row["index"] = index
    row["errors"] = [
        {"code": code, "detail": detail, "attr": f"{index}.{attr}" if attr else str(index)}
        for code, detail, attr in errors
    ]
    return row


def _writable(value: Any) -> Any:
    """The value, as text if it is an integer too long for orjson."""
    if isinstance(value, str):
        return value
    try:
        orjson.dumps(value)
    except TypeError:
        return str(value)
    return value


def list_response(
    request: Request, kind: str, rows: list[bytes] | WrittenRows, next_cursor: str | None
) -> HttpResponse:
    """The response to a GET of a list: a page, and the URL of the next one."""
    if next_cursor is None:
        return envelope(kind, rows)
    url = next_url(request, next_cursor)
    response = envelope(kind, rows, metadata={"next_cursor": next_cursor, "next": url})
    response["Link"] = f'<{url}>; rel="next"'
    return response


def next_url(request: Request, cursor: str) -> str:
    """The URL of the next page: the request's own URL with the cursor."""
    query = request.query_params.copy()
    query.pop("since", None)  # only the first page has it
    query["cursor"] = cursor
    return f"{request.build_absolute_uri(escape_uri_path(request.path))}?{query.urlencode()}"
