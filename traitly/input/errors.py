"""Errors in a client's input. They know nothing of HTTP: ``traitly.http.errors`` maps each class to a status."""

from collections.abc import Iterable
from typing import NamedTuple


class Error(NamedTuple):
    """One error. ``attr`` is the path of the field, such as ``3.created_at``, or None for the whole input."""

    code: str
    detail: str
    attr: str | None = None


class InputError(Exception):
    """Input that is refused as a whole. ``detail`` says why, for the client."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class MalformedError(InputError):
    """Bytes that are not what they claim to be: broken JSON, a truncated body."""


class TooLargeError(InputError):
    """More than is accepted at once."""


class AccountGoneError(InputError):
    """The account that the input is for was erased after its key had been looked up."""

    def __init__(self) -> None:
        super().__init__("Unknown, revoked or expired API key.")


class QuotaExceededError(InputError):
    """More than the account may store. ``retry_after``: seconds until it may store more, if known."""

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class TooSlowError(InputError):
    """A query that the database cancelled because it took too long. ``detail`` says how to narrow it."""


class InvalidRequestError(InputError):
    """Invalid values, with every error that was found."""

    def __init__(self, errors: Iterable[Error]) -> None:
        self.errors = list(errors)
        super().__init__(self.errors[0].detail)
