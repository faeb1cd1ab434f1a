"""The API without the network: requests to send, responses to read. Shared by the two clients and the batcher."""

from __future__ import annotations

import email.utils
import json
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from traitly._values import to_json, to_params
from traitly._version import __version__
from traitly.errors import (
    BY_STATUS,
    APIError,
    ErrorDetail,
    NetworkError,
    RequestTimeoutError,
    ServerError,
    TraitlyError,
)

USER_AGENT = (
    f"traitly-python/{__version__} Python/{platform.python_version()} httpx/{httpx.__version__}"
)


@dataclass(frozen=True)
class Request:
    """A request below ``/api/v1``."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    #: Seconds that the server may take on purpose, on top of ``timeout``.
    wait: float = 0


@dataclass(frozen=True)
class Settings:
    """Where to and how; checked when it is made."""

    url: str
    key: str
    timeout: float
    max_retries: int

    @classmethod
    def read(cls, url: str | None, key: str | None, timeout: float, max_retries: int) -> Settings:
        """The arguments, else the environment.

        Raises ValueError with what to do.
        """
        url = url or os.environ.get("TRAITLY_URL", "")
        key = (key or os.environ.get("TRAITLY_API_KEY", "")).strip()
        if not url:
            raise ValueError(
                "Say where the server is: Traitly(url='https://traitly.example.com'), or set TRAITLY_URL."
            )
        if not key:
            raise ValueError("An API key is needed: Traitly(key='...'), or set TRAITLY_API_KEY.")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError(
                "The API key has characters that no key has. Copy it again, without quotes or line breaks."
            )
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(
                f"{url!r} is not the URL of a server; it should look like https://traitly.example.com."
            )
        if parts.query or parts.fragment:
            raise ValueError(f"{url!r} has a query or a fragment; give the server's URL alone.")
        if max_retries < 0:
            raise ValueError("max_retries is 0 or more.")
        base = url.rstrip("/").removesuffix("/api/v1").removesuffix("/api")
        return cls(base, key, timeout, max_retries)

    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        return {
            "Authorization": f"Token {self.key}",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }

    def http_request(self, request: Request) -> dict[str, Any]:
        """The arguments of httpx's ``request``."""
        headers = self.headers()
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        return {
            "method": request.method,
            "url": self.url_of(request),
            "params": list(request.params) or None,
            "content": request.content,
            "headers": headers,
            "timeout": httpx.Timeout(self.timeout, read=self.timeout + request.wait),
            "follow_redirects": False,
        }

    def url_of(self, request: Request) -> str:
        """The whole URL, without the parameters."""
        return f"{self.url}/api/v1{request.path}"


def get(path: str, filters: Mapping[str, Any] | None = None, *, wait: float = 0) -> Request:
    """A GET; filters that are None are left out."""
    return Request("GET", path, tuple(to_params(filters or {})), wait=wait)


def post(path: str, item: Mapping[str, Any]) -> Request:
    """A POST of one object."""
    return Request("POST", path, content=to_json(item))


def post_many(path: str, items: Iterable[bytes]) -> Request:
    """A POST of objects that are JSON already."""
    return Request("POST", path, content=b"[" + b",".join(items) + b"]")


def patch(path: str, changes: Mapping[str, Any]) -> Request:
    """A PATCH."""
    return Request("PATCH", path, content=to_json(changes))


def delete(path: str, filters: Mapping[str, Any] | None = None) -> Request:
    """A DELETE; filters that are None are left out."""
    return Request("DELETE", path, tuple(to_params(filters or {})))


def path_of(kind: str, identifier: object, *rest: str) -> str:
    """The path of one object.

    Raises ValueError for an identifier that no URL can carry: it would address something else.
    """
    text = str(identifier)
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} cannot be part of a URL; find the object by a filter instead.")
    return "/".join(["", kind, quote(text, safe=""), *rest])


def read_response(settings: Settings, request: Request, response: httpx.Response) -> dict[str, Any]:
    """The envelope.

    Raises APIError if it is an error, or not from Traitly. The response to a batch of which nothing
    was stored is an envelope too, though its status is 400.
    """
    name = f"{request.method} {settings.url_of(request)}"
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    readable = response.is_success or response.status_code == httpx.codes.BAD_REQUEST
    if readable and isinstance(body, dict) and isinstance(body.get("data"), list):
        return body
    raise _error(name, response, body)


def _error(name: str, response: httpx.Response, body: Any) -> APIError:
    status = response.status_code
    kind = BY_STATUS.get(
        status, ServerError if status >= httpx.codes.INTERNAL_SERVER_ERROR else APIError
    )
    retry_after = read_retry_after(response.headers.get("Retry-After"))
    if isinstance(body, dict) and body.get("object") == "error":
        errors = read_errors(body.get("errors"))
        metadata = body.get("metadata") or {}
        return kind(
            status=status,
            type=str(body.get("type")),
            errors=errors,
            metadata=metadata,
            request=name,
            retry_after=retry_after,
        )
    return kind(
        status=status,
        type="unexpected_response",
        errors=[ErrorDetail("unexpected_response", _explain(response))],
        metadata={},
        request=name,
        retry_after=retry_after,
    )


def _explain(response: httpx.Response) -> str:
    if response.is_redirect:
        return f"The server redirects to {response.headers.get('Location')}: use that as the url of the client."
    if response.is_success:
        return f"This is not Traitly's API (it sent {response.headers.get('Content-Type')}). Is the url right?"
    start = " ".join(response.text[:200].split())
    return f"Something between you and Traitly answered: {start or response.reason_phrase}"


def read_errors(errors: Any) -> tuple[ErrorDetail, ...]:
    """The errors of an error object or of a rejected item."""
    return tuple(
        ErrorDetail(str(e.get("code")), str(e.get("detail")), e.get("attr")) for e in errors or ()
    )


def read_retry_after(value: str | None) -> float | None:
    """Seconds from now; the header has seconds or a date. None if there is none, or one that makes no sense."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if seconds < float("inf") else None


def network_error(
    settings: Settings, request: Request, error: httpx.TransportError
) -> TraitlyError:
    """What httpx raised, as ours, with what was tried."""
    if isinstance(error, httpx.TimeoutException):
        seconds = settings.timeout + request.wait
        return RequestTimeoutError(
            f"{settings.url} did not answer {request.method} {request.path} in {seconds:g} s"
        )
    reason = str(error) or type(error).__name__
    return NetworkError(f"{request.method} {settings.url_of(request)} failed: {reason}")


def chunks(
    items: Iterable[tuple[int, bytes]], most: int, most_bytes: int
) -> Iterator[list[tuple[int, bytes]]]:
    """The items in runs of at most ``most``, and of at most ``most_bytes`` together unless one alone has more."""
    run: list[tuple[int, bytes]] = []
    size = 0
    for item in items:
        if run and (len(run) == most or size + len(item[1]) > most_bytes):
            yield run
            run, size = [], 0
        run.append(item)
        size += len(item[1])
    if run:
        yield run
