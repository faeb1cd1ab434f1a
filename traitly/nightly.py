"""The daily erasure of expired data. Apps register steps in ``AppConfig.ready()``; ``manage.py nightly`` runs them."""

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

logger = logging.getLogger(__name__)

# What a step erases, and the step: it gives how many rows that were, and works in transactions so
# small that nobody who stores waits for them. It may be run again at any time, and beside itself.
STEPS: dict[str, Callable[[], int]] = {}


class Done(NamedTuple):
    """The result of a step; ``erased`` is None if it failed."""

    step: str
    erased: int | None


def run() -> Iterator[Done]:
    """Run the steps one after the other. A failed step is logged and does not stop the others."""
    for name, step in STEPS.items():
        try:
            yield Done(name, step())
        except Exception:
            logger.exception("The nightly step failed: %s", name)
            yield Done(name, None)
