"""Addresses below /api/ and /api/v1/: each with and without a trailing slash, never a redirect."""

from django.urls import re_path

from events.views import EventViewSet

urlpatterns = [
    re_path(r"^event/?$", EventViewSet.as_view({"get": "list", "post": "create"}), name="events"),
]
