"""Lists, page by page behind an iterator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Generic, TypeVar, cast

from traitly._async.transport import AsyncTransport
from traitly._protocol import get
from traitly.results import Page

T = TypeVar("T")


class AsyncPages(Generic[T]):
    """A list. Iterate over its items; pages are fetched as they are needed.

    ``cursor`` is where the page starts whose items you are being given: keep it, and pass it to the
    same call later to go on there.
    """

    def __init__(self, transport: AsyncTransport, path: str, filters: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = path
        self._filters = filters
        self.cursor: str | None = filters.get("cursor")

    async def __aiter__(self) -> AsyncIterator[T]:
        """Each item, to the end of the list."""
        async for page in self.pages():
            for item in page.data:
                yield item

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Each page, to the end of the list."""
        while True:
            page = await self.page()
            yield page
            if page.next_cursor is None:
                return
            self.cursor = page.next_cursor

    async def page(self) -> Page[T]:
        """The page at ``cursor`` alone."""
        body = await self._transport.send(get(self._path, {**self._filters, "cursor": self.cursor}))
        metadata = cast("Mapping[str, Any]", body.get("metadata") or {})
        return Page(body["data"], metadata.get("next_cursor"), metadata)
