"""The base class of every endpoint's view, and the view of unknown URLs."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from traitly.http.envelope import list_response
from traitly.http.errors import error_response
from traitly.http.streams import CSV, NDJSON, stream_response
from traitly.http.urls import unknown_url_detail
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.values import parse_decimal
from traitly.lists.definition import ListDefinition
from traitly.lists.pages import page
from traitly.lists.parameters import read_list

_JSON = "application/json"
_ANY = {"", "*/*", "application/*", _JSON}
_RANGES = (
    {media_type: media_type for media_type in (_JSON, NDJSON, CSV)}
    | {"text/*": CSV}
    | dict.fromkeys(_ANY, _JSON)
)


class ApiViewSet(ViewSet):
    """A viewset whose responses come from ``traitly.http.envelope`` and ``streams``, not from DRF's renderers."""

    streamed_actions: ClassVar[frozenset[str]] = (
        frozenset()
    )  # the lists that are also available as streams
    stream_types: ClassVar[frozenset[str]] = frozenset({NDJSON, CSV})

    @property
    def account_id(self) -> int:
        """The account of the request's key. Services and queries take it as an explicit argument."""
        account_id: int = self.request.auth.account_id  # type: ignore[union-attr]  # authentication refuses to be without
        return account_id

    @property
    def key_id(self) -> int:
        """The id of the request's key."""
        key_id: int = self.request.auth.key_id  # type: ignore[union-attr]
        return key_id

    @property
    def may_read(self) -> bool:
        """Whether the key may see stored data. One that may not gets back only what it sent."""
        return "read" in self.request.auth.scopes  # type: ignore[union-attr]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The media type of this URL that ``Accept`` prefers, or 406."""
        accepted = request.META.get("HTTP_ACCEPT", "")
        if force or accepted in _ANY:
            return None, _JSON
        offered = {_JSON, *self.stream_types} if self.action in self.streamed_actions else {_JSON}
        for media_range in _by_preference(accepted):
            media_type = _RANGES.get(media_range)
            if media_type in offered:
                return None, media_type
        raise NotAcceptable(f"This URL responds with {', '.join(sorted(offered))}.")

    def list_of(
        self, kind: str, definition: ListDefinition, **equal: Sequence[str]
    ) -> HttpResponseBase:
        """The requested list, as a page or a stream; ``equal`` restricts it to what the URL names."""
        meta = self.request.META
        if meta.get("CONTENT_LENGTH", "0") not in {"", "0"} or "HTTP_TRANSFER_ENCODING" in meta:
            detail = "A list takes no body. Filters go in the URL: ?plan=Starter&limit=10."
            raise InvalidRequestError([Error("invalid", detail)])
        media_type: str = self.request.accepted_media_type
        paged = media_type == _JSON
        query = read_list(definition, self.request.query_params, paged=paged, equal=equal)
        if paged:
            rows, next_cursor = page(query, account_id=self.account_id)
            return list_response(self.request, kind, rows, next_cursor)
        allowed = self.request.auth.still_works  # type: ignore[union-attr]
        response = stream_response(
            query, account_id=self.account_id, media_type=media_type, allowed=allowed
        )
        if self.request.method == "HEAD":
            response.streaming_content = ()  # the server would read everything only to send nothing
        return response

    # DRF would list the methods in every response; finalize_response lists them only where they are
    # needed.
    default_response_headers: ClassVar[dict[str, str]] = {}

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the allowed methods, and what is left of the key's rate limit, if it has one (accounts.throttling)."""
        if request.method == "OPTIONS" or response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response["Allow"] = ", ".join(self.allowed_methods)
        allowance = getattr(request, "allowance", None)
        if allowance is not None:
            response["RateLimit-Limit"] = str(allowance.limit)
            response["RateLimit-Remaining"] = str(allowance.remaining)
            response["RateLimit-Reset"] = str(allowance.reset)
        return super().finalize_response(request, response, *args, **kwargs)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The allowed methods, in ``Allow``."""
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _by_preference(accepted: str) -> Iterator[str]:
    """The media ranges of an ``Accept`` header, best first (RFC 9110, 12.5.1); those with q=0 are refused."""
    ranges = []
    for part in accepted.lower().split(","):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((parse_decimal(p[2:]) for p in parameters if p.startswith("q=")), 1) or 0
        ranges.append((media_range, quality))
    yield from (name for name, quality in sorted(ranges, key=lambda pair: -pair[1]) if quality)


@csrf_exempt
def unknown_url(request: HttpRequest) -> HttpResponse:
    """404 in the API's shape, even with DEBUG, where Django would show its own page."""
    return error_response(
        HTTPStatus.NOT_FOUND, [Error("not_found", unknown_url_detail(request.path))]
    )
