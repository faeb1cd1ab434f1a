"""URLs below /api/ and /api/v1/: each with and without a trailing slash, never a redirect."""

from django.urls import re_path

from feed.views import FeedViewSet

urlpatterns = [
    re_path(r"^feed/?\Z", FeedViewSet.as_view({"get": "list"}), name="feed"),
]
