"""URLs below /api/ and /api/v1/: each with and without a trailing slash, never redirected."""

from django.urls import re_path

from customers.views import AliasViewSet, CustomerViewSet, HistoryViewSet
from traitly.http.urls import identifier

urlpatterns = [
    re_path(
        r"^customer/?\Z",
        CustomerViewSet.as_view({"get": "list", "post": "create"}),
        name="customers",
    ),
    # These must precede the last one, whose customer_id may contain slashes.
    re_path(
        rf"^customer/{identifier('customer_id')}/history/?\Z",
        HistoryViewSet.as_view({"get": "list"}),
        name="history",
    ),
    re_path(
        rf"^customer/{identifier('customer_id')}/alias/?\Z",
        AliasViewSet.as_view({"get": "list"}),
        name="aliases",
    ),
    re_path(
        rf"^customer/{identifier('customer_id')}/alias/{identifier('previous_id')}/?\Z",
        AliasViewSet.as_view({"delete": "destroy"}),
        name="alias",
    ),
    re_path(
        rf"^customer/{identifier('customer_id')}/?\Z",
        CustomerViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
        name="customer",
    ),
]
