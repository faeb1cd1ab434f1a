"""Decides which of the complete requests gets a thread next. It uses neither sockets nor threads."""

import threading
from collections import deque
from typing import Generic, Protocol, TypeVar

from traitly.server.incoming import Priority

MAX_WAIT_SECONDS = 10.0  # a request may wait so long for a thread; then 503
_STALLED_SECONDS = 5.0  # while others have waited this long, new requests are refused at once
_READS_EVERY = 4  # one in so many free threads prefers requests that are not writes


class Job(Protocol):
    """A complete request."""

    priority: Priority
    owner: bytes  # the number of threads per owner is limited
    since: float  # when the request was complete


J = TypeVar("J", bound=Job)


class Dispatcher(Generic[J]):
    """Writes usually go before reads and pages; one owner's requests never take all threads.

    Requests that may keep a thread for long, because of long bodies or responses, share ``slow``
    threads.
    """

    def __init__(self, *, threads: int, per_owner: int, slow: threading.Semaphore) -> None:
        self._threads = threads
        self._per_owner = per_owner
        self._slow = slow
        self._lines: dict[Priority, dict[bytes, deque[J]]] = {priority: {} for priority in Priority}
        self._running: dict[bytes, int] = {}
        self._busy = 0
        self._started = 0
        self._last_progress = 0.0
        self.waiting = 0  # read by threads that would stay with their connection

    def add(self, job: J) -> bool:
        """Queue a request for a thread; False if it will not get one in time."""
        line = self._lines[job.priority].get(job.owner)
        stalled = self._busy >= self._threads and job.since > self._last_progress + _STALLED_SECONDS
        if (stalled and self.waiting) or (line and job.since > line[0].since + _STALLED_SECONDS):
            return False
        if line is None:
            line = self._lines[job.priority][job.owner] = deque()
        line.append(job)
        self.waiting += 1
        return True

    def next(self, now: float) -> J | None:
        """A request that gets a thread now; None if there is none, or no thread for any. ``done`` gives it back."""
        if self._busy >= self._threads or not self.waiting:
            return None
        order = list(Priority)
        if self._started % _READS_EVERY == 0:
            order[1], order[2] = order[2], order[1]
        for priority in order:
            if job := self._next_of(priority):
                self._start(job)
                self._last_progress = now
                return job
        return None

    def _next_of(self, priority: Priority) -> J | None:
        lines = self._lines[priority]
        for owner, line in lines.items():
            if priority is not Priority.HEALTH and self._running.get(owner, 0) >= self._per_owner:
                continue
            if priority is Priority.SLOW and not self._slow.acquire(blocking=False):
                return None
            job = line.popleft()
            del lines[owner]
            if line:
                lines[owner] = line  # behind the other owners'
            return job
        return None

    def _start(self, job: J) -> None:
        self.waiting -= 1
        self._started += 1
        self._busy += 1
        self._running[job.owner] = self._running.get(job.owner, 0) + 1

    def done(self, job: J, now: float) -> None:
        """The request's thread is free again."""
        self._busy -= 1
        self._last_progress = now
        if job.priority is Priority.SLOW:
            self._slow.release()
        self._running[job.owner] -= 1
        if not self._running[job.owner]:
            del self._running[job.owner]

    def expired(self, now: float) -> list[J]:
        """Remove and return the requests that have waited too long."""
        found = []
        for lines in self._lines.values():
            for owner, line in list(lines.items()):
                while line and now > line[0].since + MAX_WAIT_SECONDS:
                    found.append(line.popleft())
                if not line:
                    del lines[owner]
        self.waiting -= len(found)
        return found
