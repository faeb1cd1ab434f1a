"""Everything that writes rejections."""

import datetime
import json
import logging
import random
import uuid
from collections.abc import Sequence
from typing import Any

import orjson
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.utils import timezone

from rejections.models import Rejection as Kept
from traitly.api.database import retried
from traitly.api.errors import Error
from traitly.api.ids import new_text_id
from traitly.api.items import Rejection

logger = logging.getLogger(__name__)

MOST_PAYLOAD_CHARACTERS = 64 * 1024  # of one item
_MOST_ERRORS = 50  # of one item
_LONGEST = 255  # customer_id, name and an error's attr, which may be a key that the client made up
_TRIM_EVERY = 500  # rejections, on average

# One statement for one rejection or ten thousand, as for what is accepted.
_INSERT = """
INSERT INTO rejections_rejection
    (account_id, received_at, key_id, id, truncated, kind, customer_id, name, errors, payload)
SELECT %(account_id)s, %(now)s, %(key_id)s, id, length(payload) > %(most)s, %(kind)s, customer_id, name,
    errors::jsonb, left(payload, %(most)s)
FROM unnest(%(ids)s::uuid[], %(customer_ids)s::text[], %(names)s::text[], %(errors)s::text[], %(payloads)s::text[])
    AS sent (id, customer_id, name, errors, payload)
"""

# Ids are in the order of time, so the primary key finds both ends: those beyond the account's bound, and the old.
_TRIM = """
DELETE FROM rejections_rejection WHERE account_id = %(account_id)s AND id <= greatest(%(expired)s::uuid, (
    SELECT id FROM rejections_rejection WHERE account_id = %(account_id)s ORDER BY id DESC OFFSET %(most)s LIMIT 1
))
"""


def keep_rejections(*, account_id: int, key_id: int | None, kind: str, rejections: Sequence[Rejection]) -> None:
    """Keep what was refused for ``REJECTIONS_KEPT_DAYS``, of an account the newest ``REJECTIONS_MOST_KEPT``.

    To be called after what was accepted is committed, outside of any transaction: it never raises for the database's
    sake, so that an accepted item is never answered with an error because of a refused one.
    """
    if not rejections:
        return
    try:
        _insert(account_id, key_id, kind, rejections)
        # Sometimes, so that the bound costs the same for each rejection, however they come.
        if random.random() * _TRIM_EVERY < len(rejections):  # noqa: S311  no secret
            _trim(account_id)
    except AnyDatabaseError:
        logger.exception("%d rejected items of account %d were not kept", len(rejections), account_id)


def erase_rejections(*, account_id: int, customer_id: str) -> int:
    """Erase every rejected item that names the customer; gives how many."""
    return Kept.objects.filter(account_id=account_id, customer_id=customer_id).delete()[0]


def discard_rejection(*, account_id: int, rejection_id: uuid.UUID) -> bool:
    """Erase one that was sent again, or is not wanted. False if there is none."""
    return Kept.objects.filter(account_id=account_id, id=rejection_id).delete()[0] > 0


def prune_rejections() -> int:
    """Erase every rejection of every account that is older than ``REJECTIONS_KEPT_DAYS``; gives how many."""
    return Kept.objects.filter(received_at__lt=_oldest()).delete()[0]


def _oldest() -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=settings.REJECTIONS_KEPT_DAYS)


@retried
def _insert(account_id: int, key_id: int | None, kind: str, rejections: Sequence[Rejection]) -> None:
    sent = [rejection.sent if isinstance(rejection.sent, dict) else {} for rejection in rejections]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "account_id": account_id,
                "key_id": key_id,
                "kind": kind,
                "now": timezone.now(),
                "most": MOST_PAYLOAD_CHARACTERS,
                "ids": [new_text_id() for _ in rejections],
                "customer_ids": [_text(item.get("customer_id")) for item in sent],
                "names": [_text(item.get("name")) for item in sent],
                "errors": [_errors_json(rejection.errors) for rejection in rejections],
                "payloads": [_payload_json(rejection.sent) for rejection in rejections],
            },
        )


def _trim(account_id: int) -> None:
    milliseconds = int(_oldest().timestamp() * 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            _TRIM,
            {
                "account_id": account_id,
                "expired": str(uuid.UUID(int=milliseconds << 80)),  # UUIDv7s of that time begin so
                "most": settings.REJECTIONS_MOST_KEPT,
            },
        )


def _text(value: Any) -> str | None:
    """A ``customer_id`` or ``name`` that could be stored, else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and len(value) <= _LONGEST and "\0" not in value else None


def _payload_json(sent: Any) -> str:
    """What was sent as JSON, with NUL as an escape.

    What Python's encoder cannot write is an integer of more digits than Python turns into text: that becomes a string.
    """
    try:
        text = orjson.dumps(sent)
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(sent, default=str)
    # A null may be a NaN's.
    return json.dumps(sent) if b"null" in text else text.decode()


def _errors_json(errors: Sequence[Error]) -> str:
    return orjson.dumps(
        [
            # Keys that hold a NUL are named as JSON writes them.
            {"code": code, "detail": detail, "attr": attr and attr[:_LONGEST].replace("\0", "\\u0000")}
            for code, detail, attr in errors[:_MOST_ERRORS]
        ]
    ).decode()
