"""Pages of feeds, read once for all webhooks of a worker that come by."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from feed.entries import Entries, Page
from feed.positions import Filter, Position
from feed.queries import read_page
from feed.segments import Segments

_ENTRIES = 1000

_Key = tuple[int, Filter, Position]


class Pages:
    """Webhooks with the same filters, at about the same place, read the same page; those that lag read their own."""

    def __init__(self, ask: Callable[..., Awaitable[Page]]) -> None:
        self._ask = ask
        self._segments = Segments()
        self._reading: dict[_Key, asyncio.Future[Page]] = {}
        self._read_to: dict[
            int, Position
        ] = {}  # of accounts: beyond it was nothing, and no news since

    def news(self, account_id: int) -> None:
        """There may be something where there was nothing."""
        self._read_to.pop(account_id, None)

    async def read(self, account_id: int, only: Filter, after: Position) -> Page:
        """The page after a position, up to what is settled; ``news`` must be called when that may be more than before."""
        read_to = self._read_to.get(account_id)
        if read_to is not None and after >= read_to:
            return Page(Entries(), after, more=False)
        if found := self._segments.find((account_id, only), after, _ENTRIES):
            return found
        key = (account_id, only, after)
        if key not in self._reading:
            self._reading[key] = asyncio.ensure_future(self._read(key))
        return await asyncio.shield(self._reading[key])

    async def _read(self, key: _Key) -> Page:
        account_id, only, after = key
        read_at = time.monotonic()
        try:
            page = await self._ask(
                read_page,
                account_id=account_id,
                only=only,
                after=after,
                limit=_ENTRIES,
                fresh=False,
            )
        finally:
            del self._reading[key]
        if not page.more:
            self._read_to[account_id] = page.end
        if page.entries:
            self._segments.keep((account_id, only), after, page, read_at)
        return page
