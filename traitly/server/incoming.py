"""What a connection has sent of its next request, and what the server should do about it. No socket in it.

Only the framing is read here, to know when a request is complete and whom it concerns. gunicorn's parser reads it anew
and has the last word: where the two disagree, its reads find nothing more and the connection ends.
"""

import enum
import re

MAX_HEAD = 64 * 1024
_LARGE = 256 * 1024  # and what gzip is likely to make so
_LARGE_GZIP = 16 * 1024
MAX_BUFFERED = 1024 * 1024  # a longer body is read by a thread, of which only so many do that

_HEADERS = re.compile(
    rb"\r\n(authorization|accept|content-encoding|content-length|expect|transfer-encoding)[ \t]*:[ \t]*([^\r\n]*)",
    re.IGNORECASE,
)
_LONGEST_LENGTH = 18  # digits
_STREAMED = re.compile(rb"csv|ndjson|text/\*", re.IGNORECASE)
_WRITE = re.compile(rb"(?:POST|PATCH|DELETE|PUT) \S*/api/")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


class State(enum.Enum):
    """What is there of a request."""

    NOTHING = enum.auto()
    HEAD = enum.auto()  # a part of it
    BODY = enum.auto()  # the head and a part of the body
    READY = enum.auto()  # all of it, or enough for gunicorn to refuse it
    LONG = enum.auto()  # the head, before a body that is not waited for here
    HEAD_TOO_LARGE = enum.auto()


class Priority(enum.IntEnum):
    """Who gets a thread first. The slow ones, long bodies and streams, share a part of the threads."""

    HEALTH = 0
    WRITE = 1
    OTHER = 2
    SLOW = 3


class Incoming:
    """The bytes of a connection's next request."""

    __slots__ = ("_data", "_end", "_searched", "expects", "owner", "priority")

    def __init__(self) -> None:
        self.owner = b""  # the Authorization header as it was sent
        self.clear()

    def clear(self) -> None:
        """Wait for the next request. ``owner`` stays: as a rule it is the same one."""
        self._data = bytearray()
        self._searched = 0
        self._end = 0  # of the whole request, once its head is there
        self.expects = False  # to be told to go on, before it sends its body
        self.priority = Priority.OTHER

    def __len__(self) -> int:
        return len(self._data)

    @property
    def body_length(self) -> int:
        """How much of the body is still to come."""
        return max(self._end - len(self._data), 0)

    def take(self) -> bytes:
        """The bytes, for gunicorn's parser."""
        data = bytes(self._data)
        self._data = bytearray()
        return data

    def add(self, data: bytes) -> State:
        """Take what has arrived."""
        self._data += data
        if not self._end:
            end = self._data.find(b"\r\n\r\n", max(self._searched - 3, 0))
            if end < 0:
                return self._without_end()
            if end > MAX_HEAD:
                return State.HEAD_TOO_LARGE
            self._end = end + 4
            if self._read_head(end):
                self.priority = Priority.SLOW
                return State.LONG
        return State.READY if len(self._data) >= self._end else State.BODY

    def _without_end(self) -> State:
        if len(self._data) > MAX_HEAD:
            return State.HEAD_TOO_LARGE
        if _BARE_LINE_FEED.search(self._data, max(self._searched - 1, 0)):
            return State.READY  # such a head never ends: gunicorn refuses it
        self._searched = len(self._data)
        return State.HEAD

    def _read_head(self, end: int) -> bool:
        """Take what the head says of the request; tells whether its body is long."""
        length = 0
        chunked = streamed = compressed = False
        self.owner = b""
        for name, value in _HEADERS.findall(self._data, 0, end):
            match bytes(name).lower():
                case b"authorization":
                    self.owner = value
                case b"accept":
                    streamed = streamed or _STREAMED.search(value) is not None
                case b"content-length":
                    # gunicorn refuses what is not a number
                    length = int(value) if value.isdigit() and len(value) <= _LONGEST_LENGTH else 0
                case b"content-encoding":
                    compressed = True
                case b"expect":
                    self.expects = True
                case _:
                    chunked = True
        self._end += length
        if self._data.startswith((b"GET /health", b"HEAD /health")):
            self.priority = Priority.HEALTH
        elif length > (_LARGE_GZIP if compressed else _LARGE) or (streamed and self._data.startswith(b"GET ")):
            self.priority = Priority.SLOW
        elif _WRITE.match(self._data):
            self.priority = Priority.WRITE
        return chunked or length > MAX_BUFFERED
