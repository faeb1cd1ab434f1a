"""Sends one request to a webhook: limited in time and response size, and only to allowed addresses."""

import socket
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp

from feed.addresses import GuardedResolver, RefusedAddressError, check_url

SECONDS = 15
_MAX_READ = 64 * 1024
_MAX_RETRY_AFTER = 24 * 60 * 60
_MAX_RETRY_AFTER_DIGITS = 9


class SendResult(NamedTuple):
    """The result. ``status`` is None if there was no response; ``text`` then says why. ``retry_after`` is in seconds."""

    status: int | None
    text: str
    retry_after: int = 0

    @property
    def accepted(self) -> bool:
        """Whether the receiver accepted it."""
        return self.status in range(200, 300)


def new_session() -> aiohttp.ClientSession:
    """A session that reuses connections, keeps no cookies, and ignores proxies of the environment."""
    connector = aiohttp.TCPConnector(resolver=GuardedResolver(), limit=0, ttl_dns_cache=10)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        auto_decompress=False,
        headers={"User-Agent": "Traitly-Webhooks/1.0", "Content-Type": "application/json"},
    )


async def send(
    session: aiohttp.ClientSession, url: str, headers: dict[str, str], body: bytes
) -> SendResult:
    """Send it, and read the beginning of the response."""
    # Hosts written as numbers bypass the resolver, and the operator's networks may have changed
    # since.
    if wrong := check_url(url):
        return SendResult(None, wrong)
    try:
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            text = await _beginning(response)
            return SendResult(
                response.status, text, _retry_after(response.headers.get("Retry-After", ""))
            )
    except TimeoutError:
        return SendResult(None, f"There was no complete response within {SECONDS} seconds.")
    except (aiohttp.ClientError, OSError, ValueError, UnicodeError) as error:
        return SendResult(None, _reason(url, error))


async def _beginning(response: aiohttp.ClientResponse) -> str:
    data = b""
    while len(data) < _MAX_READ and (more := await response.content.read(_MAX_READ - len(data))):
        data += more
    if not response.content.at_eof():
        response.close()
    return data.decode("utf-8", "replace").replace("\0", "\ufffd")


def _retry_after(value: str) -> int:
    """The header's seconds. Its other form, a date, counts as none."""
    if not (value.isascii() and value.isdigit()) or len(value) > _MAX_RETRY_AFTER_DIGITS:
        return 0
    return min(int(value), _MAX_RETRY_AFTER)


def _reason(url: str, error: Exception) -> str:
    cause = error
    while cause := cause.__cause__ or cause.__context__:  # type: ignore[assignment]
        if isinstance(cause, RefusedAddressError):
            return str(cause)
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return f"The name {urlsplit(url).hostname} could not be resolved."
    return f"The request failed: {error or type(error).__name__}"[:500]
