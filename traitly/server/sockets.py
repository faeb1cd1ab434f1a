"""A client's socket, for which no thread waits long."""

import errno
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# The pace that a client has to keep while it sends or receives; otherwise its connection is closed.
GRACE_SECONDS = 10.0
_MIN_RATE = 32 * 1024  # bytes a second
_MAX_UNSENT = (
    1024 * 1024
)  # of a response in parts: no further part is made until the client has read some
_PATIENCE = struct.pack(
    "ll", 0, 5_000
)  # for SO_RCVTIMEO; a busy client's next request arrives sooner
_RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: closing sends RST


def time_for(size: int) -> float:
    """How many seconds a client may take for ``size`` bytes."""
    return GRACE_SECONDS + size / _MIN_RATE


class Budget:
    """The memory limit for data that waits for clients: parts of bodies, and responses that are read slowly."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Reserve so many bytes; False if there are not enough."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """Return reserved bytes."""
        with self._lock:
            self._left += size


class ClientSocket(socket.socket):
    """Sends what the kernel accepts at once and keeps the rest; receives only what has arrived.

    Only requests on one of the ``slow`` threads wait for their client, and only until a deadline.
    """

    unfinished = False  # a response has begun and not ended
    continued = False  # the client has been told to send its body
    gone: Callable[[], None] | None = None  # called when the client disconnects during its request
    _waits_since: float | None = None
    _received = 0
    unsent = 0
    _unsent: deque[memoryview]
    _budget: Budget
    _slow: threading.Semaphore
    _owns_slow = False

    @classmethod
    def of(cls, sock: socket.socket, budget: Budget, slow: threading.Semaphore) -> "ClientSocket":
        """Wrap a connection."""
        made = cls(fileno=sock.detach())
        made._budget = budget
        made._slow = slow
        made._unsent = deque()
        socket.socket.settimeout(made, None)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
        return made

    def settimeout(self, value: float | None) -> None:
        """Do nothing: gunicorn sets it four times per request, and nothing here depends on it."""

    def setblocking(self, flag: bool) -> None:
        """Do nothing, for the same reason."""

    def begin(self, *, waits: bool) -> None:
        """A thread takes a request; says whether it may wait for the client."""
        self._waits_since = time.monotonic() if waits else None
        self._received = 0

    def end(self) -> None:
        """The thread is done with the request."""
        self._waits_since = self.gone = None
        if self._owns_slow:
            self._owns_slow = False
            self._slow.release()

    # Receiving
    # ---------------------------------------------------------------------------------------------------------

    def receive(self, size: int) -> bytes:
        """What has arrived; BlockingIOError if that is nothing."""
        return super().recv(size, socket.MSG_DONTWAIT)

    def receive_next(self, size: int) -> bytes:
        """The same, but wait a few milliseconds."""
        return super().recv(size)

    def recv(self, size: int, *_flags: int) -> bytes:
        """For gunicorn. A client that is silent or too slow looks to its log like one that has disconnected."""
        try:
            if self._waits_since is not None:
                left = self._waits_since + time_for(self._received) - time.monotonic()
                self._wait(select.POLLIN, min(left, GRACE_SECONDS))
            data = self.receive(size)
        except (BlockingIOError, TimeoutError) as error:
            raise ConnectionResetError(errno.ECONNRESET, "The client is too slow.") from error
        self._received += len(data)
        return data

    def is_gone(self) -> bool:
        """Whether the client has disconnected. Called by the main thread while another handles the request."""
        try:
            return not super().recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    # Sending
    # -----------------------------------------------------------------------------------------------------------

    def send(self, data: Any, *_flags: int) -> int:
        """For gunicorn, which uses it only for 100 Continue, which may have been sent already."""
        if not self.continued:
            self.sendall(data)
        self.continued = False
        return len(data)

    def sendall(self, data: Any, *_flags: int) -> None:
        """Send it, and keep what the client does not accept at once, as far as there is memory."""
        if not self._unsent:
            sent = self._send(data)
            if sent == len(data):
                return
            data = memoryview(data)[sent:]
        elif self.unsent > _MAX_UNSENT:
            self._wait_until_sent()
        if self._budget.take(len(data)):
            self.unsent += len(data)
            self._unsent.append(memoryview(data))
        else:
            self._take_slow()
            self._wait_until_sent()
            self._send_slowly(memoryview(data))

    def flush(self) -> bool:
        """Send what the kernel accepts of the rest; returns whether that was all."""
        while self._unsent:
            part = self._unsent[0]
            sent = self._send(part)
            self.unsent -= sent
            self._budget.give_back(sent)
            if sent < len(part):
                self._unsent[0] = part[sent:]
                return False
            self._unsent.popleft()
        return True

    def _wait_until_sent(self) -> None:
        deadline = time.monotonic() + time_for(self.unsent)
        while not self.flush():
            self._take_slow()
            self._wait_to_send(deadline)

    def _send_slowly(self, data: memoryview) -> None:
        deadline = time.monotonic() + time_for(len(data))
        while data:
            data = data[self._send(data) :]
            if data:
                self._wait_to_send(deadline)

    def _wait_to_send(self, deadline: float) -> None:
        try:
            self._wait(select.POLLOUT, min(deadline - time.monotonic(), GRACE_SECONDS))
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "The client reads too slowly.") from error

    def _take_slow(self) -> None:
        """Become one of the threads that may wait for a client."""
        if self._waits_since is not None or self._owns_slow:
            return
        if not self._slow.acquire(blocking=False):
            raise ConnectionResetError(errno.ECONNRESET, "Too many clients read slowly.")
        self._owns_slow = True

    def _send(self, data: Any) -> int:
        try:
            return super().send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def _wait(self, event: int, seconds: float) -> None:
        waiter = select.poll()
        waiter.register(self, event)
        if not waiter.poll(max(seconds, 0) * 1000):
            raise TimeoutError

    # Ending
    # ------------------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Reset the connection, so that the client cannot mistake a part for the whole."""
        with suppress(OSError):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close()

    def close(self) -> None:
        """Also drop unsent data."""
        self._budget.give_back(self.unsent)
        self.unsent = 0
        self._unsent.clear()
        super().close()

    def shutdown(self, how: int) -> None:
        """Reset the connection if a response is truncated: in HTTP/1.0 a normal close marks its end."""
        if self.unfinished:
            self.reset()
        else:
            super().shutdown(how)
