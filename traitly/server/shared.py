"""What gunicorn's workers say of themselves, in memory that they share, as the master that forks them loads this module."""

import mmap
from typing import NamedTuple


class Load(NamedTuple):
    """What a worker has, or all workers together have."""

    connections: int = 0
    running: int = 0  # requests that have a thread
    queued: int = 0  # that wait for one
    grouped: int = 0  # that have a thread and wait behind a group commit


_WORKERS = 256
_FIELDS = len(Load._fields)
# One more than there are connections; 0 is no worker.
_connections = memoryview(mmap.mmap(-1, 4 * _WORKERS)).cast("i")
_load = memoryview(mmap.mmap(-1, 4 * _WORKERS * _FIELDS)).cast("i", (_WORKERS, _FIELDS))


def tell(age: int, load: Load) -> None:
    """Say what the worker of this age has. Ages count up, so those of workers that live differ."""
    slot = age % _WORKERS
    for field, number in enumerate(load):
        _load[slot, field] = number
    _connections[slot] = load.connections + 1


def leave(age: int) -> None:
    """Clear the slot of a worker that takes no more connections."""
    _connections[age % _WORKERS] = 0


def fewest_connections(default: int) -> int:
    """Of the workers that take connections."""
    return min(filter(None, _connections), default=default + 1) - 1


def workers() -> int:
    """How many take connections."""
    return sum(1 for number in _connections if number)


def load() -> Load:
    """Of those workers, as each has last said: in each turn of its main thread, once a second at least."""
    living = [slot for slot, number in enumerate(_connections) if number]
    return Load(*(sum(_load[slot, field] for slot in living) for field in range(_FIELDS)))
