"""Sessions in the database, stored so that a stolen copy opens none of them."""

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import keys


class SessionStore(db.SessionStore):
    """Django's own, with the cookie's key as a digest and the data encrypted, as API keys are.

    The data is more than who is logged in: it also contains mailed codes and followed links.
    """

    def _get_session_from_db(self) -> Session | None:
        session = Session.objects.filter(
            session_key=_digest(self.session_key), expire_date__gt=timezone.now()
        ).first()
        if session is None:
            self._session_key = None  # keys invented by clients are not accepted
        return session

    def exists(self, session_key: str) -> bool:
        """Whether the cookie's key is in use."""
        return super().exists(_digest(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row to save."""
        session = super().create_model_instance(data)
        session.session_key = _digest(session.session_key)
        return session

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session."""
        session_key = session_key or self.session_key
        if session_key:
            super().delete(_digest(session_key))

    def encode(self, session_dict: dict[str, Any]) -> str:
        """The data, encrypted."""
        return keys.encrypt(json.dumps(session_dict, separators=(",", ":"))).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """The data; empty if its encryption key is gone, so that the user has to log in again."""
        try:
            data: dict[str, Any] = json.loads(
                keys.decrypt(
                    session_data.encode() if isinstance(session_data, str) else session_data
                )
            )
        except keys.UnreadableKeyError:
            return {}
        return data


def _digest(session_key: str | None) -> str:
    """The digest under which a session is stored: 240 bits, because the column has 40 characters. The key is random."""
    return urlsafe_b64encode(hashlib.sha256((session_key or "").encode()).digest()[:30]).decode()
