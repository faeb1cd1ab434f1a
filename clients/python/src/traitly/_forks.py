"""After a fork the child must not use the parent's sockets and threads; before one, queues are sent."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """What wants to know of forks."""

    def before_fork(self) -> None:
        """In the parent, just before."""

    def after_fork_in_parent(self) -> None:
        """In the parent, just after."""

    def after_fork_in_child(self) -> None:
        """In the child, before it does anything else."""


_watching: weakref.WeakSet[Forkable] = weakref.WeakSet()


def watch(one: Forkable) -> None:
    """Tell it of forks for as long as it lives."""
    _watching.add(one)


def _before() -> None:
    for one in list(_watching):
        one.before_fork()


def _in_parent() -> None:
    for one in list(_watching):
        one.after_fork_in_parent()


def _in_child() -> None:
    for one in list(_watching):
        one.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
