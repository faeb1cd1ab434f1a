"""The endpoints of Segment's SDKs, which accept only a few kinds of responses; see docs/guides/segment.md."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.queries import browser_origins
from segment.authentication import MayWrite, WriteKeyAuthentication
from segment.bodies import read_message_body
from segment.services import store_messages
from traitly.http.errors import exception_handler
from traitly.http.views import ApiViewSet
from traitly.input.errors import MalformedError

MAX_MESSAGES = 2_500  # per request; the SDKs send a few hundred at most


class MessageViewSet(ApiViewSet):
    """``/v1/batch`` and its siblings, and the URLs of single messages.

    The answer is exactly 200 with a JSON object, or an error with ``code`` and ``message``: SDKs
    send again, or give up, for other answers. So a message that is refused is kept as a rejected
    item, under a 200.
    """

    authentication_classes = [WriteKeyAuthentication]
    permission_classes = [MayWrite]

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], HttpResponse]:
        """The API's errors in Segment's shape."""
        return _segment_error

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate; a browser must come from an origin that the account allows, with a key that cannot read.

        One that asks before it sends is not asked who it is.
        """
        if request.method == "OPTIONS":
            return
        super().initial(request, *args, **kwargs)
        origin = request.META.get("HTTP_ORIGIN")
        if origin is None:
            return
        if origin not in browser_origins(account_id=self.account_id):
            raise PermissionDenied(
                f"The account does not accept requests from pages of {origin}. Add it in the portal's settings."
            )
        if self.may_read:
            raise PermissionDenied(
                "This key can read data, and anyone who opens the page can see it. Use a write-only key."
            )

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let the page that sent this read the response; otherwise its library would send the message again."""
        response = super().finalize_response(request, response, *args, **kwargs)
        return _readable_by_page(request, response)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The response to a browser's preflight request, which does not contain the key yet."""
        response = HttpResponse(status=HTTPStatus.NO_CONTENT)
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Allow-Headers"] = "authorization, content-type"
        response["Access-Control-Max-Age"] = "7200"
        return response

    def batch(self, request: Request) -> HttpResponse:
        """Store the messages of ``batch``."""
        body = read_message_body(request)
        messages = body.get("batch")
        if not isinstance(messages, list):
            raise MalformedError('The body must have a "batch" list.')
        if len(messages) > MAX_MESSAGES:
            raise MalformedError(f"A batch has at most {MAX_MESSAGES} messages.")
        return self._store(messages, body.get("sentAt"))

    def single(self, request: Request, kind: str) -> HttpResponse:
        """Store one message, whose type is given by the URL."""
        body = read_message_body(request)
        message = {
            name: value for name, value in body.items() if name not in {"writeKey", "sentAt"}
        }
        return self._store([message | {"type": kind}], body.get("sentAt"))

    def _store(self, messages: list[Any], sent_at: Any) -> HttpResponse:
        store_messages(
            account_id=self.account_id,
            key_id=self.key_id,
            messages=messages,
            sent_at=sent_at,
            received_at=timezone.now(),
        )
        return HttpResponse(b'{"success":true}', content_type="application/json")


def _readable_by_page(request: HttpRequest | Request, response: HttpResponse) -> HttpResponse:
    """Responses contain nothing that a page must not see: cookies are ignored here, and a wrong key gets a 401."""
    if origin := request.META.get("HTTP_ORIGIN"):
        response["Access-Control-Allow-Origin"] = origin
        response["Vary"] = "Origin"
    return response


def _segment_error(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """The API's error as ``{"success": false, "code", "message"}``: old SDKs retry errors that lack the last two."""
    response = exception_handler(error, context)
    first = orjson.loads(response.content)["errors"][0]
    response.content = orjson.dumps(
        {"success": False, "code": first["code"], "message": first["detail"]}
    )
    return response


@require_safe
def settings_of(request: HttpRequest, key: str) -> HttpResponse:
    """The settings that the browser library fetches first: where to send. They are the same for every key, known or not."""
    where: dict[str, Any] = {
        "apiKey": key,
        "apiHost": f"{request.get_host()}/v1",
        "protocol": request.scheme,
        "unbundledIntegrations": [],
        "addBundledMetadata": True,
    }
    response = JsonResponse(
        {
            "integrations": {"Segment.io": where},
            "plan": {
                "track": {"__default": {"enabled": True}},
                "identify": {"__default": {"enabled": True}},
            },
            "edgeFunction": {},
            "middlewareSettings": {},
            "enabledMiddleware": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        }
    )
    response["Access-Control-Allow-Origin"] = "*"
    return response
