"""From Python's values to what the API takes: JSON bodies and query parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Union, final
from uuid import UUID


@final
class Unset(Enum):
    """The type of ``UNSET``."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


#: An argument that was not given: None is a value of its own, JSON's null.
UNSET: Final = Unset.UNSET

#: A time as an aware datetime, unix seconds, or ISO 8601.
Time = Union[datetime, int, float, str]
#: An amount of money; Decimal is exact.
Amount = Union[int, float, Decimal, str]


def fields(**values: Any) -> dict[str, Any]:
    """The fields of an object, without those that were not given."""
    return {name: value for name, value in values.items() if value is not UNSET}


def to_json(item: Mapping[str, Any]) -> bytes:
    """The item as JSON.

    Raises ValueError or TypeError, in the caller's own stack, for what JSON cannot say: NaN, a
    datetime without a time zone, an object of another type.
    """
    return json.dumps(item, default=_plain, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _aware(value).isoformat()
    if isinstance(value, (date, UUID, Decimal)):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"A {type(value).__name__} cannot be sent as JSON: {value!r:.100}")


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(
            f"{value!r} has no time zone, so it could be any of 24 hours. "
            "Use datetime.now(timezone.utc), or .replace(tzinfo=...)."
        )
    return value


def to_params(filters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Query parameters: a list repeats its parameter, a mapping becomes ``created_at[gte]``; not given ones are left out."""
    return list(_params(filters))


def _params(filters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in filters.items():
        if value is None or value is UNSET:
            continue
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield from ((f"{name}[{key}]", _text(one)) for one in _several(inner))
        else:
            yield from ((name, _text(one)) for one in _several(value))


def _several(value: Any) -> Iterable[Any]:
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)):
        return value
    return (value,)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _aware(value).isoformat()
    return str(value)
