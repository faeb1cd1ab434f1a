"""What holds for every page, the admin's too, and not for the API."""

import threading
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponseBadRequest, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render

# Python takes 80 bytes for each percent-encoded byte of a form while it decodes it. Larger forms
# than this take turns.
_LARGE_FORM_BYTES = 64 * 1024
_large_forms = threading.Lock()


class PageBodyMiddleware:
    """Refuses bodies above ``MAX_PAGE_BODY_BYTES`` before they are read: no form needs more, and nobody has logged in yet.

    Reads the others at once, before the session is: it may end while a body drips in. The API reads
    and counts its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 411 or 413 for a body that may not be read, 400 for one that ended early."""
        if "HTTP_TRANSFER_ENCODING" in request.META:  # Django would take it as empty
            return render(request, "413.html", status=HTTPStatus.LENGTH_REQUIRED)
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > settings.MAX_PAGE_BODY_BYTES:
            return render(request, "413.html", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            read = len(request.body)
        except UnreadablePostError:
            read = 0
        if read < length:
            return HttpResponseBadRequest(
                "The body ended before its Content-Length.", content_type="text/plain"
            )
        if length > _LARGE_FORM_BYTES:
            with _large_forms:
                request.POST  # noqa: B018  parsed once, and kept
        return self.get_response(request)
