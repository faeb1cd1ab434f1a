"""Cursors: the sort value and the key of a page's last row, signed together with the sort and the filters.

What is read from one is what was written into it.
"""

import base64
from typing import Any

import orjson
from django.utils.crypto import salted_hmac

from traitly.input.errors import Error, InvalidRequestError
from traitly.lists.definition import ListQuery


def make_cursor(query: ListQuery, position: list[Any]) -> str:
    """The cursor of the page after ``position``, which is a sort value and a key as in a response."""
    return (
        base64.urlsafe_b64encode(orjson.dumps([_binding(query, position), *position]))
        .decode()
        .rstrip("=")
    )


def read_cursor(query: ListQuery, cursor: str) -> list[Any]:
    """A cursor's position as SQL parameters; ``InvalidRequestError`` if it was not made for this list."""
    try:
        binding, *position = orjson.loads(
            base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        )
        if binding != _binding(query, position):
            raise ValueError  # one response for every kind of broken cursor
        return [query.definition.sorts[query.sort.lstrip("-")].value(position[0]), position[1]]
    except (ValueError, TypeError, IndexError):
        detail = "Invalid, or made for a different sort or filters. Start again without it."
        raise InvalidRequestError([Error("invalid", detail, "cursor")]) from None


def _binding(query: ListQuery, position: list[Any]) -> str:
    equal = {column: sorted(values) for column, values in sorted(query.equal.items())}
    conditions = sorted(
        (sql, str(parameters)) for sql, parameters in [*query.conditions, *query.joined]
    )
    attributes = {key: sorted(values) for key, values in sorted(query.attributes.items())}
    meant = repr([query.definition.table, query.sort, equal, conditions, attributes, position])
    return salted_hmac("traitly.lists.cursors", meant, algorithm="sha256").hexdigest()[:32]
