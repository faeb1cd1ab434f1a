"""Addresses below /api/ and /api/v1/: each with and without a trailing slash, never a redirect."""

from django.urls import re_path

from events.views import EventViewSet, TimelineViewSet
from traitly.http.urls import identifier

urlpatterns = [
    re_path(
        r"^event/?\Z",
        EventViewSet.as_view({"get": "list", "post": "create", "delete": "destroy_many"}),
        name="events",
    ),
    re_path(
        rf"^event/{identifier('event_id')}/?\Z",
        EventViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="event",
    ),
    # Stands before the customers' addresses: an identifier may hold slashes.
    re_path(
        rf"^customer/{identifier('customer_id')}/event/?\Z",
        TimelineViewSet.as_view({"get": "list"}),
        name="timeline",
    ),
]
