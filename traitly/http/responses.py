"""The API's response class, which also carries what the log and the metrics need."""

from django.http import HttpResponse


class ApiResponse(HttpResponse):
    """A JSON response. ``rows``: the number of objects in it. ``codes``: its errors' codes."""

    rows = 0
    codes: tuple[str, ...] = ()
