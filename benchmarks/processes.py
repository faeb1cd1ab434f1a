"""Servers that a run starts and stops, and what a process tree has used."""

import http.client
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 30
# A server is idle when it has used less than this in each of so many looks.
QUIET_SECONDS, QUIET_MS, QUIET_TIMES = 0.25, 10, 2


class Service:
    """An HTTP server on 127.0.0.1, from ``with`` to the end of it; nothing of its process group outlives that."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        environment: Mapping[str, str],
        folder: Path = ROOT,
    ) -> None:
        self.name, self.port = name, port
        self._log = tempfile.NamedTemporaryFile(prefix=f"traitly-benchmark-{name}-", suffix=".log")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self.log()
                self._stop()
                raise RuntimeError(f"{self.name} did not start:\n{log}")
            time.sleep(0.1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def process(self) -> psutil.Process:
        """The server's first process; its tree is the server."""
        return psutil.Process(self._process.pid)

    def log(self) -> str:
        """The end of what the server printed."""
        return Path(self._log.name).read_text(errors="replace")[-4000:]

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def _stop(self) -> None:
        if self._log.closed:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(
                self._process.pid, signal.SIGKILL
            )  # the group is the one this service was started with
        self._process.wait()
        self._log.close()


def _tree(root: psutil.Process) -> list[psutil.Process]:
    return [root, *root.children(recursive=True)]


def cpu_ms(root: psutil.Process) -> float:
    """CPU milliseconds that ``root`` and everything it started have used so far, ended children included."""
    while True:
        try:
            times = [process.cpu_times() for process in _tree(root)]
        except psutil.NoSuchProcess:
            # It ended between the listing and the reading; its time now stands with its parent:
            # read again.
            if not root.is_running():
                raise
            continue
        return float(
            1000 * sum(t.user + t.system + t.children_user + t.children_system for t in times)
        )


def memory_mb(root: psutil.Process) -> float:
    """Memory of a process tree in MiB; pages that several processes share are counted once (PSS)."""
    while True:
        try:
            return float(sum(process.memory_full_info().pss for process in _tree(root))) / 2**20
        except psutil.NoSuchProcess:
            if not root.is_running():
                raise


def wait_until_idle(root: psutil.Process, seconds: float = 120) -> None:
    """Wait until a process tree has finished what it was asked: a load generator leaves its last requests behind."""
    deadline = time.monotonic() + seconds
    quiet, before = 0, cpu_ms(root)
    while quiet < QUIET_TIMES:
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{root.name()} is still busy {seconds:.0f} s after the load has ended"
            )
        time.sleep(QUIET_SECONDS)
        now = cpu_ms(root)
        quiet = quiet + 1 if now - before < QUIET_MS else 0
        before = now
