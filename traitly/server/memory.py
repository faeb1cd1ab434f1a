"""What the C library is told, so that the memory of a large request is the system's again after it."""

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h
_LARGE = 1024 * 1024


def give_memory_back() -> None:
    """Large blocks are mapped by themselves and unmapped when they are freed; small ones of all threads lie together.

    By itself glibc raises the bound of what is large with each such block, and then keeps them.
    Other C libraries are left as they are.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, 2)
