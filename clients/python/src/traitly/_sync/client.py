"""The client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx

from traitly._protocol import Settings
from traitly._sync.customers import Customers
from traitly._sync.events import Events
from traitly._sync.feed import Feed
from traitly._sync.transport import Transport
from traitly._sync.webhooks import Webhooks
from traitly.batcher import MEBIBYTE, Batcher
from traitly.errors import TraitlyError


class Traitly:
    """A client of a Traitly server.

        from traitly import Traitly

        with Traitly(url="https://traitly.example.com", key="...") as traitly:
            traitly.events.send(customer_id="123", name="Logged in")

    ``url`` and ``key`` are read from TRAITLY_URL and TRAITLY_API_KEY where they are not given.
    ``timeout`` is in seconds, for each attempt. A request that failed for a reason that may pass
    (no connection, 429, 5xx) is sent again up to ``max_retries`` times, after 0.25 s, 0.5 s and so
    on up to 30 s, or when the server's ``Retry-After`` says. Nothing is stored twice by that.

    ``http_client`` is an httpx client of your own, for proxies or certificates; you close it, and
    after a fork you do not share it. Without one, a client of this library can be used before and
    after a fork.

    Raises ValueError if the url or the key makes no sense.
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        key: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 5,
        http_client: httpx.Client | None = None,
    ) -> None:
        self._settings = Settings.read(url, key, timeout, max_retries)
        self._transport = Transport(self._settings, http_client)
        self.events = Events(self._transport)
        self.customers = Customers(self._transport)
        self.feed = Feed(self._transport)
        self.webhooks = Webhooks(self._transport)

    def batcher(
        self,
        *,
        max_items: int = 10_000,
        max_bytes: int = 64 * MEBIBYTE,
        batch_size: int = 500,
        interval: float = 1.0,
        max_block: float = 5.0,
        exit_timeout: float = 10.0,
        on_error: Callable[[Sequence[Mapping[str, Any]], TraitlyError], None] | None = None,
    ) -> Batcher:
        """Sends in the background, many items a request: for what must not wait for the server.

            batcher = traitly.batcher()
            batcher.send(customer_id="123", name="Logged in")

        Its thread starts with the first item. What is taken is sent after ``interval`` seconds at
        the latest, in requests of up to ``batch_size`` items. While the server is away it is kept
        and tried again. The queue has at most ``max_items`` items and ``max_bytes`` bytes; when it
        is full, ``send`` waits for up to ``max_block`` seconds and then raises QueueFullError.

        What is left when the process exits is sent then, for up to ``exit_timeout`` seconds; before
        a fork it is sent for up to 5. A process that is killed loses its queue: use ``events.send``
        where that matters.

        ``on_error(items, error)`` is told, in the batcher's thread, of items that were refused, or
        that could not be delivered by the end. Without it they are logged as errors by the logger
        ``traitly``.
        """
        return Batcher(
            self._settings,
            max_items=max_items,
            max_bytes=max_bytes,
            batch_size=batch_size,
            interval=interval,
            max_block=max_block,
            exit_timeout=exit_timeout,
            on_error=on_error,
        )

    def close(self) -> None:
        """Close the connections. Batchers are closed by themselves."""
        self._transport.close()

    def __enter__(self) -> Traitly:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:  # never shows the key
        return f"<Traitly {self._settings.url}>"
