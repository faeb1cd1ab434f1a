"""Refused items, mended and sent again by the API's own way: one as typed text, or many by the same change."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.conf import settings

from rejections.models import Rejection
from rejections.services import discard_rejections
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.items import RejectedItem
from traitly.input.parsing import Body
from traitly.input.values import unix_seconds
from transfer.kinds import kind_of

MAX_CHANGED = 1_000  # items that are changed at once
_CHUNK = 100  # of them in one body: a payload may have 64 KiB
_MAX_ESCAPE = 12  # characters of one in JSON: a pair of surrogates
ACTIONS = {"set": "Set", "rename": "Rename", "remove": "Remove"}


class Change(NamedTuple):
    """What is done to a field of each item. ``value`` is its new value, or with ``rename`` its new name."""

    action: str  # one of ACTIONS
    field: str
    value: str

    def apply(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The payload with the change; the same where it lacks a field that is to be renamed or removed."""
        if self.action == "set":
            return {**payload, self.field: _value(self.value)}
        if self.field not in payload:
            return payload
        rest = {name: value for name, value in payload.items() if name != self.field}
        return rest if self.action == "remove" else {**rest, self.value: payload[self.field]}


class Outcome(NamedTuple):
    """How many items were stored, and why the others are still refused."""

    stored: int
    refused: list[Error]


def proposal(row: Rejection) -> str:
    """The payload's text, to be mended. An event without a time happened when it was sent, not when it is sent again."""
    if row.truncated:
        return _beginning(row.payload) if row.is_body else row.payload
    payload = json.loads(row.payload)
    return (
        str(payload)
        if row.is_body
        else json.dumps(_with_time(row, payload), indent=2, ensure_ascii=False)
    )


def send_again(row: Rejection, text: str) -> list[Any]:
    """Store what the text says and discard the rejection; gives what was stored.

    Raises ``InvalidRequestError`` or another ``InputError`` where the API would refuse it, and then
    stores nothing. An event without an id gets one that is made of the rejection's: the same form
    sent twice is stored once. Only in place of a whole body can the text be an array.
    """
    kind = kind_of(row.kind)  # an unknown kind raises before all else
    keys = [
        f"rejection {row.id}",
        *(f"rejection {row.id} {place}" for place in range(1, settings.MAX_ITEMS)),
    ]
    batch = kind.read(Body(text.encode(), lines=False), keys)
    if not batch.single and not row.is_body:
        raise InvalidRequestError([Error("invalid", "Send one JSON object, not an array.")])
    if batch.rejected:
        raise InvalidRequestError(
            error
            if batch.single
            else error._replace(
                attr=f"{item.index}.{error.attr}" if error.attr else str(item.index)
            )
            for item in batch.rejected
            for error in item.errors
        )
    kind.store(row.account_id, batch.accepted)
    discard_rejections(account_id=row.account_id, rejection_ids=[row.id])
    return batch.accepted


def send_changed(rows: Sequence[Rejection], change: Change) -> Outcome:
    """Change every item, store those that are valid then, and discard their rejections; the others stay as they were.

    Raises ``InputError`` where the account may store no more: what was stored before that is
    stored.
    """
    stored, refused = 0, []
    for kind in Rejection.Kind:
        whole = [row for row in rows if row.kind == kind and not row.truncated and not row.is_body]
        for chunk in _chunks(whole):
            outcome = _send_chunk(kind, chunk, change)
            stored += outcome.stored
            refused += outcome.refused
    return Outcome(stored, refused)


def _send_chunk(kind_name: str, rows: Sequence[Rejection], change: Change) -> Outcome:
    kind = kind_of(kind_name)
    payloads = [_with_time(row, json.loads(row.payload)) for row in rows]
    changed = [
        change.apply(payload) if isinstance(payload, dict) else payload for payload in payloads
    ]
    batch = kind.read(
        Body(json.dumps(changed).encode(), lines=False), [f"rejection {row.id}" for row in rows]
    )
    kind.store(rows[0].account_id, batch.accepted)
    stored = [
        row.id
        for row, result in zip(rows, batch.results, strict=True)
        if not isinstance(result, RejectedItem)
    ]
    discard_rejections(account_id=rows[0].account_id, rejection_ids=stored)
    return Outcome(len(stored), [item.errors[0] for item in batch.rejected])


def _chunks(rows: Sequence[Rejection]) -> Iterator[Sequence[Rejection]]:
    return (rows[begin : begin + _CHUNK] for begin in range(0, len(rows), _CHUNK))


def _with_time(row: Rejection, payload: Any) -> Any:
    if (
        row.kind == Rejection.Kind.EVENT
        and isinstance(payload, dict)
        and "created_at" not in payload
    ):
        return {**payload, "created_at": unix_seconds(row.received_at.replace(microsecond=0))}
    return payload


def _beginning(payload: str) -> str:
    """The text whose JSON string was cut: up to the last character that is whole."""
    for cut in range(_MAX_ESCAPE):
        try:
            return str(json.loads(f'{payload[: len(payload) - cut]}"'))
        except ValueError:
            continue
    return payload


def _value(text: str) -> Any:
    """What was typed, as JSON where it is some: 5 is a number, and "5" a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
