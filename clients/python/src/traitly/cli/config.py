"""Which server, and with which key: what ``traitly login`` saved, unless the environment says otherwise."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from traitly._sync.client import Traitly
from traitly.cli.output import Failure


def path() -> Path:
    """The file; it holds a key, so only its owner may read it."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "traitly" / "config.json"


def read() -> dict[str, str]:
    """``url`` and ``key``, as far as they are known."""
    try:
        saved: dict[str, str] = json.loads(path().read_text())
    except FileNotFoundError:
        saved = {}
    except ValueError as error:
        raise Failure(f"{path()} is damaged ({error}). Run: traitly login") from error
    given = {"url": os.environ.get("TRAITLY_URL"), "key": os.environ.get("TRAITLY_API_KEY")}
    return saved | {name: value for name, value in given.items() if value}


def write(url: str, key: str) -> None:
    """Save them for later commands."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        json.dump({"url": url, "key": key}, stream)
    new.replace(file)


def client() -> Traitly:
    """A client for a command.

    Raises Failure if nobody logged in.
    """
    saved = read()
    if not saved.get("url") or not saved.get("key"):
        raise Failure("Not logged in. Run: traitly login")
    try:
        return Traitly(url=saved["url"], key=saved["key"])
    except ValueError as error:
        raise Failure(str(error)) from error
