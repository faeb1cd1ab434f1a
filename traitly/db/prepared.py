"""Statements that PostgreSQL parses and plans once per connection; psycopg2 does not prepare any by itself."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from psycopg2 import errors

from traitly.db.citus import is_distributed

_PLACEHOLDER = re.compile(r"%(?:%|s|\(\w+\)s)")
_MAX_PREPARED = 50  # per connection: PostgreSQL keeps the plan of each

# The statement does not exist, or exists already, because a pooler sent it to another PostgreSQL
# connection; or a migration has changed its result.
_UNUSABLE = (
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.FeatureNotSupported,
)

# The names of the statements that each psycopg2 connection has prepared.
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Prepared:
    """A statement with psycopg2's placeholders. One plan must be good for all values of its parameters."""

    def __init__(self, statement: str) -> None:
        self._statement = statement

    def execute(self, cursor: CursorWrapper, parameters: Sequence[Any] | Mapping[str, Any]) -> None:
        """Execute it, prepared if possible: not inside a transaction, which a failure would abort."""
        known = _prepared.setdefault(cursor.connection, set())
        # Citus plans a statement each time it runs, prepared or not.
        plain = connection.in_atomic_block or not settings.PREPARE_STATEMENTS or is_distributed()
        if plain or (len(known) >= _MAX_PREPARED and self._name not in known):
            cursor.execute(self._statement, parameters)
            return
        statement = self._execute if self._name in known else f"{self._prepare}; {self._execute}"
        known.add(self._name)
        try:
            cursor.execute(statement, parameters)
        except DatabaseError as error:
            if not isinstance(error.__cause__, _UNUSABLE):
                raise
            if isinstance(error.__cause__, errors.FeatureNotSupported):
                cursor.execute(f"DEALLOCATE {self._name}")
            if not isinstance(error.__cause__, errors.DuplicatePreparedStatement):
                known.discard(self._name)
            cursor.execute(self._statement, parameters)

    @cached_property
    def _order(self) -> list[str]:
        """The placeholders in the order of their numbers; each name gets one number."""
        found = [text for text in _PLACEHOLDER.findall(self._statement) if text != "%%"]
        return found if "%s" in found else list(dict.fromkeys(found))

    @cached_property
    def _name(self) -> str:
        # The same statement has the same name in every process.
        return f"traitly_{hashlib.sha256(self._statement.encode()).hexdigest()[:24]}"

    @cached_property
    def _prepare(self) -> str:
        numbers = iter(range(1, len(self._order) + 1))

        def numbered(match: re.Match[str]) -> str:
            if match[0] == "%%":
                return "%%"  # psycopg2 turns it into one
            return f"${next(numbers) if match[0] == '%s' else self._order.index(match[0]) + 1}"

        return f"PREPARE {self._name} AS {_PLACEHOLDER.sub(numbered, self._statement)}"

    @cached_property
    def _execute(self) -> str:
        return f"EXECUTE {self._name} ({', '.join(self._order)})"
