"""Identifiers made on this side, so that a request can be sent twice and is stored once."""

from __future__ import annotations

import os
import time
import uuid


def new_id() -> str:
    """A new UUIDv7 (RFC 9562): unique, and in the order in which they are made.

    Events of one batch that have the same time are listed in the order of their ids.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (
        rest * 4096 // 1_000_000
    )  # RFC 9562's method 3: no state that threads or forks would share
    value = bytearray(milliseconds.to_bytes(6, "big") + fraction.to_bytes(2, "big") + os.urandom(8))
    value[6] |= 0x70
    value[8] = value[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(value)))
