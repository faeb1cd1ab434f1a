"""Passes many values as one parameter of a statement."""

import secrets
from collections.abc import Iterable

# No value can contain it: it is random, made by each process, and never shown.
_SEPARATOR = "\x1f" + secrets.token_hex(8)
# SQL of the text[] that a ``packed`` parameter holds.
UNPACKED = f"string_to_array(%({{}})s, '{_SEPARATOR}')"
# Stands for None. Each value is followed by a separator: of a single empty one, string_to_array()
# would else make none.
_NULL = _SEPARATOR[::-1]
UNPACKED_NULLABLE = f"trim_array(string_to_array(%({{}})s, '{_SEPARATOR}', '{_NULL}'), 1)"


def packed(values: Iterable[str]) -> str:
    """Values, none of them empty, as one parameter; ``UNPACKED`` is the SQL that makes an array of it again.

    psycopg2 quotes the elements of an array one by one: for 1,000 events that took 4 ms, this takes
    0.3 ms.
    """
    return _SEPARATOR.join(values)


def packed_nullable(values: Iterable[str | None]) -> str:
    """The same for values that may be empty or None; ``UNPACKED_NULLABLE`` makes an array of it."""
    return "".join([(_NULL if value is None else value) + _SEPARATOR for value in values])
