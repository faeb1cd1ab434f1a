"""Secrets that the server generates and keeps, for installations that set none."""

import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet


def kept_secrets(folder: Path) -> dict[str, str]:
    """The secrets in ``folder``/secrets.json, generated on first use: ``SECRET_KEY`` and ``API_KEY_ENCRYPTION_KEYS``.

    The file is only ever readable by its owner. Several processes may start at once on an empty
    folder: the file is written whole under another name and then linked, so that one of them wins
    and all read the same.
    """
    file = folder / "secrets.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "API_KEY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        draft = folder / f"secrets.json.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump(made, stream)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process was first; use its secrets
        finally:
            draft.unlink()
    kept: dict[str, str] = json.loads(file.read_text())
    return kept
