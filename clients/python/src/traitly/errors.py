"""What can go wrong. Every exception of this package is a ``TraitlyError``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from traitly.results import BatchResult


class ErrorDetail(NamedTuple):
    """One thing that is wrong.

    ``code`` is for programs (``required``), ``detail`` for people, ``attr`` names the field
    (``3.created_at``: of the fourth item) or is None where no single field is at fault.
    """

    code: str
    detail: str
    attr: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.attr}: {self.detail} ({self.code})"
            if self.attr
            else f"{self.detail} ({self.code})"
        )


class TraitlyError(Exception):
    """The base of all the others."""

    #: Whether the same request may succeed later. Requests are retried on these before you see one.
    retryable: bool = False
    #: The seconds that the server asked to wait for, from ``Retry-After``.
    retry_after: float | None = None
    #: How often the request was sent.
    attempts: int = 1
    #: What ``send_many`` or ``upsert_many`` had done by then.
    result: BatchResult | None = None


class NetworkError(TraitlyError):
    """No response came: the server cannot be reached, the connection broke, or the time was up.

    The server may have acted on the request all the same. Sending it again is safe: see ``id`` of
    ``events.send``.
    """

    retryable = True

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"{self.message}{_tried(self.attempts)}"


class RequestTimeoutError(NetworkError):
    """The server did not answer within ``timeout``."""


class APIError(TraitlyError):
    """The server answered with an error. Has every field of the error object."""

    def __init__(
        self,
        *,
        status: int,
        type: str,
        errors: Sequence[ErrorDetail],
        metadata: Mapping[str, Any],
        request: str,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, type, errors, metadata, request, retry_after)
        #: The HTTP status.
        self.status = status
        #: ``validation_error``, ``client_error`` or ``server_error``; ``unexpected_response`` if it was not Traitly
        #: that answered.
        self.type = type
        #: Everything that is wrong, not only the first thing.
        self.errors = tuple(errors)
        self.metadata = dict(metadata)
        #: The method and the URL.
        self.request = request
        self.retry_after = retry_after
        self.retryable = status in RETRYABLE

    @property
    def request_id(self) -> str | None:
        """What to quote when you ask for help: the same id is in the server's log."""
        return self.metadata.get("request_id")

    def __str__(self) -> str:
        request_id = f", request {self.request_id}" if self.request_id else ""
        details = "; ".join(map(str, self.errors))
        return f"{self.status} {self.type}: {details} [{self.request}{request_id}]{_tried(self.attempts)}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Exceptions cross process boundaries (queues, pools) pickled; keyword arguments do not by themselves."""
        return _rebuild, (type(self), self.__dict__)


class BadRequestError(APIError):
    """400: ``errors`` says which fields and why."""


class AuthenticationError(APIError):
    """401: no key, or one that is unknown, revoked or expired."""


class PermissionDeniedError(APIError):
    """403: the key's scopes do not allow this."""


class NotFoundError(APIError):
    """404: this account has no such object."""


class PayloadTooLargeError(APIError):
    """413: more than the server reads at once. ``send_many`` and ``upsert_many`` split such requests by themselves."""


class RateLimitError(APIError):
    """429: too many requests of this key; ``retry_after`` says for how long to wait."""


class ServerError(APIError):
    """5xx: the server's fault."""


class RejectedError(TraitlyError):
    """Some items of a batch were refused; the others are stored. ``result.rejected`` has each one with its errors."""

    def __init__(self, result: BatchResult) -> None:
        super().__init__(result)
        self.result: BatchResult = result

    def __str__(self) -> str:
        assert self.result
        rejected = self.result.rejected
        first = rejected[0]
        more = f" (and {len(rejected) - 1} more)" if len(rejected) > 1 else ""
        details = "; ".join(map(str, first.errors))
        total = self.result.accepted + len(rejected)
        return (
            f"{len(rejected)} of {total} items were rejected. Item {first.index}: {details}{more}"
        )


class QueueFullError(TraitlyError):
    """The batcher's queue stayed full for ``max_block`` seconds; the item was not taken."""


class UndeliveredError(TraitlyError):
    """The time for ``flush`` or ``close`` was up before everything was delivered."""

    def __init__(self, pending: int) -> None:
        super().__init__(pending)
        self.pending = pending

    def __str__(self) -> str:
        return f"{self.pending} items were not delivered in time."


class WebhookVerificationError(TraitlyError):
    """The request does not come from the server that has the secret, was changed, or is too old. Answer 400."""


RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})

BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    413: PayloadTooLargeError,
    429: RateLimitError,
}


def _tried(attempts: int) -> str:
    return f" (tried {attempts} times)" if attempts > 1 else ""


def _rebuild(kind: type[APIError], state: dict[str, Any]) -> APIError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    return error
