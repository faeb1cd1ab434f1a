"""What may be logged: no keys, no bodies and no personal data, whatever failed and whichever logger is used.

A handler, not a habit: libraries log paths, headers and the messages of exceptions, and
PostgreSQL's repeat the row.
"""

import copy
import logging
import re
import traceback
from collections.abc import Iterator

import psycopg2
from django.db import Error as AnyDatabaseError
from django.http import HttpRequest

_KEY = re.compile(
    r"traitly_[0-9A-Za-z]{36}(?=[0-9A-Za-z]{4})"
)  # but not its last four characters, which are shown elsewhere too
# gunicorn's message: what follows the second colon is a line that the client sent.
_INVALID_REQUEST = re.compile(r"(Invalid request from ip=\S*: [^:]*).*", re.DOTALL)
# The messages of these describe the program. Those of others, such as ValueError, often repeat a
# value.
_TELLING = (
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    NotImplementedError,
    RuntimeError,
    TypeError,
)
# PostgreSQL's errors about values (classes 22 and 23) quote them; others describe the server and
# statements.
_ABOUT_VALUES = ("22", "23")


class CleanHandler(logging.StreamHandler):  # type: ignore[type-arg]  # takes none at run time
    """Writes records without what may not be logged."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a cleaned copy: other handlers, such as an error reporter, have their own rules."""
        return super().handle(_clean(record))


def _clean(record: logging.LogRecord) -> logging.LogRecord:
    cleaned = copy.copy(record)
    if isinstance(record.args, tuple):
        cleaned.args = tuple(_argument(value, record) for value in record.args)
    cleaned.msg = _INVALID_REQUEST.sub(r"\1", _KEY.sub("traitly_…", cleaned.getMessage()))
    cleaned.args = None
    if record.exc_info and record.exc_info[1]:
        cleaned.exc_text = "".join(_traceback(record.exc_info[1]))
    cleaned.exc_info = None
    return cleaned


def describe(error: BaseException) -> str:
    """A short description of an exception, without values."""
    name = type(error).__name__
    if isinstance(error, AnyDatabaseError) and isinstance(error.__cause__, psycopg2.Error):
        error = error.__cause__
    if isinstance(error, psycopg2.Error):
        return _describe_database_error(name, error)
    if isinstance(error, OSError):
        return f"{name}: {error.strerror}" if error.strerror else name
    return f"{name}: {error}" if isinstance(error, _TELLING) else name


def _describe_database_error(name: str, error: psycopg2.Error) -> str:
    code = error.pgcode or ""
    if code.startswith(_ABOUT_VALUES):
        return f"{name}: SQLSTATE {code} {error.diag.constraint_name or ''}".rstrip()
    # Without a code, the connection failed and the message is libpq's own.
    said = error.diag.message_primary or str(error).partition("\nDETAIL")[0].strip()
    return f"{name}: {said}"


def _argument(value: object, record: logging.LogRecord) -> object:
    """The pattern of a request's URL: its path may contain a customer_id, which may be an email address."""
    if isinstance(value, BaseException):
        return describe(value)
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest) and value == request.path:
        return (
            f"/{request.resolver_match.route}" if request.resolver_match else "an unknown address"
        )
    if record.name == "gunicorn.error" and isinstance(value, str) and value.startswith("/"):
        return "/…"
    return value


def _traceback(error: BaseException) -> Iterator[str]:
    """As Python prints it, each exception after its cause, but without their messages."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from _traceback(cause)
        yield "\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield describe(error)
