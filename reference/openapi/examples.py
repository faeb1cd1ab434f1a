"""The examples: requests that were sent to a running server, with its answers (``examples.json``).

``tests/reference/test_examples.py`` sends them again, in order, to an account that is empty at
first, and compares; with RECORD_EXAMPLES=1 it writes the answers down instead.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

EXAMPLES_FILE = Path(__file__).with_name("examples.json")


class Example(NamedTuple):
    """A request, and what the server answered: its status, its headers that matter, its body."""

    name: str
    summary: str
    method: str
    path: str  # below the server's address, with its query
    body: Any  # what is sent as JSON, None if nothing is
    headers: dict[str, str]  # beside Authorization
    response: dict[str, Any]
    operation: str = (
        ""  # the operation that it shows; none for an error that every operation shares
    )
    given: str = ""  # what must be the case for it, as "rate limit used up"

    @property
    def status(self) -> int:
        """The answer's status."""
        return int(self.response.get("status", 0))


def load_examples() -> list[Example]:
    """Every example, in the order in which they are sent."""
    return [_example(entry) for entry in json.loads(EXAMPLES_FILE.read_text())]


def _example(entry: dict[str, Any]) -> Example:
    request = entry["request"]
    path = quote(request["path"], safe="/%") + (
        "?" + urlencode(request["query"], doseq=True) if "query" in request else ""
    )
    return Example(
        entry["name"],
        entry["summary"],
        request["method"],
        path,
        request.get("body"),
        request.get("headers", {}),
        entry.get("response", {}),
        entry.get("operation", ""),
        entry.get("given", ""),
    )
