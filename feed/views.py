"""The feed's endpoint, and those of webhooks."""

import threading
import time
import uuid
from typing import Any, ClassVar

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.audit import Actor
from accounts.authentication import Credential, HasScope
from accounts.client_ip import client_ip
from accounts.models import Account, ApiKey
from feed import queries, services
from feed.entries import Page
from feed.models import Webhook
from feed.positions import Position
from feed.schemas import FeedRequest, read_feed, read_webhook
from feed.waiting import Waiter, watch
from traitly.db.clock import settle
from traitly.http.bodies import read_body
from traitly.http.envelope import WrittenRows, envelope, list_response, next_url
from traitly.http.streams import NDJSON, while_allowed
from traitly.http.views import ApiViewSet
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.values import unix_seconds
from traitly.server.parking import PARKING, ParkedResponse

# Threads of a process that may wait, if the server cannot let requests wait without one (our worker
# can). When these are taken, further requests get their response at once.
_WAITING_THREADS = threading.BoundedSemaphore(2)


class FeedViewSet(ApiViewSet):
    """``/feed``."""

    streamed_actions: ClassVar[frozenset[str]] = frozenset({"list"})
    stream_types: ClassVar[frozenset[str]] = frozenset({NDJSON})

    def list(self, request: Request) -> HttpResponseBase:
        """What has changed since a position; waits for something if requested."""
        if request.accepted_media_type == NDJSON:
            return self._stream(read_feed(request.query_params, paged=False))
        params = read_feed(request.query_params)
        page = self._read(params, params.after, fresh=not params.wait)
        if params.wait and not page.entries and not page.more:
            if PARKING in request.META:
                until = request.META[PARKING] or time.monotonic() + params.wait
                if time.monotonic() < until:
                    return self._parked(page.end, until)
                page = self._read(params, page.end, fresh=True)
            else:
                page = self._wait(params, page)
        return list_response(
            request, "feed", WrittenRows(page.entries.array, len(page.entries)), page.end.cursor
        )

    def _parked(self, after: Position, until: float) -> ParkedResponse:
        account_id = self.account_id
        return ParkedResponse(
            until=until, watch=lambda wake: watch.add(Waiter(account_id, after, until, wake))
        )

    def _read(self, params: FeedRequest, after: Position, *, fresh: bool = False) -> Page:
        return queries.read_page(
            account_id=self.account_id,
            only=params.only,
            after=after,
            limit=params.limit,
            fresh=fresh,
        )

    def _wait(self, params: FeedRequest, page: Page) -> Page:
        """The first page with an entry, or whatever there is when the time is over."""
        ends = time.monotonic() + params.wait
        if not _WAITING_THREADS.acquire(blocking=False):
            return self._read(params, page.end, fresh=True)
        try:
            while not page.entries and time.monotonic() < ends:
                if not page.more:
                    woken = threading.Event()
                    watch.add(Waiter(self.account_id, page.end, ends, woken.set))
                    woken.wait(params.wait + 1)
                page = self._read(params, page.end)
        finally:
            _WAITING_THREADS.release()
        return page

    def _stream(self, params: FeedRequest) -> StreamingHttpResponse:
        until = settle()
        parts = queries.read_all(
            account_id=self.account_id, only=params.only, after=params.after, until=until
        )
        lines = (b"\n".join(part) + b"\n" for part in parts)
        allowed = self.request.auth.still_works  # type: ignore[union-attr]
        response = StreamingHttpResponse(while_allowed(lines, allowed), content_type=NDJSON)
        url = next_url(self.request, max(params.after, Position.after(until)).cursor)
        response["Link"] = f'<{url}>; rel="next"'
        if self.request.method == "HEAD":
            response.streaming_content = ()
        return response


class _MaySendAnywhere(BasePermission):
    """A webhook sends the account's data anywhere, so whoever creates or changes one needs a key that can read."""

    message = "A webhook sends out what a key reads, so this needs a key with both scopes, read and write."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the key may."""
        reads = isinstance(request.auth, Credential) and "read" in request.auth.scopes
        return reads or request.method in {"GET", "HEAD", "OPTIONS"}


class WebhookViewSet(ApiViewSet):
    """``/webhook`` and ``/webhook/{id}``."""

    permission_classes = (HasScope, _MaySendAnywhere)

    def create(self, request: Request) -> HttpResponse:
        """Create a webhook; only this response contains its secret."""
        fields = read_webhook(read_body(request), partial=False)
        try:
            new = services.create_webhook(
                account=Account.objects.get(id=self.account_id), actor=_actor(request), **fields
            )
        except services.TooManyWebhooksError:
            detail = f"An account has at most {services.MAX_WEBHOOKS} webhooks."
            raise InvalidRequestError([Error("too_many", detail)]) from None
        return envelope(
            "webhook", [_shown(new.row) | {"secret": new.secret}], method="POST", status=201
        )

    def list(self, request: Request) -> HttpResponse:
        """Every webhook of the account, oldest first; there are few."""
        if request.query_params:
            raise InvalidRequestError(
                [
                    Error("unknown_parameter", "This URL takes no parameters.", name)
                    for name in sorted(request.query_params)
                ]
            )
        return envelope(
            "webhook", map(_shown, Webhook.objects.filter(account=self.account_id).order_by("id"))
        )

    def retrieve(self, request: Request, webhook_id: str) -> HttpResponse:
        """One webhook."""
        row = Webhook.objects.filter(account=self.account_id, id=_uuid(webhook_id)).first()
        if row is None:
            raise Http404("There is no webhook with this id.")
        return envelope("webhook", [_shown(row)])

    def partial_update(self, request: Request, webhook_id: str) -> HttpResponse:
        """Change what is sent."""
        row_id = _uuid(webhook_id)
        changes = read_webhook(read_body(request), partial=True)
        try:
            row = services.update_webhook(
                account_id=self.account_id,
                webhook_id=row_id,
                changes=changes,
                actor=_actor(request),
            )
        except Webhook.DoesNotExist:
            raise Http404("There is no webhook with this id.") from None
        return envelope("webhook", [_shown(row)], method="PATCH")

    def destroy(self, request: Request, webhook_id: str) -> HttpResponse:
        """Delete it with its deliveries."""
        try:
            row = services.delete_webhook(
                account_id=self.account_id, webhook_id=_uuid(webhook_id), actor=_actor(request)
            )
        except Webhook.DoesNotExist:
            raise Http404("There is no webhook with this id.") from None
        return envelope("webhook", [_shown(row)], method="DELETE")


def _actor(request: Request) -> Actor:
    """For the audit log: the key's name, and from where it was used."""
    key = ApiKey.objects.get(id=request.auth.key_id)  # type: ignore[union-attr]  # a Credential
    return Actor(ip=client_ip(request.META), name=f"API key {key.name}"[:254])


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404("There is no webhook with this id.") from None


def _shown(row: Webhook) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "url": row.url,
        "types": row.types,
        "names": row.names,
        "enabled": row.enabled,
        "stopped": row.stopped or None,
        "batch": row.batch,
        "position": unix_seconds(Position.of(row.position).at),
        "created_at": unix_seconds(row.created_at),
    }
