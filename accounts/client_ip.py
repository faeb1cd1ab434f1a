"""The IP address that a request comes from."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings


def client_ip(environ: Mapping[str, Any]) -> str | None:
    """The client's IP address, from WSGI's environment; None if there is none, as behind a unix socket.

    Behind a trusted proxy (``TRUST_PROXY_HEADERS``) it is the last of ``X-Forwarded-For``, which
    that proxy wrote; what stands before is what the client made up. Without a zone (fe80::1%eth0),
    which PostgreSQL does not take.
    """
    address = str(environ.get("REMOTE_ADDR", ""))
    if settings.TRUST_PROXY_HEADERS:
        address = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip() or address
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return None
