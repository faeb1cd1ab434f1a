"""From a body's bytes to JSON values, within bounds of what they take in memory."""

import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from pydantic_core import from_json

from traitly.input.errors import MalformedError, TooLargeError
from traitly.input.values import MAX_DIGITS

MAX_DEPTH = 200
# Parsed, an object or array takes up to 410 bytes, and a value in one up to 480 where it has a key:
# so these are 160 MB at most, and ten thousand objects may have 25 values each. (A million and four
# million were before: gzip makes 16 KiB of them, which took 1.4 GB.)
_MAX_CONTAINERS = 100_000
_MAX_VALUES = 250_000
# A search begins at the first digit of a number only: begun at each digit, it is quadratic, and
# holds the interpreter's lock all the while (50 s for 16 MiB).
_LONG_NUMBER = re.compile(rb"(?<![0-9])[0-9]{%d,}" % (MAX_DIGITS + 1))


class Body(NamedTuple):
    """What was sent, decompressed. ``lines``: one JSON value a line, else one in all."""

    data: bytes
    lines: bool


def parse_body(body: Body) -> tuple[list[Any], bool]:
    """The values of a body, and whether it is a single one.

    Raises ``MalformedError`` for what is not JSON, ``TooLargeError`` for too many of items, objects
    or values.
    """
    data = body.data
    if len(data) > _MAX_CONTAINERS and (
        data.count(b"[") + data.count(b"{") > _MAX_CONTAINERS or data.count(b",") > _MAX_VALUES
    ):
        raise TooLargeError("The body contains too many values. Split it into several requests.")
    single = not body.lines and not data.lstrip().startswith(b"[")
    values = list(_lines(data)) if body.lines else _parse(data)
    if single:
        values = [values]
    if len(values) > settings.MAX_ITEMS:
        raise _too_many()
    return values, single


def check_depth(index: int, value: Any, text: bytes, outer: int) -> None:
    """Raise ``MalformedError`` where an item is too deep, ``outer`` levels below the top. ``text`` is its attributes' JSON.

    The parser refuses what is deeper, but for an empty object or array, which it takes one level
    below. Text that is no longer than ``MAX_DEPTH`` cannot be that deep.
    """
    if (b"[]" in text or b"{}" in text) and _depth(value) + outer > MAX_DEPTH:
        raise MalformedError(f"The body is nested deeper than {MAX_DEPTH} levels, in item {index}.")


def _depth(value: Any) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


def _parse(data: bytes) -> Any:
    """What the JSON text says."""
    try:
        return from_json(data)
    except ValueError as error:
        if not str(error).startswith("number out of range"):
            raise MalformedError(f"The body is not valid JSON: {error}.") from None
    # Integers that are longer than the fast parser reads become ``Decimal``, exactly. The fast
    # parser still judges the rest of the text: Python's own takes lone surrogates and any depth.
    try:
        from_json(_LONG_NUMBER.sub(b"0", data))
        return json.loads(
            data, parse_int=lambda text: int(text) if len(text) <= MAX_DIGITS else Decimal(text)
        )
    except ValueError as error:
        raise MalformedError(f"The body is not valid JSON: {error}.") from error


def _lines(data: bytes) -> Iterator[Any]:
    """The values of NDJSON, blank lines passed over."""
    count = 0
    for number, line in enumerate(
        io.BytesIO(data), start=1
    ):  # a list of all lines may be larger than they are
        if not line.strip():
            continue
        count += 1
        if count > settings.MAX_ITEMS:
            raise _too_many()
        try:
            yield _parse(line)
        except MalformedError as error:
            raise MalformedError(f"Line {number}: {error.detail}") from error


def _too_many() -> TooLargeError:
    return TooLargeError(
        f"There are more than {settings.MAX_ITEMS} objects in the body. Split it into several requests."
    )
