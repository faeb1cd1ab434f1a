"""The process that stops the embedded server when its last user has exited, which may have been killed.

server.py runs this file as a script, with the lock that makes it the only keeper as its stderr. It
needs nothing but Python's own library: it is small, and does its duty even if the project has been
removed meanwhile.
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
    """Wait until nobody uses the server on `pgdata`, then stop it. The locks on its files tell: see server.py."""
    users = os.open(users_file, os.O_RDWR)
    server = os.open(server_file, os.O_RDWR | os.O_CREAT, 0o600)
    os.chdir(pgdata)
    if os.geteuid() == 0:
        # Running as the server's user, we cannot harm others if it was made to write a wrong pid.
        owner = Path().stat()
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    # PostgreSQL overwrites last week's log only if it runs at midnight.
    for log in Path("log").glob("*.log"):
        if log.stat().st_mtime < time.time() - SIX_DAYS:
            log.unlink()
    if os.fork():
        os._exit(0)  # our parent continues, and does not have to reap us
    fcntl.flock(users, fcntl.LOCK_EX)
    while not lock(server):
        # The lock is held, so the pid is the server's. The file appears shortly after the process,
        # so retry until all have exited.
        with suppress(OSError, ValueError):
            pid, *_ = Path("postmaster.pid").read_text().splitlines()
            os.kill(int(pid), signal.SIGINT)  # a "fast" stop: end the sessions, write a checkpoint
        time.sleep(0.05)
    # Release the keeper's lock before the users': a process that enters now must see that it needs
    # a new keeper.
    os.close(sys.stderr.fileno())


def lock(file: int) -> bool:
    """Lock the file, unless it is locked."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
