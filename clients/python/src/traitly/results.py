"""What calls give back, where it is more than an object of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from traitly._openapi import Hint
from traitly.errors import ErrorDetail, RejectedError

T = TypeVar("T")


@dataclass(frozen=True)
class Rejection:
    """An item that was refused: its place in what you passed, the item, and what is wrong with it."""

    index: int
    item: Mapping[str, Any]
    errors: tuple[ErrorDetail, ...]


@dataclass
class BatchResult:
    """What became of many items."""

    #: How many are stored, the duplicates too.
    accepted: int = 0
    #: How many of the accepted had been stored before.
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    #: Fields that were kept as custom attributes, and were probably meant to be others (``3.createdAt``).
    hints: list[Hint] = field(default_factory=list)

    def raise_for_rejected(self) -> None:
        """Raise ``RejectedError`` if any item was refused."""
        if self.rejected:
            raise RejectedError(self)


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list."""

    data: list[T]
    #: Where to go on: pass it as ``cursor``. None on the last page of a list; the feed always has one.
    next_cursor: str | None
    metadata: Mapping[str, Any]
