"""The feed's endpoint, and those of webhooks."""

import threading
import time
from typing import ClassVar

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from feed import queries
from feed.positions import Position
from feed.queries import Page
from feed.schemas import FeedRequest, read_feed
from feed.waiting import Waiter, watch
from traitly.db.clock import settle
from traitly.http.envelope import list_response, next_url
from traitly.http.streams import NDJSON, while_allowed
from traitly.http.views import ApiViewSet

# Threads of a process that wait, where the server cannot let a request wait without one (gunicorn's own can). Who comes
# when these are taken is answered at once.
_WAITING_THREADS = threading.BoundedSemaphore(2)


class FeedViewSet(ApiViewSet):
    """``/feed``."""

    streamed_actions: ClassVar[frozenset[str]] = frozenset({"list"})
    stream_types: ClassVar[frozenset[str]] = frozenset({NDJSON})

    def list(self, request: Request) -> HttpResponseBase:
        """What has changed since a position; waits for something if it is asked to."""
        if request.accepted_media_type == NDJSON:
            return self._stream(read_feed(request.query_params, paged=False))
        asked = read_feed(request.query_params)
        page = self._read(asked, asked.after, fresh=not asked.wait)
        if asked.wait and not page.entries:
            page = self._wait(asked, page)
        return list_response(request, "feed", [entry.text for entry in page.entries], page.end.cursor)

    def _read(self, asked: FeedRequest, after: Position, *, fresh: bool = False) -> Page:
        return queries.read_page(
            account_id=self.account_id, only=asked.only, after=after, limit=asked.limit, fresh=fresh
        )

    def _wait(self, asked: FeedRequest, page: Page) -> Page:
        """The first page that has an entry, or what there is when the time is over."""
        ends = time.monotonic() + asked.wait
        if not _WAITING_THREADS.acquire(blocking=False):
            return self._read(asked, page.end, fresh=True)
        try:
            while not page.entries and time.monotonic() < ends:
                if not page.more:
                    woken = threading.Event()
                    watch.add(Waiter(self.account_id, page.end, ends, woken.set))
                    woken.wait(asked.wait + 1)
                page = self._read(asked, page.end)
        finally:
            _WAITING_THREADS.release()
        return page

    def _stream(self, asked: FeedRequest) -> StreamingHttpResponse:
        until = settle()
        parts = queries.read_all(account_id=self.account_id, only=asked.only, after=asked.after, until=until)
        lines = (b"\n".join(part) + b"\n" for part in parts)
        allowed = self.request.auth.still_works  # type: ignore[union-attr]
        response = StreamingHttpResponse(while_allowed(lines, allowed), content_type=NDJSON)
        url = next_url(self.request, max(asked.after, Position.after(until)).cursor)
        response["Link"] = f'<{url}>; rel="next"'
        if self.request.method == "HEAD":
            response.streaming_content = ()
        return response
