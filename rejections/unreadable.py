"""Bodies that could not be read at all: what arrived is kept as a rejection, so that its sender finds it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from accounts.keys import PREFIX
from rejections.models import MALFORMED
from rejections.services import MAX_PAYLOAD_CHARACTERS, keep_rejections
from traitly.http.bodies import arrived
from traitly.input.errors import Error, MalformedError
from traitly.input.items import RejectedItem

_KEY = re.compile(rf"{PREFIX}[0-9A-Za-z]{{4,}}")


@contextmanager
def keeping_unreadable(
    request: Request, *, account_id: int, key_id: int, kind: str
) -> Iterator[None]:
    """Keep the body that the block fails to read, up to its first ``REMEMBERED`` bytes, and let the error pass.

    API keys in it are left out: whoever sees rejections need not be allowed to see keys.
    """
    try:
        yield
    except (MalformedError, UnsupportedMediaType) as error:
        text = arrived(request).decode(errors="backslashreplace")[: MAX_PAYLOAD_CHARACTERS + 1]
        text = _KEY.sub(f"{PREFIX}…", text)
        rejected = RejectedItem(0, [Error(MALFORMED, str(error.detail))], text)
        keep_rejections(account_id=account_id, key_id=key_id, kind=kind, rejections=[rejected])
        raise
