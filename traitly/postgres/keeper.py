"""The process that stops the embedded server when its last user has gone: the last one may have been killed.

server.py runs this file as a script, with the lock that makes it the only keeper as its stderr. It needs nothing but
Python's own library: it is small, and does its duty even if the project has been removed meanwhile.
"""

import fcntl
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

SIX_DAYS = 6 * 24 * 3600  # seconds


def main(pgdata: str, users_file: str, server_file: str) -> None:
    """Wait until nobody uses the server on `pgdata`, then stop it. The files' locks tell: see server.py."""
    users = os.open(users_file, os.O_RDWR)
    server = os.open(server_file, os.O_RDWR | os.O_CREAT, 0o600)
    os.chdir(pgdata)
    if os.geteuid() == 0:
        # As the server's user we can do no harm to others, should it have been made to write a wrong pid.
        owner = Path().stat()
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    # PostgreSQL writes over last week's log only where it runs at midnight.
    for log in Path("log").glob("*.log"):
        if log.stat().st_mtime < time.time() - SIX_DAYS:
            log.unlink()
    if os.fork():
        os._exit(0)  # our parent goes on, and need not reap us in the end
    fcntl.flock(users, fcntl.LOCK_EX)
    while not lock(server):
        # It is held, so the pid is the server's. The file comes a moment after the process: ask until all have gone.
        with suppress(OSError, ValueError):
            pid, *_ = Path("postmaster.pid").read_text().splitlines()
            os.kill(int(pid), signal.SIGINT)  # a "fast" stop: end the sessions, write a checkpoint
        time.sleep(0.05)
    # The keeper's lock goes before the users': a process that is let in now must see that it needs a new keeper.
    os.close(sys.stderr.fileno())


def lock(file: int) -> bool:
    """Lock the file, unless it is locked."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
