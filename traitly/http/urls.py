"""What the apps' URL patterns share, and the list of the API's URLs."""

import difflib
import re
from functools import cache

from django.urls import URLPattern, URLResolver, get_resolver

_API = re.compile(
    r"/(?:api/|v1/|[abgipst]/?\Z)"
)  # ours, and those of Segment's SDKs, which are at the root of the host
_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()\\]|\\.)*\)")


def identifier(name: str) -> str:
    """A pattern for a client's identifier, which may contain any character except NUL, including slashes."""
    return rf"(?P<{name}>[^\x00]{{1,255}}?)"


def is_api(path: str) -> bool:
    """Whether it is a URL of the API, not of a page."""
    return _API.match(path) is not None


@cache
def api_urls() -> tuple[str, ...]:
    """The API's URLs as people write them, for example ``/api/v1/customer/<customer_id>``."""
    found: list[str] = []
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and str(entry.pattern).startswith("^api/"):
            _collect(entry, found)
    return tuple(sorted(found))


def _collect(entry: URLResolver | URLPattern, found: list[str]) -> None:
    if isinstance(entry, URLResolver):
        for inner in entry.url_patterns:
            _collect(inner, found)
    else:
        path = _GROUP.sub(r"<\1>", str(entry.pattern).lstrip("^").removesuffix(r"/?\Z"))
        found.append(f"/api/v1/{path}")


def unknown_url_detail(path: str) -> str:
    """The detail of a 404 for an unknown URL: the one that was probably meant, then all that exist."""
    known = api_urls()
    words = [word for word in path.split("/") if word not in {"", "api", "v1"}]
    names = {address.split("/")[3] for address in known}
    close = difflib.get_close_matches(words[0].lower()[:40], names, n=1) if words else []
    meant = f"Did you mean /api/v1/{close[0]}? " if close else ""
    return f"There is no such URL. {meant}The API has {', '.join(known)}."
