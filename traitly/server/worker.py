"""gunicorn's threaded worker, with connections shared out evenly and threads that stay with theirs.

A thread that waits lets another have the interpreter's lock, and waits again until it gets it back: among busy threads
that is what a small request pays for most. So nothing is handed over or asked of the kernel that can be left out.
"""

import errno
import mmap
import socket
import struct
import time
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.body import LengthReader
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

# For SO_RCVTIMEO, in seconds and microseconds. A client that stops in the middle of its request loses its connection, and
# the thread is free again. A busy client's next request comes sooner than in the second; a thread is not kept from
# others for longer.
_SILENCE = struct.pack("ll", 10, 0)
_PATIENCE = struct.pack("ll", 0, 5_000)
_RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: closing sends RST
_LINGER_SECONDS = 0.5  # what a client that was refused has to take its answer and go
_MOST_READ = 8192

# How many connections each worker has, and one more: 0 is no worker. In memory that the workers share, as the master
# that forks them loads this module.
_WORKERS = 256
_connections = memoryview(mmap.mmap(-1, 4 * _WORKERS)).cast("i")
_GIVE_WAY_SECONDS, _GIVE_WAY_TIMES = 0.001, 10


class StayingThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Saves the way back through the main thread between two requests of a busy keep-alive connection.

    There gunicorn's own worker hands each connection to the main thread after each request, and the main thread hands
    it to a thread again: two wake-ups, as much as a third of what a small request costs. A thread stays only while no
    other connection waits for one.

    And gives way to a worker that has fewer connections. Whichever worker woke up first used to take them all: then one
    interpreter does the work, and its threads wait for each other, while the others idle.
    """

    def notify(self) -> None:
        """Say, in each turn of the main thread, that the worker is alive and what it has."""
        _connections[self.age % _WORKERS] = self.nr_conns + 1 if self.alive else 0
        super().notify()

    def leave(self) -> None:
        """Be no more. For the master, once the worker has ended."""
        _connections[self.age % _WORKERS] = 0

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, after the workers that have fewer had a moment to do so: there may be none left then."""
        for _ in range(_GIVE_WAY_TIMES):
            if self.nr_conns + 1 <= min(filter(None, _connections), default=self.nr_conns + 1):
                break
            time.sleep(_GIVE_WAY_SECONDS)
        super().accept(listener)

    def handle(self, conn: TConn) -> Any:
        """Answer the connection's requests; gives what gunicorn's gives for the last of them.

        Ends the connection here, where it is to end: gunicorn does so in the main thread, which would do nothing else
        for two seconds if the client does not end it as well.
        """
        kept = self._answer(conn)
        if kept is False:
            util.close_graceful(conn.sock, _LINGER_SECONDS)
        return kept

    def _answer(self, conn: TConn) -> Any:
        if not isinstance(conn.sock, _Socket):
            conn.sock = _Socket.of(conn.sock)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _SILENCE)  # outlasts gunicorn's setblocking()
        kept = super().handle(conn)
        while kept is True and self.alive and self.tpool._work_queue.empty():  # noqa: SLF001  has no public face
            if not conn.parser.unreader.buf.getvalue():
                conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
                try:
                    received = socket.socket.recv(conn.sock, _MOST_READ)
                except BlockingIOError:
                    break
                except OSError:
                    return False
                finally:
                    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _SILENCE)
                if not received:
                    return False
                conn.parser.unreader.unread(received)
            kept = super().handle(conn)
        return kept

    def _keepalive_after(self, conn: TConn, keepalive: Any) -> bool:
        """Whether the connection can be used again: gunicorn's answer, at once where the body has been read."""
        reader = conn.parser.mesg.body.reader
        if keepalive and isinstance(reader, LengthReader) and not reader.length:
            return True
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except ParseException:
            return False  # chunks that are malformed, where nobody had read them: the request is answered already


class _Socket(socket.socket):
    """Tells the kernel only what is new to it: gunicorn sets each connection's timeout four times a request."""

    unfinished = False  # whether an answer has begun and not ended

    @classmethod
    def of(cls, sock: socket.socket) -> "_Socket":
        timeout = sock.gettimeout()
        made = cls(fileno=sock.detach())
        socket.socket.settimeout(made, timeout)
        return made

    def settimeout(self, value: float | None) -> None:
        if value != self.gettimeout() and self.fileno() >= 0:  # it may be closed: gunicorn would count that twice
            super().settimeout(value)

    def setblocking(self, flag: bool) -> None:
        self.settimeout(None if flag else 0.0)

    def recv(self, *args: int) -> bytes:
        """A client that fell silent is gone, as far as gunicorn's log is concerned."""
        try:
            return super().recv(*args)
        except BlockingIOError as error:
            raise ConnectionResetError(errno.ECONNRESET, "The client fell silent.") from error

    def shutdown(self, how: int) -> None:
        """Reset the connection instead if an answer is cut: HTTP/1.0 takes an ordinary end for the answer's end."""
        if self.unfinished:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close()
        else:
            super().shutdown(how)


class _Response(wsgi.Response):  # type: ignore[misc]
    """Sends the head of an answer together with the first part of its body."""

    sock: Any  # a _Socket, or a _Held in its place

    def close(self) -> None:
        super().close()
        self.sock.unfinished = False

    def write(self, arg: bytes) -> None:
        if self.headers_sent:
            super().write(arg)
            return
        self.sock.unfinished = True
        held = _Held()
        sock, self.sock = self.sock, held
        try:
            super().write(arg)
        finally:
            self.sock = sock
        sock.sendall(b"".join(held.parts))


class _Held:
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.parts.append(data)


wsgi.Response = _Response  # there is no setting for it
