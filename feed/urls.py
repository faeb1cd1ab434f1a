"""URLs below /api/ and /api/v1/: each with and without a trailing slash, never a redirect."""

from django.urls import re_path

from feed.views import FeedViewSet, WebhookViewSet
from traitly.http.urls import identifier

urlpatterns = [
    re_path(r"^feed/?\Z", FeedViewSet.as_view({"get": "list"}), name="feed"),
    re_path(
        r"^webhook/?\Z", WebhookViewSet.as_view({"get": "list", "post": "create"}), name="webhooks"
    ),
    re_path(
        rf"^webhook/{identifier('webhook_id')}/?\Z",
        WebhookViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="webhook",
    ),
]
