"""The parts of the worker that need no socket: what has arrived, and who gets a thread next."""

import threading
from dataclasses import dataclass

import pytest

from traitly.server.dispatch import MAX_WAIT_SECONDS, Dispatcher
from traitly.server.incoming import MAX_HEAD, Incoming, Priority, State

HEAD = b"POST /api/v1/event HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n", State.HEAD),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", State.READY),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTT", State.READY),
        (HEAD + b"content-LENGTH:3\r\n\r\nab", State.BODY),
        (HEAD + b"Content-Length: 3\r\n\r\nabc", State.READY),
        (HEAD + b"Content-Length: 10000000\r\n\r\nabc", State.LONG),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", State.LONG),
        (
            HEAD + b"Content-Length: +3\r\n\r\n",
            State.READY,
        ),  # for gunicorn to refuse, as what follows
        (HEAD + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n", State.READY),
        (b"GET / HTTP/1.1\nHost: a\n\n", State.READY),
        (b"x" * (MAX_HEAD + 1), State.HEAD_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n", State.HEAD_TOO_LARGE),
    ],
)
def test_what_has_arrived_is_the_same_at_once_and_byte_by_byte(sent: bytes, state: State) -> None:
    at_once, bytewise = Incoming(), Incoming()
    assert at_once.add(sent) is state
    states = [bytewise.add(bytes([byte])) for byte in sent]
    assert state in states
    assert bytewise.take() == at_once.take() == sent


@pytest.mark.parametrize(
    ("sent", "priority"),
    [
        (HEAD + b"\r\n", Priority.WRITE),
        (b"DELETE /api/v1/customer/1 HTTP/1.1\r\n\r\n", Priority.WRITE),
        (b"POST http://localhost/api/v1/event HTTP/1.1\r\n\r\n", Priority.WRITE),
        (b"POST /login/ HTTP/1.1\r\n\r\n", Priority.OTHER),
        (b"GET /api/v1/event HTTP/1.1\r\nAccept: application/json\r\n\r\n", Priority.OTHER),
        (b"GET /api/v1/event HTTP/1.1\r\naccept: Text/CSV\r\n\r\n", Priority.SLOW),
        (b"GET /api/v1/event HTTP/1.1\r\nAccept: application/x-ndjson\r\n\r\n", Priority.SLOW),
        (HEAD + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000, Priority.SLOW),
        (
            HEAD + b"Content-Encoding: gzip\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000,
            Priority.SLOW,
        ),
        (b"GET /health HTTP/1.1\r\n\r\n", Priority.HEALTH),
    ],
)
def test_a_request_says_how_urgent_it_is(sent: bytes, priority: Priority) -> None:
    incoming = Incoming()
    assert incoming.add(sent) is State.READY
    assert incoming.priority is priority


def test_a_request_says_whose_it_is() -> None:
    incoming = Incoming()
    incoming.add(b"GET / HTTP/1.1\r\nAUTHORIZATION: Token a\r\n\r\n")
    assert incoming.owner == b"Token a"


@dataclass(eq=False)
class Job:
    owner: bytes = b"a"
    priority: Priority = Priority.OTHER
    since: float = 0.0


def _dispatcher(threads: int = 2, per_owner: int = 2, slow: int = 1) -> Dispatcher[Job]:
    return Dispatcher(threads=threads, per_owner=per_owner, slow=threading.BoundedSemaphore(slow))


def test_health_and_writes_go_first_but_not_always() -> None:
    dispatcher = _dispatcher(threads=1)
    urgent = {priority: [Job(priority=priority) for _ in range(4)] for priority in Priority}
    for priority in reversed(Priority):
        for job in urgent[priority]:
            assert dispatcher.add(job)

    order = []
    while (started := dispatcher.next(0)) is not None:
        order.append(started.priority.name)
        dispatcher.done(started, 0)

    assert order[:4] == ["HEALTH"] * 4
    assert (
        order[4:]
        == ["OTHER", "WRITE", "WRITE", "WRITE", "OTHER", "WRITE", "OTHER", "OTHER"] + ["SLOW"] * 4
    )
    assert dispatcher.waiting == 0


def test_owners_take_turns_and_none_has_all_threads() -> None:
    dispatcher = _dispatcher(threads=3)
    first = [Job(b"a") for _ in range(3)]
    other = Job(b"b")
    for job in (*first, other):
        dispatcher.add(job)

    assert [dispatcher.next(0), dispatcher.next(0), dispatcher.next(0)] == [
        first[0],
        other,
        first[1],
    ]
    dispatcher.done(other, 0)
    assert dispatcher.next(0) is None  # the spare thread is not for a third of theirs
    dispatcher.done(first[0], 0)
    assert dispatcher.next(0) is first[2]


def test_slow_requests_share_some_threads() -> None:
    dispatcher = _dispatcher(threads=3)
    slow = [Job(priority=Priority.SLOW), Job(b"b", Priority.SLOW)]
    for job in slow:
        dispatcher.add(job)

    assert dispatcher.next(0) is slow[0]
    assert dispatcher.next(0) is None
    dispatcher.done(slow[0], 0)
    assert dispatcher.next(0) is slow[1]


def test_who_waits_for_too_long_is_given_up_and_who_comes_then_is_refused() -> None:
    dispatcher = _dispatcher(threads=1)
    running, waiting = Job(), Job(since=1)
    dispatcher.add(running)
    dispatcher.next(0)
    assert dispatcher.add(waiting)
    assert dispatcher.expired(1 + MAX_WAIT_SECONDS) == []

    assert dispatcher.add(Job(b"b", since=2))
    assert not dispatcher.add(Job(b"b", since=7))
    assert dispatcher.expired(1.1 + MAX_WAIT_SECONDS) == [waiting]
    assert dispatcher.waiting == 1
