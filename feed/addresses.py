"""Which addresses webhooks may be sent to: only public ones, unless WEBHOOK_ALLOWED_NETWORKS allows others."""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from django.conf import settings

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SCHEMES = {"http", "https"}
_MAX_URL_LENGTH = 2000


class RefusedAddressError(OSError):
    """The address is private, or leads to one."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not a public address.")


def check_url(url: str) -> str | None:
    """What is wrong with a webhook's URL, without looking its name up; that happens when something is sent."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "A valid URL is required."
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
        return "The URL must begin with https:// or http://."
    if len(url) > _MAX_URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        return f"The URL must be at most {_MAX_URL_LENGTH} printable ASCII characters."
    if parts.username is not None or parts.password is not None:
        return "The URL must not contain a user name or password. Requests are signed instead."
    address = _literal(parts.hostname)
    name = parts.hostname.rstrip(".").lower()
    inside = name == "localhost" or name.endswith(".localhost")
    if (address and not is_allowed(address)) or (inside and not is_allowed("127.0.0.1")):
        return "The host must have a public address. This one is private or local."
    return None


def is_allowed(address: str) -> bool:
    """Whether webhooks may be sent to an IP address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if any(ip in network for network in settings.WEBHOOK_ALLOWED_NETWORKS):
        return True
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64:
            inner.append(ipaddress.IPv4Address(ip.packed[-4:]))
        if ip.ipv4_mapped:
            return is_allowed(str(ip.ipv4_mapped))
        if not all(is_allowed(str(each)) for each in inner if each):
            return False
    return ip.is_global and not ip.is_multicast


def _literal(host: str) -> str | None:
    """The IP address that a host is written as; 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


class GuardedResolver(ThreadedResolver):
    """Resolves only to allowed addresses. The connection uses exactly these; nothing is looked up again."""

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The allowed addresses of a name; ``RefusedAddressError`` if there are none."""
        found = await super().resolve(host, port, family)
        allowed = [each for each in found if is_allowed(each["host"])]
        if not allowed:
            raise RefusedAddressError(host)
        return allowed
