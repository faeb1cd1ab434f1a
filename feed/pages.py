"""Pages of feeds, read once for all webhooks of a worker that come by."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from feed.positions import Filter, Position
from feed.queries import Page, read_page

_ENTRIES = 1000
_MAX_BYTES = 64 * 2**20  # of all that are kept

_Key = tuple[int, Filter, Position]


class Pages:
    """Webhooks with the same filters, at the same place, read the same page; those that lag read their own."""

    def __init__(self, ask: Callable[..., Awaitable[Page]]) -> None:
        self._ask = ask
        self._kept: OrderedDict[_Key, tuple[Page, int]] = OrderedDict()
        self._size = 0
        self._reading: dict[_Key, asyncio.Future[Page]] = {}

    async def read(self, account_id: int, only: Filter, after: Position) -> Page:
        """The page after a position: up to what is settled."""
        key = (account_id, only, after)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][0]
        if key not in self._reading:
            self._reading[key] = asyncio.ensure_future(self._read(key))
        return await asyncio.shield(self._reading[key])

    async def _read(self, key: _Key) -> Page:
        account_id, only, after = key
        try:
            page = await self._ask(
                read_page, account_id=account_id, only=only, after=after, limit=_ENTRIES, fresh=False
            )
        finally:
            del self._reading[key]
        if page.entries:
            self._keep(key, page)
        return page

    def _keep(self, key: _Key, page: Page) -> None:
        size = sum(len(entry.text) for entry in page.entries)
        self._kept[key] = (page, size)
        self._size += size
        while self._size > _MAX_BYTES and len(self._kept) > 1:
            _, (_, size) = self._kept.popitem(last=False)
            self._size -= size
