"""``client.webhooks``."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import cast

from traitly._async.transport import AsyncTransport
from traitly._protocol import delete, get, patch, path_of, post
from traitly._values import UNSET, Unset, fields
from traitly.errors import NotFoundError
from traitly.types import CreatedWebhook, FeedEntryType, WebhookSettings


class AsyncWebhooks:
    """Where the server sends the feed. The key needs both scopes, ``read`` and ``write``."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        *,
        url: str,
        types: Sequence[FeedEntryType] | Unset = UNSET,
        names: Sequence[str] | Unset = UNSET,
        batch: int | Unset = UNSET,
        enabled: bool | Unset = UNSET,
    ) -> CreatedWebhook:
        """Have the feed sent to ``url`` from now on; returns the webhook with its ``secret``, for ``Webhook(secret)``.

            created = await traitly.webhooks.create(url="https://example.com/traitly", types=["event.created"])

        ``types`` are the entries to send, ``names`` the events; all if they are not given.
        ``batch`` is how many entries a request has at most: 1 if it is not given.

        There are no retries, because each might create another webhook: after a NetworkError look
        at ``list()``.

        Raises BadRequestError if the server refuses it, or if the account has as many as it may.
        """
        settings = fields(url=url, types=types, names=names, batch=batch, enabled=enabled)
        body = await self._transport.attempt(post("/webhook", settings))
        return cast("CreatedWebhook", body["data"][0])

    async def list(self) -> builtins.list[WebhookSettings]:
        """Every webhook of the account, the oldest first."""
        body = await self._transport.send(get("/webhook"))
        return cast("builtins.list[WebhookSettings]", body["data"])

    async def get(self, id: str) -> WebhookSettings:
        """One webhook: how far it is, and whether the server has switched it off.

        Raises NotFoundError if there is none with this id.
        """
        body = await self._transport.send(get(path_of("webhook", id)))
        return cast("WebhookSettings", body["data"][0])

    async def update(
        self,
        id: str,
        *,
        url: str | Unset = UNSET,
        types: Sequence[FeedEntryType] | Unset = UNSET,
        names: Sequence[str] | Unset = UNSET,
        batch: int | Unset = UNSET,
        enabled: bool | Unset = UNSET,
    ) -> WebhookSettings:
        """Change some settings. Switched on again, a webhook goes on where it stopped.

        Raises NotFoundError if there is none with this id, BadRequestError if the server refuses a
        value.
        """
        settings = fields(url=url, types=types, names=names, batch=batch, enabled=enabled)
        body = await self._transport.send(patch(path_of("webhook", id), settings))
        return cast("WebhookSettings", body["data"][0])

    async def delete(self, id: str) -> None:
        """Delete a webhook.

        Raises NotFoundError if there is none with this id.
        """
        try:
            await self._transport.send(delete(path_of("webhook", id)))
        except NotFoundError as error:
            if error.attempts == 1:  # else an earlier attempt deleted it, whose response was lost
                raise
