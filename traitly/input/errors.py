"""What can be wrong with a client's input. No HTTP in it: ``traitly.http.errors`` maps each class to a status."""

from collections.abc import Iterable
from typing import NamedTuple


class Error(NamedTuple):
    """One thing that is wrong. ``attr`` is the path of the field, as ``3.created_at``, or None for the whole."""

    code: str
    detail: str
    attr: str | None = None


class InputError(Exception):
    """Input that is refused as a whole. ``detail`` says why, for the client."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class MalformedError(InputError):
    """Bytes that are not what they claim to be: broken JSON, a body that is cut off."""


class TooLargeError(InputError):
    """More than is taken at once."""


class AccountGoneError(InputError):
    """The account that the input is for was erased after its key had been looked up."""

    def __init__(self) -> None:
        super().__init__("Unknown, revoked or expired API key.")


class QuotaExceededError(InputError):
    """More than the account may store. ``retry_after``: the seconds until it may store more, if that is known."""

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class TooSlowError(InputError):
    """A question that the database gave up on, because it ran for too long. ``detail`` says how to narrow it."""


class InvalidRequestError(InputError):
    """Values that break the rules: every error that was found."""

    def __init__(self, errors: Iterable[Error]) -> None:
        self.errors = list(errors)
        super().__init__(self.errors[0].detail)
