"""The API's response, which also says what the log and the metrics want to know of it."""

from django.http import HttpResponse


class ApiResponse(HttpResponse):
    """JSON. ``rows``: objects in it. ``codes``: of its errors."""

    rows = 0
    codes: tuple[str, ...] = ()
