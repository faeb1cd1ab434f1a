"""gunicorn's threaded worker, in which a slow client never occupies a thread that others need.

The main thread waits for clients: it collects requests until they are complete, and sends what a
client is slow to take. HTTP stays gunicorn's: its parser reads each request, its response writes
each answer. docs/reliability.md says what was tried against it, docs/performance.md what each part
brings. What is used of gunicorn's inside stands in this file, but for one name in gunicorn.conf.py;
tests/test_worker.py says what has changed when gunicorn does.
"""

import errno
import selectors
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from traitly.db.group_commit import waiting_calls
from traitly.observability.metrics import count_refusal
from traitly.server import shared
from traitly.server.dispatch import Dispatcher
from traitly.server.incoming import Incoming, Priority, State
from traitly.server.parking import Parked, parking, say_waited
from traitly.server.refusals import refusal
from traitly.server.sockets import GRACE_SECONDS, Budget, ClientSocket, time_for

_MAX_READ = 65_536
_MAX_KEPT = (
    64 * 1024 * 1024
)  # bytes of collected bodies, except small ones, and of unsent responses
_SMALL = 65_536  # a body that is always collected
_LINGER_SECONDS = 2.0  # how long a client may take to read its last response and close
_GONE_AFTER_SECONDS = 1.0  # for a request that takes longer, check whether its client still waits
_RETRY_SECONDS = 2
_GIVE_WAY_SECONDS, _GIVE_WAY_TIMES = 0.001, 10


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A client's connection and its next request."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.data_ready = True  # otherwise gunicorn's thread would wait for data
        self.incoming = Incoming()
        self.state = State.NOTHING
        self.interest = 0  # the events that the poller watches
        self.deadline = 0.0  # for those events
        self.kept = 0  # bytes, counted against _MAX_KEPT
        self.sent_by = 0.0  # when everything must be sent, however steadily the client reads
        self.closes = False  # once its response is sent
        self.lingers = False  # kept open only to see the client close it
        # For a request that has a thread or waits for one:
        self.priority = Priority.OTHER
        self.owner = b""
        self.since = 0.0
        # For a request that waits for something without a thread:
        self.parked: Parked | None = None
        self.unpark: Any = None  # ends the waiting
        self.request = b""  # its bytes
        self.waited = 0.0  # when its wait was to end, once it has waited


class BufferingThreadWorker(ThreadWorker):  # type: ignore[misc]
    """Collects requests in the main thread and handles them in a pool of threads.

    A thread stays with a busy keep-alive connection while no other request waits for one. It saves
    the way back through the main thread: two wake-ups, as much as a third of what a small request
    costs.

    And a worker gives way to one that has fewer connections. Whichever woke up first used to take
    them all: then one interpreter does the work, and its threads wait for each other, while the
    others idle.
    """

    alive: bool

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # An owner of requests is an API key, or all clients without one. None gets the spare
        # threads.
        threads = self.cfg.threads + max(self.cfg.threads // 4, 1)
        self._threads = threads
        self._slow = threading.BoundedSemaphore(max(self.cfg.threads // 2, 1))
        self._dispatcher: Dispatcher[Connection] = Dispatcher(
            threads=threads, per_owner=self.cfg.threads, slow=self._slow
        )
        self._watched: dict[Connection, None] = {}  # the oldest one comes first
        self._running: set[Connection] = set()
        self._budget = Budget(_MAX_KEPT)
        self._looked = 0.0
        self._stopped = 0.0

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """A pool with more threads than one owner of requests can use."""
        return ThreadPoolExecutor(max_workers=self._threads)

    def load_wsgi(self) -> None:
        """Load the application, whose requests may wait without a thread."""
        super().load_wsgi()
        self.wsgi: Any = parking(self.wsgi)

    def notify(self) -> None:
        """Report in each iteration of the main loop that the worker is alive, and its connections."""
        if self.alive:
            shared.tell(
                self.age,
                shared.Load(
                    self.nr_conns, len(self._running), self._dispatcher.waiting, waiting_calls()
                ),
            )
        else:
            shared.leave(self.age)
        super().notify()

    def leave(self) -> None:
        """Clear this worker's slot. The master calls it after the worker has exited."""
        shared.leave(self.age)

    # Main thread: connections
    # --------------------------------------------------------------------------------------------

    def set_accept_enabled(self, enabled: bool) -> None:
        """Start or stop accepting connections. Once the worker is stopping, new clients are refused at once.

        gunicorn listens until its last request is answered: clients would connect, wait, and be
        reset.
        """
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                while self._accept(listener):
                    pass
                listener.close()

    def is_parent_alive(self) -> bool:
        """Whether the master is alive. Without it the worker stops as on SIGTERM, so that another master can listen."""
        if not super().is_parent_alive():
            self.alive = False
        return self.alive

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, after giving workers with fewer connections a moment to take it."""
        for _ in range(_GIVE_WAY_TIMES):
            if self.nr_conns <= shared.fewest_connections(self.nr_conns):
                break
            time.sleep(_GIVE_WAY_SECONDS)
        self._accept(listener)

    def _accept(self, listener: socket.socket) -> bool:
        """Accept a connection; False if there is none."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.ECONNABORTED}:
                return error.errno == errno.ECONNABORTED
            raise
        if self.nr_conns + 1 >= self.worker_connections and self._watched:
            self._close(
                next(iter(self._watched))
            )  # the connection that has been idle longest makes room
        conn = Connection(
            self.cfg,
            ClientSocket.of(client, self._budget, self._slow),
            address,
            listener.getsockname(),
        )
        self.nr_conns += 1
        self._watch(conn, selectors.EVENT_READ, self.cfg.keepalive)
        self._receive(conn)
        return True

    def _watch(self, conn: Connection, interest: int, seconds: float) -> None:
        """Wait for the client without occupying a thread."""
        conn.deadline = time.monotonic() + seconds
        if not conn.interest:
            self.poller.register(conn.sock, interest, partial(self._on_event, conn))
        elif conn.interest != interest:
            self.poller.modify(conn.sock, interest, partial(self._on_event, conn))
        conn.interest = interest
        self._watched[conn] = None

    def _unwatch(self, conn: Connection) -> None:
        if conn.interest:
            self.poller.unregister(conn.sock)
            conn.interest = 0
            del self._watched[conn]

    def _on_event(self, conn: Connection, _sock: socket.socket) -> None:
        if conn.interest == selectors.EVENT_WRITE:
            self._flush(conn)
        elif conn.interest:  # it may have been closed since the poller found it
            self._receive(conn)

    def _close(self, conn: Connection) -> None:
        if conn.parked:
            conn.parked = None
            conn.unpark()
        self._unwatch(conn)
        self._give_back(conn)
        self.nr_conns -= 1
        if conn.sock.unfinished or conn.sock.unsent:
            conn.sock.reset()
        else:
            conn.sock.close()

    def _linger(self, conn: Connection) -> None:
        """Close the connection once the client has read its response; closing at once could truncate it."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.lingers = True
        self._watch(conn, selectors.EVENT_READ, _LINGER_SECONDS)

    def _refuse(
        self, conn: Connection, status: int, reason: str, detail: str, retry_after: int = 0
    ) -> None:
        self._unwatch(conn)
        self._give_back(conn)
        count_refusal(status)
        try:
            conn.sock.sendall(refusal(status, reason, detail, retry_after=retry_after))
        except OSError:
            self._close(conn)
        else:
            self._linger(conn)

    def _refuse_busy(self, conn: Connection) -> None:
        detail = "The server is too busy. Send the request again."
        self._refuse(conn, 503, "Service Unavailable", detail, _RETRY_SECONDS)

    def _give_back(self, conn: Connection) -> None:
        self._budget.give_back(conn.kept)
        conn.kept = 0

    # Main thread: requests
    # -----------------------------------------------------------------------------------------------

    def _receive(self, conn: Connection) -> None:
        try:
            data = conn.sock.receive(_MAX_READ)
        except BlockingIOError:
            return
        except OSError:
            self._close(conn)
            return
        if conn.lingers:
            if not data:
                self._close(conn)
        elif conn.parked:
            conn.request += data
            if not data or len(conn.request) > _MAX_READ:
                self._close(conn)
        elif data:
            self._proceed(conn, conn.incoming.add(data))
        elif conn.incoming:
            self._proceed(
                conn, State.READY
            )  # it will not get more complete: gunicorn refuses it for what is missing
        else:
            self._close(conn)

    def _proceed(self, conn: Connection, state: State) -> None:
        before, conn.state = conn.state, state
        if state is State.NOTHING:
            self._watch(conn, selectors.EVENT_READ, self.cfg.keepalive)
        elif state is State.HEAD_TOO_LARGE:
            self._refuse(conn, 431, "Request Header Fields Too Large", "The headers are too large.")
        elif state is State.HEAD:
            if state is not before or not conn.interest:
                self._watch(conn, selectors.EVENT_READ, GRACE_SECONDS)
        elif state is State.BODY:
            if state is not before or not conn.interest:
                self._expect_body(conn)
        else:
            self._enqueue(conn, Priority.SLOW if state is State.LONG else conn.incoming.priority)

    def _expect_body(self, conn: Connection) -> None:
        length = conn.incoming.body_length
        if length > _SMALL:
            if not self._budget.take(length):
                self._enqueue(conn, Priority.SLOW)
                return
            conn.kept = length
        if conn.incoming.expects and not conn.sock.continued:
            conn.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            conn.sock.continued = True
        self._watch(conn, selectors.EVENT_READ, time_for(length))

    def _enqueue(self, conn: Connection, priority: Priority) -> None:
        self._unwatch(conn)
        conn.priority, conn.owner = priority, conn.incoming.owner
        conn.since = time.monotonic()
        if self._dispatcher.add(conn):
            self._run_waiting()
        else:
            self._refuse_busy(conn)

    def _run_waiting(self) -> None:
        now = time.monotonic()
        while conn := self._dispatcher.next(now):
            self._running.add(conn)
            self.enqueue_req(conn)

    def finish_request(self, conn: Connection, fs: "Future[Any]") -> None:
        """Continue with a connection whose request a thread has handled."""
        self._running.discard(conn)
        self._dispatcher.done(conn, time.monotonic())
        self._give_back(conn)
        if conn.parked:
            self._park(conn, conn.parked)
            self._run_waiting()
            return
        conn.closes = fs.cancelled() or fs.exception() is not None or not fs.result()
        if conn.sock.fileno() < 0 or conn.sock.unfinished:
            self._close(conn)
        elif conn.sock.unsent:
            conn.sent_by = time.monotonic() + time_for(conn.sock.unsent)
            self._watch(conn, selectors.EVENT_WRITE, GRACE_SECONDS)
        else:
            self._go_on(conn)
        self._run_waiting()

    def _park(self, conn: Connection, parked: Parked) -> None:
        """Let a request wait without a thread; its client may disconnect meanwhile."""
        conn.waited = parked.response.until
        self._watch(conn, selectors.EVENT_READ, conn.waited - time.monotonic() + GRACE_SECONDS)
        conn.unpark = parked.response.watch(lambda: self.method_queue.defer(self._wake, conn))

    def _wake(self, conn: Connection) -> None:
        """Handle a request that has waited, from the beginning."""
        if conn.parked is None:
            return  # its client has disconnected
        conn.parked = None
        request, conn.request = conn.request, b""
        state = conn.incoming.add(request)
        self._proceed(conn, state)

    def _flush(self, conn: Connection) -> None:
        try:
            sent = conn.sock.flush()
        except OSError:
            self._close(conn)
            return
        if sent:
            self._go_on(conn)
        else:
            conn.deadline = min(conn.sent_by, time.monotonic() + GRACE_SECONDS)

    def _go_on(self, conn: Connection) -> None:
        """The response is sent: close the connection, or continue with its next request."""
        if conn.closes:
            self._linger(conn)
            return
        if rest := conn.parser.unreader.take_buffered():
            conn.state = conn.incoming.add(rest)
        state, conn.state = conn.state, State.NOTHING
        self._proceed(conn, state)

    def murder_pending(self) -> None:
        """Once a second, end what has waited too long. gunicorn calls it in each iteration of its loop."""
        now = time.monotonic()
        if now < self._looked + 1:
            return
        self._looked = now
        if not self.alive:
            self._stopped = self._stopped or now
        for conn in list(self._watched):
            if conn.parked and (self._stopped or now > conn.deadline):
                conn.unpark()
                conn.waited = now  # it responds with what there is
                self._wake(conn)
                continue
            idle = conn.state is State.NOTHING and conn.interest == selectors.EVENT_READ
            if now > conn.deadline or (
                idle and self._stopped and now > self._stopped + _LINGER_SECONDS
            ):
                self._end_waiting(conn)
        for conn in self._dispatcher.expired(now):
            self._refuse_busy(conn)
        for conn in self._running:
            if now > conn.since + _GONE_AFTER_SECONDS and conn.sock.gone and conn.sock.is_gone():
                gone, conn.sock.gone = conn.sock.gone, None
                threading.Thread(target=gone, daemon=True).start()

    def _end_waiting(self, conn: Connection) -> None:
        if conn.lingers or conn.interest == selectors.EVENT_WRITE or conn.state is State.NOTHING:
            self._close(conn)
        else:
            self._refuse(conn, 408, "Request Timeout", "The request took too long to arrive.")

    # Threads
    # -------------------------------------------------------------------------------------------------------------

    def handle(self, conn: Connection) -> bool:
        """Handle the connection's requests while there are any; returns whether to keep the connection."""
        conn.init()
        sock = conn.sock
        while True:
            sock.begin(waits=conn.priority is Priority.SLOW)
            request = conn.incoming.take()
            say_waited(conn.waited)
            try:
                conn.parser.unreader.unread(request)
                conn.incoming.clear()
                conn.state = State.NOTHING
                kept = super().handle(conn) is True
                conn.waited = 0.0
            except Parked as parked:
                # What followed it, which is also in ``request``
                conn.parser.unreader.take_buffered()
                conn.parked, conn.request = parked, request
                return True
            finally:
                sock.end()
            if not kept or sock.unsent:
                return kept
            try:
                if not self._stays(conn):
                    return True
            except OSError:
                return False

    def _stays(self, conn: Connection) -> bool:
        """Whether the thread continues with the connection's next request; OSError if there will be none."""
        data = conn.parser.unreader.take_buffered()
        if not data:
            if self._dispatcher.waiting or not self.alive or conn.priority is Priority.SLOW:
                return False
            try:
                data = conn.sock.receive_next(_MAX_READ)
            except BlockingIOError:
                return False
            if not data:
                raise ConnectionResetError(errno.ECONNRESET, "The client has gone.")
        conn.state = conn.incoming.add(data)
        conn.since = time.monotonic()
        return (
            conn.state is State.READY
            and conn.incoming.priority is not Priority.SLOW
            and conn.incoming.owner == conn.owner
            and not self._dispatcher.waiting
            and self.alive
        )

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        """Whether the connection can be reused: not after malformed chunks that were only discovered now."""
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except ParseException:
            return False


class _Response(wsgi.Response):  # type: ignore[misc]
    """Tells the socket when a response begins and when it ends."""

    def send_headers(self) -> None:
        self.sock.unfinished = True
        super().send_headers()

    def close(self) -> None:
        super().close()
        self.sock.unfinished = False


wsgi.Response = _Response  # there is no setting for it
