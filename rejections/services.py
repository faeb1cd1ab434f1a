"""Everything that writes rejections."""

import datetime
import json
import logging
import random
import uuid
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from accounts.models import Account
from accounts.queries import OPEN_ACCOUNT
from rejections.models import Rejection
from traitly.db.arrays import UNPACKED, packed
from traitly.db.batches import delete_in_batches
from traitly.db.group_commit import GroupCommit
from traitly.db.ids import new_text_id
from traitly.db.prepared import Prepared
from traitly.db.retries import connection_is_lost, retried
from traitly.input.errors import Error
from traitly.input.items import RejectedItem

logger = logging.getLogger(__name__)

MAX_PAYLOAD_CHARACTERS = 64 * 1024  # of one item
_MAX_ERRORS = 50  # of one item
_MAX_LENGTH = (
    255  # of customer_id, name and an error's attr, which may be a key that the client invented
)
_MAX_GROUPED = 100  # rejections; a request with more gets its own statement
_TRIMS = (
    5  # average number of trims while as many items are refused as are kept; each reads all of them
)

# One statement for one rejection or ten thousand, as for accepted items.
_INSERT = Prepared(f"""
INSERT INTO rejections_rejection
    (account_id, received_at, key_id, id, truncated, kind, customer_id, name, item_id, errors, payload)
SELECT %(account_id)s::bigint, %(now)s::timestamptz, %(key_id)s::bigint, id::uuid, id = ANY(%(truncated)s::text[]),
    %(kind)s,
    nullif(customer_id, ''), nullif(name, ''), nullif(item_id, ''), errors::jsonb, payload
FROM unnest({", ".join(map(UNPACKED.format, ["ids", "customer_ids", "names", "item_ids", "errors", "payloads"]))})
    AS sent (id, customer_id, name, item_id, errors, payload)
WHERE {OPEN_ACCOUNT}
ON CONFLICT (account_id, id) DO NOTHING
""")

# Ids are ordered by time, so the primary key finds both the rows beyond the account's limit and the
# old ones.
_TRIM = """
DELETE FROM rejections_rejection WHERE account_id = %(account_id)s AND id <= greatest(%(expired)s::uuid, (
    SELECT id FROM rejections_rejection WHERE account_id = %(account_id)s ORDER BY id DESC OFFSET %(most)s LIMIT 1
))
"""


def keep_rejections(
    *, account_id: int, key_id: int | None, kind: str, rejections: Sequence[RejectedItem]
) -> None:
    """Keep refused items for ``REJECTIONS_KEPT_DAYS``, about the newest ``REJECTIONS_MOST_KEPT`` per account.

    ``ValueError`` for a kind that is none of ``Rejection.Kind``. To be called after what was
    accepted is committed, outside of any transaction: that the connection is lost then is logged
    and not raised, so that an accepted item is not answered with an error because of a refused one.
    Whatever else fails here is a fault, and is raised.
    """
    source = _Source(account_id, key_id, Rejection.Kind(kind).value)
    if not rejections:
        return
    kept = [
        (new_text_id(), rejection) for rejection in rejections
    ]  # ids are made here, so that a retry keeps an item once
    try:
        if len(kept) > _MAX_GROUPED:
            _insert(source, [kept])
        else:
            _insert_grouped(source, kept)
        # At random, so that trimming costs the same per rejection, however they arrive and however
        # many are kept.
        if random.random() * settings.REJECTIONS_MOST_KEPT < _TRIMS * len(rejections):
            _trim(account_id)
    except (OperationalError, InterfaceError):
        if not connection_is_lost():
            raise
        logger.exception(
            "%d rejected items of account %d were not kept", len(rejections), account_id
        )


def erase_rejections(*, account_id: int, customer_id: str) -> int:
    """Erase every rejected item that names the customer; returns how many."""
    return Rejection.objects.filter(account_id=account_id, customer_id=customer_id).delete()[0]


def discard_rejections(*, account_id: int, rejection_ids: Iterable[uuid.UUID]) -> int:
    """Erase those that were sent again, or are not wanted; gives how many there were."""
    return Rejection.objects.filter(account_id=account_id, id__in=list(rejection_ids)).delete()[0]


def prune_rejections() -> int:
    """Erase every rejection of every account that is older than ``REJECTIONS_KEPT_DAYS``; returns how many."""
    condition = "account_id = %(account_id)s AND received_at < %(oldest)s"
    return sum(
        delete_in_batches(
            "rejections_rejection", condition, {"account_id": account_id, "oldest": _oldest()}
        )
        for account_id in Account.objects.values_list("id", flat=True)
    )


def _oldest() -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=settings.REJECTIONS_KEPT_DAYS)


class _Source(NamedTuple):
    """What all rejections of one statement have in common."""

    account_id: int
    key_id: int | None
    kind: str


@retried
def _insert(source: _Source, requests: Sequence[Sequence[tuple[str, RejectedItem]]]) -> list[int]:
    """Keep the refused items of some requests, each under its id; returns the number of items per request."""
    ids, rejections = zip(*chain.from_iterable(requests), strict=True)
    payloads = [_payload_json(rejection.sent) for rejection in rejections]
    sent = [rejection.sent if isinstance(rejection.sent, dict) else {} for rejection in rejections]
    errors_json = cache(_errors_json)  # most items of a batch are refused for the same reasons
    parameters = {
        **source._asdict(),
        "now": timezone.now(),
        "ids": packed(ids),
        "truncated": [
            row_id
            for row_id, text in zip(ids, payloads, strict=True)
            if len(text) > MAX_PAYLOAD_CHARACTERS
        ],
        "customer_ids": packed(_text(item.get("customer_id")) for item in sent),
        "names": packed(_text(item.get("name")) for item in sent),
        "item_ids": packed(_text(item.get("id")) for item in sent),
        "errors": packed(errors_json(tuple(rejection.errors)) for rejection in rejections),
        "payloads": packed(text[:MAX_PAYLOAD_CHARACTERS] for text in payloads),
    }
    with connection.cursor() as cursor:
        _INSERT.execute(cursor, parameters)
    return [len(request) for request in requests]


_insert_grouped = GroupCommit(_insert)  # shared by concurrent requests, as for accepted items


@retried
def _trim(account_id: int) -> None:
    milliseconds = int(_oldest().timestamp() * 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            _TRIM,
            {
                "account_id": account_id,
                "expired": str(
                    uuid.UUID(int=milliseconds << 80)
                ),  # the smallest UUIDv7 of that time
                "most": settings.REJECTIONS_MOST_KEPT,
            },
        )


def _text(value: Any) -> str:
    """A ``customer_id``, ``name`` or ``id`` that can be stored, otherwise an empty string."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return (
        value if isinstance(value, str) and len(value) <= _MAX_LENGTH and "\0" not in value else ""
    )


def _payload_json(sent: Any) -> str:
    """What was sent as JSON, with NUL as an escape.

    An integer with more digits than Python converts to text becomes a string.
    """
    try:
        text = orjson.dumps(sent)
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(sent, default=str)
    # A null may stand for a NaN.
    return json.dumps(sent) if b"null" in text else text.decode()


def _errors_json(errors: Sequence[Error]) -> str:
    return orjson.dumps(
        [
            # Keys that contain a NUL are escaped as in JSON.
            {
                "code": code,
                "detail": detail,
                "attr": attr and attr[:_MAX_LENGTH].replace("\0", "\\u0000"),
            }
            for code, detail, attr in errors[:_MAX_ERRORS]
        ]
    ).decode()
