"""What traitly.server.worker uses of gunicorn's inside: a new gunicorn fails here first, and says what has changed.

Until the worker is adapted, ``WEB_WORKER_CLASS=gthread`` serves with gunicorn's own.
"""

import inspect
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from gunicorn import http, util
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import InvalidChunkSize, ParseException
from gunicorn.http.unreader import Unreader
from gunicorn.workers import base, gthread

from tests.test_slow_clients import GET, ask, stub_server
from traitly.server import worker

_CHANGED = "gunicorn has changed: adapt traitly/server/worker.py to its new "


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (gthread.TConn.__init__, "self, cfg, sock, client, server"),
        (gthread.TConn.init, "self"),
        (gthread.ThreadWorker.accept, "self, listener"),
        (gthread.ThreadWorker.enqueue_req, "self, conn"),
        (gthread.ThreadWorker.finish_request, "self, conn, fs"),
        (gthread.ThreadWorker.get_thread_pool, "self"),
        (gthread.ThreadWorker.handle, "self, conn"),
        (gthread.ThreadWorker.murder_pending, "self"),
        (gthread.ThreadWorker._keepalive_after, "self, conn, keepalive"),
        (gthread.ThreadWorker.notify, "self"),
        (wsgi.Response.send_headers, "self"),
        (wsgi.Response.close, "self"),
        (Unreader.unread, "self, data"),
        (Unreader.take_buffered, "self"),
    ],
)
def test_signatures(function: Callable[..., Any], parameters: str) -> None:
    assert ", ".join(inspect.signature(function).parameters) == parameters, (
        _CHANGED + function.__qualname__
    )


@pytest.mark.parametrize(
    ("function", "text"),
    [
        # What calls the methods that are overridden, and where:
        (gthread.ThreadWorker.run, "self.murder_pending()"),
        (gthread.ThreadWorker.run, "self.nr_conns < self.worker_connections"),
        (gthread.ThreadWorker.run, "self.notify()"),
        (gthread.ThreadWorker.run, "while self.nr_conns > 0"),
        (gthread.ThreadWorker.run, "if not self.is_parent_alive():"),
        (gthread.ThreadWorker.run, "existing connections\n        self.set_accept_enabled(False)"),
        (gthread.ThreadWorker.set_accept_enabled, "self.accept)"),
        (gthread.ThreadWorker.enqueue_req, "self.tpool.submit(self.handle, conn)"),
        (
            gthread.ThreadWorker.enqueue_req,
            "self.method_queue.defer(self.finish_request, conn, fut)",
        ),
        (
            gthread.ThreadWorker.handle,
            "self._keepalive_after(conn, self.handle_request(req, conn))",
        ),
        (gthread.ThreadWorker.handle, "not conn.initialized and not conn.data_ready"),
        (gthread.ThreadWorker.init_process, "self.tpool = self.get_thread_pool()"),
        (gthread.ThreadWorker.wait_for_and_dispatch_events, "callback(key.fileobj)"),
        # Where sockets are used, which have their own methods:
        (gthread.ThreadWorker.handle_request, "util.close_graceful(conn.sock)"),
        (util.close_graceful, "sock.shutdown(socket.SHUT_WR)"),
        (util.write, "sock.sendall(data)"),
        (wsgi.create, 'sock.send(b"HTTP/1.1 100 Continue'),
        # And where names are looked up that are replaced:
        (wsgi.create, "response_class = Response"),
        (base.Worker.handle_error, "util.write_error(client, status_int, reason, mesg)"),
    ],
)
def test_calls(function: Callable[..., Any], text: str) -> None:
    assert text in inspect.getsource(function), (
        f"{_CHANGED}{function.__qualname__}: it has no longer {text}"
    )


def test_attributes() -> None:
    made = gthread.ThreadWorker(1, 1, [], Mock(), 60, Config(), Mock())
    for name in ("age", "alive", "cfg", "nr_conns", "poller", "tpool", "worker_connections"):
        assert hasattr(made, name), f"{_CHANGED}ThreadWorker.{name}"
    made.tmp.close()
    conn = gthread.TConn(Config(), Mock(), ("127.0.0.1", 1), ("127.0.0.1", 2))
    for name in ("data_ready", "initialized", "parser", "sock"):
        assert hasattr(conn, name), f"{_CHANGED}TConn.{name}"


def test_the_parser_reads_what_was_collected_and_gives_back_the_rest() -> None:
    sock = Mock()
    parser = http.get_parser(Config(), sock, ("127.0.0.1", 1))
    parser.unreader.unread(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET")

    message = next(parser)

    assert message.body.read() == b"abc", _CHANGED + "parser"
    assert parser.finish_body()
    assert parser.unreader.take_buffered() == b"GET", _CHANGED + "unreader"
    sock.recv.assert_not_called()


def test_an_answer_says_to_the_socket_that_it_has_begun_and_ended() -> None:
    sock = Mock(unfinished=False)
    parser = http.get_parser(Config(), sock, ("127.0.0.1", 1))
    parser.unreader.unread(b"GET / HTTP/1.1\r\n\r\n")

    response, _ = wsgi.create(next(parser), sock, ("127.0.0.1", 1), ("127.0.0.1", 2), Config())
    assert isinstance(response, worker._Response), _CHANGED + "wsgi.create"
    response.start_response("200 OK", [("Content-Length", "3")])
    response.write(b"abc")
    assert sock.unfinished
    response.close()
    assert sock.unfinished is False


def test_malformed_chunks_are_its_parse_error() -> None:
    assert issubclass(InvalidChunkSize, ParseException), _CHANGED + "http.errors"


def test_gunicorns_own_worker_serves_too() -> None:
    with stub_server(WEB_WORKER_CLASS="gthread") as port:
        assert ask(port, GET % b"/").startswith(b"HTTP/1.1 200")
        assert b'"object": "error"' in ask(port, b"GARBAGE\r\n\r\n")
