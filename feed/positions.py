"""Places in an account's feed, and the cursors that name them."""

import base64
import datetime
from typing import NamedTuple, Self

from feed.models import EntryType

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)

# The order of entries of one moment.
RANKS = {entry_type: rank for rank, entry_type in enumerate(EntryType)}
_LAST = len(RANKS)


class Position(NamedTuple):
    """A position after an entry: its time, the rank of its type, and its id or ``customer_id``. Ordered like entries."""

    at: datetime.datetime
    rank: int
    id: str

    @classmethod
    def before(cls, moment: datetime.datetime) -> Self:
        """Before all entries of the moment."""
        return cls(moment, 0, "")

    @classmethod
    def after(cls, moment: datetime.datetime) -> Self:
        """After all entries of the moment."""
        return cls(moment, _LAST, "")

    @property
    def cursor(self) -> str:
        """The cursor for clients. It is neither signed nor bound to a filter, because clients may keep it for months."""
        microseconds = (self.at - _EPOCH) // _MICROSECOND
        return (
            base64.urlsafe_b64encode(f"{microseconds}.{self.rank}.{self.id}".encode())
            .decode()
            .rstrip("=")
        )

    @classmethod
    def of(cls, cursor: str) -> Self:
        """The position that a cursor names; ``ValueError`` if it is invalid."""
        text = base64.b64decode(
            cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
        microseconds, rank, entry_id = text.split(".", 2)
        if "\0" in entry_id or not 0 <= int(rank) <= _LAST:
            raise ValueError
        try:
            return cls(_EPOCH + int(microseconds) * _MICROSECOND, int(rank), entry_id)
        except OverflowError as error:
            raise ValueError from error


START = Position.before(_EPOCH)


class Filter(NamedTuple):
    """Selects entries of these types, and events of these names; empty: all."""

    types: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def has(self, entry_type: EntryType) -> bool:
        """Whether entries of the type are shown."""
        return not self.types or entry_type in self.types
