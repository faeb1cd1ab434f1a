"""Hints about fields with names that were probably meant to be others.

A field that is not part of an object is kept as an attribute, so a misspelled one is no error. But
the events of a client that sends ``createdAt`` are dated now: the response says so.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

MAX_HINTS = 10  # per response
_MAX_LENGTH = 40  # of a name; longer ones get no hint


class Hint(NamedTuple):
    """A possible mistake in an accepted request. ``attr`` is a path, as in ``Error``."""

    attr: str
    detail: str


class KnownFields(NamedTuple):
    """What hints need to know about an object's fields."""

    names: frozenset[str]
    kind: str  # "event": eventName is another spelling of name
    # What other systems call them, in lower case without separators: ("timestamp", "created_at").
    synonyms: tuple[tuple[str, str], ...] = ()


def intended_fields(item: Mapping[str, Any], known: KnownFields) -> dict[str, str]:
    """The names in ``item`` that were probably meant to be fields, each with that field.

    That is another spelling of a field, or a synonym of one that was not sent: a ``user_id`` beside
    ``customer_id`` is an attribute like any other.
    """
    intended = {}
    spellings = _spellings(known)
    for name in item.keys() - known.names:
        if len(name) <= _MAX_LENGTH:
            field, is_synonym = spellings.get(_plain(name), (None, False))
            if field and not (is_synonym and field in item):
                intended[name] = field
    return intended


@lru_cache
def _spellings(known: KnownFields) -> dict[str, tuple[str, bool]]:
    """Names without separators, each with the field that is meant, and whether it is a synonym."""
    plain = {_plain(field): (field, False) for field in known.names}
    prefixed = {known.kind + name: meant for name, meant in plain.items()}
    return {name: (field, True) for name, field in known.synonyms} | prefixed | plain


_NO_SEPARATORS = str.maketrans("", "", "_-. ")


def _plain(name: str) -> str:
    return name.translate(_NO_SEPARATORS).lower()


def hints_for(items: Iterable[tuple[str, Mapping[str, Any]]], known: KnownFields) -> list[Hint]:
    """Hints about items, each given with the prefix of its paths ("" or "3.").

    One for each name, where it stands first, and at most ``MAX_HINTS``.
    """
    hints: dict[str, Hint] = {}
    for prefix, item in items:
        for name, field in intended_fields(item, known).items():
            detail = f"Kept as a custom attribute. Did you mean {field}?"
            hints.setdefault(name, Hint(f"{prefix}{name}", detail))
            if len(hints) == MAX_HINTS:
                return list(hints.values())
    return list(hints.values())
