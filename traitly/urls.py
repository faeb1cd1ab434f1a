"""Every address: the API, then the operators' admin."""

from django.contrib import admin
from django.urls import include, path, re_path

from traitly.api.views import health, unknown_address

urlpatterns = [
    # The reference prints the version in one address and leaves it out in another: both are the same endpoints.
    re_path(r"^api/(?:v1/)?", include([path("", include("customers.urls")), path("", include("events.urls"))])),
    re_path(r"^api(?:/|$)", unknown_address),
    path("health", health, name="health"),
    path("admin/", admin.site.urls),
]
