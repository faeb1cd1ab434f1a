"""The quick start."""

from django.http import HttpResponse
from django.shortcuts import render

from portal.access import PortalRequest, member


@member
def show(request: PortalRequest) -> HttpResponse:
    """The first commands."""
    return render(request, "portal/quickstart.html")
