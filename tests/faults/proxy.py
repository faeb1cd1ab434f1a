"""A TCP proxy in front of a database: it passes on, delays, refuses, or says nothing more."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Proxy:
    """In front of a Unix socket. ``delay``: seconds that each piece waits, either way; ``refuses``; ``hangs``."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.delay = 0.0
        self.refuses = False
        self.hangs = False
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Accept until ``close``."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refuses:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(str(self._target))
                except OSError:
                    client.close()
                    server.close()
                    continue
                self._open |= {client, server}
                for source, sink in ((client, server), (server, client)):
                    thread = threading.Thread(
                        target=self._pass_on, args=(source, sink), daemon=True
                    )
                    thread.start()
                    self._threads.append(thread)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                while self.hangs:
                    time.sleep(0.05)
                time.sleep(self.delay)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            source.shutdown(socket.SHUT_RDWR)
        source.close()  # the other direction's thread closes the other

    def cut(self) -> None:
        """End every connection."""
        while self._open:
            each = self._open.pop()
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Accept no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hangs = False
        self.cut()
        for thread in self._threads:
            thread.join(5)


@contextmanager
def proxying(target: Path) -> Iterator[Proxy]:
    """A proxy in front of this socket while the block runs."""
    proxy = Proxy(target)
    threading.Thread(target=proxy.run, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
