"""What a connection has sent of its next request, and what the server should do about it. No socket in it.

Only the framing is read here, to know when a request is complete and whom it concerns. gunicorn's
parser reads it anew and has the last word: where the two disagree, its reads find nothing more and
the connection ends.
"""

import enum
import re
from typing import NamedTuple

MAX_HEAD = 64 * 1024
_LARGE = 256 * 1024  # also the size from which gzip probably decompresses to as much
_LARGE_GZIP = 16 * 1024
MAX_BUFFERED = 1024 * 1024  # a longer body is read by one of a limited number of threads

_HEADERS = re.compile(
    rb"\r\n(authorization|accept|content-encoding|content-length|expect|transfer-encoding)[ \t]*:[ \t]*([^\r\n]*)",
    re.IGNORECASE,
)
_MAX_REMEMBERED = 2048  # bytes of a request head
_MAX_LENGTH_DIGITS = 18  # digits
_STREAMED = re.compile(rb"csv|ndjson|text/\*", re.IGNORECASE)
_WRITE = re.compile(rb"(?:POST|PATCH|DELETE|PUT) \S*/(?:api/|v1/|[abgipst]/? )")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


class State(enum.Enum):
    """How much of a request has arrived."""

    NOTHING = enum.auto()
    HEAD = enum.auto()  # part of the head
    BODY = enum.auto()  # the head and part of the body
    READY = enum.auto()  # everything, or enough for gunicorn to refuse it
    LONG = enum.auto()  # the head of a request whose body is not collected here
    HEAD_TOO_LARGE = enum.auto()


class Priority(enum.IntEnum):
    """The order in which requests get threads. Slow ones (long bodies, streams) share some of the threads."""

    HEALTH = 0
    WRITE = 1
    OTHER = 2
    SLOW = 3


class _Head(NamedTuple):
    """What is parsed from a request head."""

    body: int  # its declared length
    chunked: bool
    expects: bool
    owner: bytes
    priority: Priority


class Incoming:
    """The bytes of a connection's next request."""

    __slots__ = ("_data", "_end", "_head", "_head_bytes", "_searched")

    def __init__(self) -> None:
        self._head = _NO_HEAD
        self._head_bytes = b""
        self.clear()

    def clear(self) -> None:
        """Wait for the next request."""
        self._data: bytes | bytearray = b""
        self._searched = 0
        self._end = 0  # of the whole request, once its head has arrived

    def __len__(self) -> int:
        return len(self._data)

    @property
    def owner(self) -> bytes:
        """The Authorization header as sent; empty if there is none."""
        return self._head.owner

    @property
    def priority(self) -> Priority:
        """How urgent the request is."""
        return self._head.priority

    @property
    def expects(self) -> bool:
        """Whether the client waits for 100 Continue before it sends its body."""
        return self._head.expects

    @property
    def body_length(self) -> int:
        """How many bytes of the body are missing."""
        return max(self._end - len(self._data), 0)

    def take(self) -> bytes:
        """The bytes, for gunicorn's parser."""
        data = bytes(self._data)
        self._data = b""
        return data

    def add(self, data: bytes) -> State:
        """Add bytes that have arrived."""
        if not self._data:
            self._data = data
        elif isinstance(self._data, bytearray):
            self._data += data
        else:
            self._data = bytearray(self._data) + data
        if not self._end:
            end = self._data.find(b"\r\n\r\n", max(self._searched - 3, 0))
            if end < 0:
                return self._without_end()
            if end > MAX_HEAD:
                return State.HEAD_TOO_LARGE
            self._read_head(bytes(self._data[:end]))
            self._end = end + 4 + self._head.body
            if self._head.chunked or self._head.body > MAX_BUFFERED:
                return State.LONG
        return State.READY if len(self._data) >= self._end else State.BODY

    def _without_end(self) -> State:
        if len(self._data) > MAX_HEAD:
            return State.HEAD_TOO_LARGE
        if _BARE_LINE_FEED.search(self._data, max(self._searched - 1, 0)):
            return State.READY  # the head will never end: gunicorn refuses it
        self._searched = len(self._data)
        return State.HEAD

    def _read_head(self, head: bytes) -> None:
        if head != self._head_bytes:  # a busy client usually sends the same head again
            self._head = _read(head)
            self._head_bytes = head if len(head) < _MAX_REMEMBERED else b""


_NO_HEAD = _Head(0, chunked=False, expects=False, owner=b"", priority=Priority.OTHER)


def _read(head: bytes) -> _Head:
    length = 0
    chunked = streamed = compressed = expects = False
    owner = b""
    for name, value in _HEADERS.findall(head):
        match name.lower():
            case b"authorization":
                owner = value
            case b"accept":
                streamed = streamed or _STREAMED.search(value) is not None
            case b"content-length":
                # gunicorn refuses anything that is not a number
                length = int(value) if value.isdigit() and len(value) <= _MAX_LENGTH_DIGITS else 0
            case b"content-encoding":
                compressed = True
            case b"expect":
                expects = True
            case _:
                chunked = True
    priority = Priority.OTHER
    if head.startswith((b"GET /health", b"HEAD /health")):
        priority = Priority.HEALTH
    elif (
        chunked
        or length > (_LARGE_GZIP if compressed else _LARGE)
        or (streamed and head.startswith(b"GET "))
    ):
        priority = Priority.SLOW
    elif _WRITE.match(head):
        priority = Priority.WRITE
    return _Head(length, chunked, expects, owner, priority)
