"""Runs a command beside a real server, its worker and a fault proxy; ``make clients`` tests the client libraries with it.

    python -m tests.clients COMMAND [ARGUMENT ...]

The command finds TRAITLY_TEST_URL and TRAITLY_TEST_KEY of an empty account, and the proxy's
TRAITLY_TEST_PROXY (see ``faults``). Its exit status becomes this one's.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traitly.settings")
os.environ["WEBHOOK_ALLOWED_NETWORKS"] = "127.0.0.0/8"  # tests receive webhooks
django.setup()

from tests.clients.faults import fault_proxy
from tests.server import ROOT, Server, running_server


@contextmanager
def worker(server: Server) -> Iterator[None]:
    """The worker beside the server, which sends webhooks."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_worker"],
        cwd=ROOT,
        env=server.environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def main() -> int:
    """Start all, run the command, stop all."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as server,
        worker(server),
        fault_proxy(server.port) as proxy,
    ):
        environment = {
            "TRAITLY_TEST_URL": server.url,
            "TRAITLY_TEST_KEY": server.key,
            "TRAITLY_TEST_PROXY": proxy.url,
        }
        return subprocess.run(sys.argv[1:], env=os.environ | environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
