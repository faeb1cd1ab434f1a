"""The rows that queries return as JSON text, parsed for pages."""

import json
from typing import Any

from traitly.input.values import MAX_DIGITS


def parse_row(text: bytes) -> dict[str, Any]:
    """The fields of a row's JSON text; integers that are longer than Python reads stay text."""
    fields: dict[str, Any] = json.loads(
        text, parse_int=lambda digits: int(digits) if len(digits) <= MAX_DIGITS else digits
    )
    return fields
