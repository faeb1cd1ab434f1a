"""What every endpoint's view is made of, and the addresses that belong to no app."""

from http import HTTPStatus
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from traitly.api.errors import Error, error_response

_ANY = {"", "*/*", "application/*", "application/json"}


class ApiViewSet(ViewSet):
    """A viewset whose answers are made by ``traitly.api.envelope``: JSON, whatever DRF's renderers are."""

    @property
    def account_id(self) -> int:
        """The account of the request's key. Services and queries take it as an explicit argument."""
        account_id: int = self.request.auth.account_id  # type: ignore[union-attr]  # authentication refuses to be without
        return account_id

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """406 where ``Accept`` takes no JSON; there is nothing else to choose."""
        accepted = request.META.get("HTTP_ACCEPT", "")
        if not force and accepted != "*/*":
            types = {part.partition(";")[0].strip().lower() for part in accepted.split(",")}
            if types.isdisjoint(_ANY):
                raise NotAcceptable("This address answers with application/json.")
        return None, "application/json"

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The methods, in ``Allow``."""
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


@csrf_exempt
def unknown_address(_request: HttpRequest) -> HttpResponse:
    """404 in the API's shape: also with DEBUG, where Django would show its own page."""
    return error_response(HTTPStatus.NOT_FOUND, [Error("not_found", "There is no such address.")])


@csrf_exempt
def health(_request: HttpRequest) -> HttpResponse:
    """200 while requests can be answered, 503 while the database cannot be reached: for load balancers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database away\n", status=HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
