"""Parts of feeds that were read a moment ago, for others who come by: a hundred readers cost one look into the tables.

Nothing is skipped or shown twice: a segment is all that there is between two positions, and below
what is settled nothing new appears between them. What may have changed since is that entries are
gone, or what they show of a customer. So segments are kept for ``KEPT_SECONDS`` only, and their
keys say, where that matters, which deletions they knew of.
"""

import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import NamedTuple

from feed.entries import Entries, Page
from feed.positions import Position

KEPT_SECONDS = 2.0
_MAX_BYTES = 16 * 2**20  # of all that are kept

_position = attrgetter("position")


class Segment(NamedTuple):
    """All entries after ``begin`` and up to ``end``."""

    key: Hashable
    begin: Position
    end: Position
    entries: Entries
    read_at: float


class Segments:
    """What was read of several feeds; a feed is whatever its key tells apart. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Segment] = deque()  # in the order in which they were read
        self._by_key: dict[Hashable, deque[Segment]] = {}
        self._size = 0
        self._reading: dict[tuple[Hashable, Position], threading.Event] = {}

    def read(self, key: Hashable, after: Position, read: Callable[[], Page]) -> Page | None:
        """What ``read`` gives for a position, kept for others. None if another thread was reading there: find it now."""
        place = (key, after)
        with self._lock:
            done = self._reading.get(place)
            if leads := done is None:
                done = self._reading[place] = threading.Event()
        if not leads:
            done.wait()
            return None
        read_at = time.monotonic()
        try:
            page = read()
            self.keep(key, after, page, read_at)
        finally:
            with self._lock:
                del self._reading[place]
            done.set()
        return page

    def find(self, key: Hashable, after: Position, limit: int) -> Page | None:
        """The first entries after a position that are in one segment, and that there is more; None if there is none."""
        with self._lock:
            oldest = self._forget()
            kept = self._by_key.get(key, ())
            found = next(
                (
                    each
                    for each in reversed(kept)
                    if each.begin <= after < each.end and each.read_at > oldest
                ),
                None,
            )
        if found is None:
            return None
        at = bisect_right(found.entries, after, key=_position)
        entries = found.entries.between(at, at + limit)
        end = found.end if at + limit >= len(found.entries) else entries[-1].position
        return Page(entries, end, more=True)

    def keep(self, key: Hashable, begin: Position, page: Page, read_at: float) -> None:
        """Keep what was read after a position. ``read_at``: before it was read, by the clock that only advances."""
        if page.end <= begin:
            return
        segment = Segment(key, begin, page.end, page.entries, read_at)
        with self._lock:
            self._kept.append(segment)
            self._by_key.setdefault(key, deque()).append(segment)
            self._size += page.entries.size
            self._forget()

    def _forget(self) -> float:
        """Drop what is too old or too much; gives since when what is kept may have been read."""
        oldest = time.monotonic() - KEPT_SECONDS
        while self._kept and (self._kept[0].read_at < oldest or self._size > _MAX_BYTES):
            segment = self._kept.popleft()
            self._size -= segment.entries.size
            of_key = self._by_key[segment.key]
            of_key.popleft()
            if not of_key:
                del self._by_key[segment.key]
        return oldest
