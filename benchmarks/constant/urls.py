from typing import Any

from django.http import HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from benchmarks.constant import RESPONSE


class ConstantViewSet(ViewSet):
    """Authentication, permissions and middleware as everywhere in Traitly; no body is read, nothing is asked."""

    def create(self, request: Request, **kwargs: Any) -> HttpResponse:
        """An event's answer, whatever was sent."""
        return HttpResponse(RESPONSE, content_type="application/json", status=201)


urlpatterns = [path("api/v1/event", ConstantViewSet.as_view({"post": "create"}))]
