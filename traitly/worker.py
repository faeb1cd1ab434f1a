"""gunicorn's threaded worker, whose threads stay with a connection while its client goes on asking."""

import select
import socket
import struct
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

# A client that stops in the middle of its request loses its connection, and the thread is free again.
_SILENCE = struct.pack("ll", 10, 0)  # seconds, microseconds
_PATIENCE_MS = 5  # a busy client's next request comes sooner; a thread is not kept from others for longer


class StayingThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Saves the way back through the main thread between two requests of a busy keep-alive connection.

    There gunicorn's own worker hands each connection to the main thread after each request, and the main thread hands
    it to a thread again: two wake-ups of threads that compete for the interpreter's lock, as much as a third of what a
    small request costs. A thread stays only while no other connection waits for one.
    """

    def handle(self, conn: TConn) -> Any:
        """Answer the connection's requests; gives what gunicorn's gives for the last of them."""
        if not conn.initialized:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _SILENCE)  # outlasts gunicorn's setblocking()
        kept = super().handle(conn)
        if kept is not True:
            return kept
        ready = select.poll()
        ready.register(conn.sock, select.POLLIN)
        while kept is True and self.alive and self.tpool._work_queue.empty():  # noqa: SLF001  has no public face
            if not conn.parser.unreader.buf.getvalue() and not ready.poll(_PATIENCE_MS):
                break
            kept = super().handle(conn)
        return kept
