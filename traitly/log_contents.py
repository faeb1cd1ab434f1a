"""What the log may say: no keys, no bodies and nothing about people, whatever failed and whoever logs it.

A handler, not a habit: libraries log paths, headers and the messages of exceptions, and PostgreSQL's repeat the row.
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
)  # but its last four characters, as it is shown elsewhere
# gunicorn's: what follows the second colon is a line that the client sent.
_INVALID_REQUEST = re.compile(r"(Invalid request from ip=\S*: [^:]*).*", re.DOTALL)
# What these say is about the program. The messages of others, as ValueError's, often repeat a value.
_TELLING = (AttributeError, ImportError, MemoryError, NameError, NotImplementedError, RuntimeError, TypeError)
# PostgreSQL's classes of errors about values (22, 23) name them; the others are about the server and statements.
_ABOUT_VALUES = ("22", "23")


class CleanHandler(logging.StreamHandler):  # type: ignore[type-arg]  # takes none at run time
    """Writes records without what the log may not say."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a copy: others, as an error reporter, have rules of their own."""
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
    """An exception in a few words that hold no values."""
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
    # Without a code the connection failed, and the message is the client library's own.
    said = error.diag.message_primary or str(error).partition("\nDETAIL")[0].strip()
    return f"{name}: {said}"


def _argument(value: object, record: logging.LogRecord) -> object:
    """A path may hold a customer_id, which may be an email address: the pattern of its address says enough."""
    if isinstance(value, BaseException):
        return describe(value)
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest) and value == request.path:
        return f"/{request.resolver_match.route}" if request.resolver_match else "an unknown address"
    if record.name == "gunicorn.error" and isinstance(value, str) and value.startswith("/"):
        return "/…"
    return value


def _traceback(error: BaseException) -> Iterator[str]:
    """As Python prints it, each exception after its cause, but for what they say."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from _traceback(cause)
        yield "\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield describe(error)
