"""``client.feed``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from time import monotonic
from typing import Any, cast

from traitly._async.transport import AsyncTransport
from traitly._protocol import get
from traitly._values import Time
from traitly.results import Page
from traitly.types import FeedEntry

MAX_WAIT = 30
SHORTEST_POLL = 1.0  # seconds between requests that find nothing, should the server not hold them


class AsyncFollow:
    """The feed as an iterator; made by ``feed.list`` and ``feed.follow``.

    ``cursor`` is where to go on: save it when you have handled an entry, and pass it next time. It
    moves a page at a time, and only after the whole page was handled: after a crash you may be
    given entries again, and miss none.
    """

    def __init__(
        self, transport: AsyncTransport, filters: Mapping[str, Any], *, wait: int | None
    ) -> None:
        self._transport = transport
        self._filters = dict(filters)
        self._wait = wait
        self.cursor: str | None = self._filters.pop("cursor", None)

    async def __aiter__(self) -> AsyncIterator[FeedEntry]:
        """Each entry, in order."""
        async for page in self.pages():
            for entry in page.data:
                yield entry

    async def pages(self) -> AsyncIterator[Page[FeedEntry]]:
        """Each page that has entries; ``page.next_cursor`` is what to save when all of it is handled."""
        began: float | None = None
        while True:
            asked = monotonic()
            body = await self._get(self._from_here())
            page = _page(body)
            began = began or float(body["retrieved"]) + 1  # it is cut to whole seconds
            if page.data:
                yield page
            self.cursor = page.next_cursor
            if self._wait is None and await self._is_end(page, began):
                return
            if self._wait is not None and not page.data:
                await asyncio.sleep(max(0, SHORTEST_POLL - (monotonic() - asked)))

    async def page(self) -> Page[FeedEntry]:
        """The page at ``cursor`` alone; empty if there is nothing new."""
        return _page(await self._get(self._from_here()))

    def _from_here(self) -> Mapping[str, Any]:
        if self.cursor is None:
            return {**self._filters, "wait": self._wait}
        return {**self._filters, "wait": self._wait, "since": None, "cursor": self.cursor}

    async def _is_end(self, page: Page[FeedEntry], began: float) -> bool:
        """Whether the page, which ``cursor`` is behind, reaches the time at which the iteration began.

        An empty one does, but where events of some names are wanted: the server looks for them
        among so many others at once. Then the next entry of whatever name says how far it got.
        """
        if not page.data and self._filters.get("name"):
            page = _page(await self._get({**self._from_here(), "name": None, "limit": 1}))
        return not page.data or float(page.data[-1]["timestamp"]) > began

    async def _get(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        return await self._transport.send(get("/feed", filters, wait=self._wait or 0))


def _page(body: Mapping[str, Any]) -> Page[FeedEntry]:
    metadata = cast("Mapping[str, Any]", body["metadata"])
    return Page(body["data"], metadata["next_cursor"], metadata)


class AsyncFeed:
    """All changes of the account, in the order in which they were committed, without gaps."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        type: str | Sequence[str] | None = None,
        name: str | Sequence[str] | None = None,
        since: Time | None = None,
        cursor: str | None = None,
        limit: int | None = 1000,
    ) -> AsyncFollow:
        """The feed up to now; stops when there is nothing new.

            changes = traitly.feed.list(cursor=saved)
            async for entry in changes:
                handle(entry)
            save(changes.cursor)

        ``type`` is ``event.created``, ``customer.updated`` or ``customer.erased``, ``name`` the
        name of an event; of either several. It starts at ``cursor``, else at the time ``since``,
        else at the beginning.
        """
        filters = {"type": type, "name": name, "since": since, "cursor": cursor, "limit": limit}
        return AsyncFollow(self._transport, filters, wait=None)

    def follow(
        self,
        *,
        type: str | Sequence[str] | None = None,
        name: str | Sequence[str] | None = None,
        since: Time | None = None,
        cursor: str | None = None,
        limit: int | None = 1000,
        wait: int = MAX_WAIT,
    ) -> AsyncFollow:
        """The feed, without end: waits for what is new.

            changes = traitly.feed.follow(cursor=saved)
            async for page in changes.pages():
                handle(page.data)
                save(page.next_cursor)

        ``wait`` is how many seconds the server holds a request that has nothing new, up to 30. The
        rest is as in ``list``.
        """
        filters = {"type": type, "name": name, "since": since, "cursor": cursor, "limit": limit}
        return AsyncFollow(self._transport, filters, wait=wait)
