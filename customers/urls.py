"""Addresses below /api/ and /api/v1/: each with and without a trailing slash, never a redirect."""

from django.urls import re_path

from customers.views import CustomerViewSet

urlpatterns = [
    re_path(r"^customer/?$", CustomerViewSet.as_view({"get": "list", "post": "create"}), name="customers"),
]
