"""``manage.py run_worker``: delivers webhooks, and erases once a day what is past its time. Runs until it is told to end."""

import asyncio
import os
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from feed.worker import Worker

_LOOK_SECONDS = 1.0


class Command(BaseCommand):
    """One process or several: each webhook is served by one of them, and by another within seconds when that one dies."""

    help = "Deliver webhooks and run background work until SIGTERM or SIGINT."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``--with-parent``, for `make run`."""
        parser.add_argument(
            "--with-parent", action="store_true", help="Exit when the parent process exits."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        asyncio.run(_run(with_parent=options["with_parent"]))


async def _run(*, with_parent: bool) -> None:
    worker = Worker()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, worker.stop)
    watching = asyncio.create_task(_stop_with_parent(worker)) if with_parent else None
    await worker.run()
    if watching:
        watching.cancel()


async def _stop_with_parent(worker: Worker) -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  nothing says when a parent ends
        await asyncio.sleep(_LOOK_SECONDS)
    worker.stop()
