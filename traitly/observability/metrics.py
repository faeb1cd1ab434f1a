"""The metrics. docs/operations.md lists them; docs/monitoring/ has a dashboard and alerts.

Under gunicorn each process counts in files in memory (prometheus_client's multiprocess mode, which
gunicorn.conf.py sets up), so that a scrape sees all of them, whichever process it reaches.
"""

from prometheus_client import Counter, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ROWS = (1, 2, 5, 10, 25, 50, 100, 1_000, 10_000)
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PATCH", "DELETE", "PUT"})

REQUEST_SECONDS = Histogram(
    "traitly_request_seconds",
    "From the request's arrival in a thread to its response, or the first part of a streamed one.",
    ["method", "route", "status"],
    buckets=_SECONDS,
)
ITEMS = Counter("traitly_items", "Items of POST bodies.", ["kind", "result"])
STATEMENT_ROWS = Histogram(
    "traitly_statement_rows",
    "Rows of the statements that store events, several requests' together.",
    buckets=_ROWS,
)
KEY_LOOKUPS = Counter(
    "traitly_key_lookups", "API keys of requests, by where they were found.", ["where"]
)
REFUSED = Counter(
    "traitly_refused",
    "Requests that the server refused before the application saw them.",
    ["status"],
)

_request_seconds: dict[tuple[str | None, str, int], Histogram] = {}
_KEY_HIT, _KEY_MISS = KEY_LOOKUPS.labels("cache"), KEY_LOOKUPS.labels("database")


def observe_request(method: str | None, route: str, status: int, seconds: float) -> None:
    """Count a request. Unknown methods are counted as ``OTHER``, so that clients cannot create labels."""
    labels = (method, route, status)
    child = _request_seconds.get(labels)
    if child is None:
        known = method if method in METHODS else "OTHER"
        child = REQUEST_SECONDS.labels(known, route, str(status))
        if known == method:
            _request_seconds[labels] = child
    child.observe(seconds)


def count_items(kind: str, *, accepted: int, rejected: int, duplicates: int) -> None:
    """Count the items of a POST; ``duplicates`` are among the accepted."""
    for result, number in (
        ("accepted", accepted),
        ("rejected", rejected),
        ("duplicate", duplicates),
    ):
        if number:
            ITEMS.labels(kind, result).inc(number)


def count_refusal(status: int) -> None:
    """Count a request that got no thread: 503 if the server sheds load, 408 if its client was too slow."""
    REFUSED.labels(str(status)).inc()


def count_key_lookup(*, cached: bool) -> None:
    """Count where a request's key was found."""
    (_KEY_HIT if cached else _KEY_MISS).inc()
