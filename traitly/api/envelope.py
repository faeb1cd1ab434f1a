"""The envelope of every answer: ``{"data": [...], "metadata": {}, "<verb>": "<unix seconds>", "object": ...}``."""

import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils.encoding import escape_uri_path
from rest_framework.request import Request

from traitly.api.errors import InvalidRequest
from traitly.api.items import Batch, Rejection

VERBS = {"POST": "created", "PATCH": "updated", "DELETE": "deleted"}


def envelope(
    kind: str,
    rows: Iterable[bytes | dict[str, Any]],
    *,
    method: str = "GET",
    status: int = HTTPStatus.OK,
    metadata: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """An answer about ``kind`` ("event", "customer"), each row an object or its JSON text.

    Rows that the database wrote stay text on their way to the client: nothing parses them in between.
    """
    body = {
        "data": [orjson.Fragment(row) if isinstance(row, bytes) else row for row in rows],
        "metadata": metadata or {},
        VERBS.get(method, "retrieved"): str(int(time.time())),
        "object": kind,
    }
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")


def batch_response(
    kind: str,
    batch: Batch[Any],
    rows: Iterable[bytes | dict[str, Any]],
    *,
    created: bool = True,
    duplicates: int = 0,
) -> HttpResponse:
    """The answer to a POST: ``rows`` of the accepted items, in order, and the rejected between them where they stood.

    201, 200 if nothing was ``created``, 207 if only some were accepted, 400 if none. Raises ``InvalidRequest`` for a
    single object that was rejected.
    """
    if batch.single and batch.rejected:
        raise InvalidRequest(batch.rejected[0].errors)
    accepted = iter(rows)
    data = [_rejection(result) if isinstance(result, Rejection) else next(accepted) for result in batch.results]
    rejected = len(batch.rejected)
    metadata = {}
    status = HTTPStatus.CREATED if created else HTTPStatus.OK
    if rejected:
        metadata = {"accepted": len(data) - rejected, "rejected": rejected}
        status = HTTPStatus.MULTI_STATUS if rejected < len(data) else HTTPStatus.BAD_REQUEST
    if duplicates:
        metadata["duplicates"] = duplicates
    return envelope(kind, data, method="POST", status=status, metadata=metadata)


def _rejection(rejection: Rejection) -> bytes:
    sent = rejection.sent if isinstance(rejection.sent, dict) else {}
    row = {key: sent[key] for key in ("customer_id", "name") if key in sent}
    index = rejection.index
    row |= {
        "success": 0,
        "index": index,
        "errors": [
            {"code": code, "detail": detail, "attr": f"{index}.{attr}" if attr else str(index)}
            for code, detail, attr in rejection.errors
        ],
    }
    try:
        return orjson.dumps(row)
    except TypeError:  # an integer that is too long for it: said as text
        return orjson.dumps(row | {key: str(row[key]) for key in ("customer_id", "name") if key in row})


def list_response(request: Request, kind: str, rows: list[bytes], next_cursor: str | None) -> HttpResponse:
    """The answer to a GET of a list: a page, and where the next one is."""
    if next_cursor is None:
        return envelope(kind, rows)
    query = request.query_params.copy()
    query["cursor"] = next_cursor
    address = f"{request.build_absolute_uri(escape_uri_path(request.path))}?{query.urlencode()}"
    response = envelope(kind, rows, metadata={"next_cursor": next_cursor, "next": address})
    response["Link"] = f'<{address}>; rel="next"'
    return response
