"""The Python client of Traitly.

    from traitly import Traitly

    traitly = Traitly(url="https://traitly.example.com", key="...")
    traitly.events.send(customer_id="123", name="Logged in")

``Traitly`` blocks, ``AsyncTraitly`` is for asyncio; both have ``events``, ``customers``, ``feed``,
``webhooks`` and ``batcher()``. ``Webhook`` verifies what your server sends you.
"""

from traitly._async.client import AsyncTraitly
from traitly._sync.client import Traitly
from traitly._version import __version__
from traitly.batcher import AsyncBatcher, Batcher
from traitly.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ErrorDetail,
    NetworkError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    QueueFullError,
    RateLimitError,
    RejectedError,
    RequestTimeoutError,
    ServerError,
    TraitlyError,
    UndeliveredError,
    WebhookVerificationError,
)
from traitly.ids import new_id
from traitly.results import BatchResult, Page, Rejection
from traitly.webhooks import Webhook

__all__ = [
    "APIError",
    "AsyncBatcher",
    "AsyncTraitly",
    "AuthenticationError",
    "BadRequestError",
    "BatchResult",
    "Batcher",
    "ErrorDetail",
    "NetworkError",
    "NotFoundError",
    "Page",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "QueueFullError",
    "RateLimitError",
    "RejectedError",
    "Rejection",
    "RequestTimeoutError",
    "ServerError",
    "Traitly",
    "TraitlyError",
    "UndeliveredError",
    "Webhook",
    "WebhookVerificationError",
    "__version__",
    "new_id",
]
