"""What OpenAPI cannot say of a request, or not so that the generators of clients understand it too."""

import random
from typing import Any

import schemathesis


@schemathesis.hook
def map_query(_context: Any, query: Any) -> Any:
    """Cursors are opaque: only the server makes them. tests/lists tries broken ones."""
    if isinstance(query, dict):
        query.pop("cursor", None)
    return query


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Nested text without NUL, and amounts with four decimals at most: tests/input tries the others."""
    return _mended(body)


def _mended(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_mended(inner) for inner in value]
    if isinstance(value, dict):
        return {_mended(name) or f"key-{random.random()}": _mended(inner, name) for name, inner in value.items()}
    return round(value, 4) if key == "monthly_payment_amount" and isinstance(value, float) else value
