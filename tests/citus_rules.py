"""Watches every statement of the suite for what tables that are sharded by account cannot do (docs/scale.md).

A statement that breaks a rule fails the test which sent it, on plain PostgreSQL too. Those of the
tests' own, which look at whatever they like, are not meant, nor those that are to reach all
accounts: ``FOR_ALL_ACCOUNTS``.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from accounts.models import account_owned_models
from traitly.db.clock import ARRIVAL

ROOT = Path(__file__).parent.parent
TESTS = (str(ROOT / "tests"), str(ROOT / "benchmarks"))
# By file and function: once a day, and what operators look at.
FOR_ALL_ACCOUNTS = {
    ("accounts/nightly.py", "erase_leftovers"),
    ("accounts/management/commands/distribution.py", "handle"),
}
ADMIN = "/django/contrib/admin/"  # its lists may be of every account

# of_account: events.queries, where account_id is another table's. Prepared statements have no names
# of parameters.
_CONDITION = re.compile(r"\b(?:WHERE|ON|USING)\b.*\b(?:account_id|of_account)\b", re.DOTALL)
_SET = re.compile(r"\bSET\b(.*?)(?=\bWHERE\b|\bFROM\b|\bRETURNING\b|$)", re.DOTALL)
_RETURNED = re.compile(r"\bRETURNING\b(.*?)(?=\bSELECT\b|$)", re.DOTALL)
_FUNCTION = re.compile(r"\b([a-z_0-9]+)\s*\(", re.IGNORECASE)
_kept: set[str] = set()  # statements that were looked at before
_broken: list[str] = []


@cache
def tables() -> frozenset[str]:
    """The tables of the accounts' data."""
    return frozenset(model._meta.db_table for model in account_owned_models())


@cache
def _mention() -> re.Pattern[str]:
    return re.compile(rf'\b(FROM|UPDATE|INTO|JOIN)\s+"?(?:{"|".join(tables())})\b')


@cache
def changing_functions() -> frozenset[str]:
    """PostgreSQL's functions that may give something else the next time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc GROUP BY proname HAVING bool_and(provolatile <> 'i')"
        )
        return frozenset(name for (name,) in cursor.fetchall())


def broken_rule(statement: str) -> str | None:
    """What the statement does that does not work, or works on all machines at once; None if nothing.

    It is no parser. Each mention of a table is taken to be narrowed by what follows it, up to the
    next mention.
    """
    mentions = list(_mention().finditer(statement))
    for at, mention in enumerate(mentions):
        later = (
            each.start() for each in mentions[at + 1 :] if each[1] != "JOIN" or mention[1] == "JOIN"
        )
        part = statement[mention.end() : next(later, len(statement))]
        if mention[1] == "JOIN":
            if "account_id" not in part.split("WHERE")[0]:
                return "It joins rows of any account."
        elif mention[1] == "INTO":
            if "account_id" not in part:
                return "It stores rows without account_id."
        elif not _CONDITION.search(part):
            return f"It narrows {mention[0]} to no account."
        if mention[1] == "UPDATE" or statement[: mention.start()].endswith("DELETE "):
            for returned in _RETURNED.findall(part):
                if changing := _changing(returned):
                    return f"It returns {changing}, which Citus refuses: not immutable. In a subquery it is."
        if mention[1] in {"UPDATE", "INTO"}:
            # A subquery of no table is evaluated before the rest is sent to a worker.
            for setting in _SET.findall(part.replace(ARRIVAL, "arrival")):
                if changing := _changing(setting):
                    return f"It updates by {changing}, which Citus refuses: not immutable."
    return None


def _changing(expression: str) -> str:
    return ", ".join(
        changing_functions() & {name.lower() for name in _FUNCTION.findall(expression)}
    )


def _is_meant() -> bool:
    """Whether the project's own code sends the statement, and for an account."""
    frame, innermost = sys._getframe(2), ""
    while frame:
        path = frame.f_code.co_filename
        if (
            ADMIN in path
            or (path.removeprefix(f"{ROOT}/"), frame.f_code.co_name) in FOR_ALL_ACCOUNTS
        ):
            return False
        if not innermost and path.startswith(str(ROOT)) and "/site-packages/" not in path:
            innermost = path
        frame = frame.f_back  # type: ignore[assignment]
    return not innermost.startswith(TESTS)


def watch(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """For ``connection.execute_wrappers``: remembers what breaks a rule."""
    if isinstance(sql, str) and sql not in _kept:
        broken = broken_rule(sql)
        if broken is None:
            _kept.add(sql)
        elif _is_meant():
            _broken.append(f"{broken} See tests/citus_rules.py.\n{sql}")
    return execute(sql, params, many, context)


@contextmanager
def watched() -> Iterator[None]:
    """Fails, at its end, if a statement broke a rule meanwhile. Not at once: views would make a 500 of it."""
    _broken.clear()
    yield
    assert not _broken, _broken[0]


def watch_every_connection() -> None:
    """Those of other threads too."""
    changing_functions()
    connection_created.connect(_install)


def _install(sender: object = None, *, connection: BaseDatabaseWrapper, **_: Any) -> None:
    if watch not in connection.execute_wrappers:
        connection.execute_wrappers.append(watch)
