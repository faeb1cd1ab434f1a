"""``python -m traitly.server.port``: whether HOST and PORT are free, before anything else of ``make run`` happens."""

import errno
import os
import socket
import sys


def taken(host: str, port: int) -> bool:
    """Whether somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as gunicorn: a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False


def main() -> None:
    """Exit with 1 and say what to do where the port is taken."""
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    if taken(host, port):
        sys.exit(
            f"Port {port} is taken: something else listens on it. Choose another: PORT={port + 80} make run"
        )


if __name__ == "__main__":
    main()
