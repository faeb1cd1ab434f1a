"""The reference's commands, ready to paste, as in /docs/."""

from typing import NamedTuple

from reference.commands import LANGUAGES, PLACEHOLDER
from reference.commands import commands as written
from reference.openapi.document import PUBLISHED_SERVER
from reference.openapi.examples import Example

__all__ = ["LANGUAGES", "PLACEHOLDER", "Command", "commands"]


class Command(NamedTuple):
    """A command, and what it does."""

    title: str
    text: str


_EVENT = {
    "customer_id": "15",
    "name": "Customer C",
    "monthly_payment_amount": 99,
    "location": "New York",
    "plan": "Atom",
    "email": "support@company.com",
}
_CUSTOMER = {
    "customer_id": "123",
    "name": "John Smith",
    "monthly_payment_amount": 199,
    "location": "San Francisco",
    "plan": "Starter",
    "email": "john.smith@example.com",
}
# The four of the reference. Listing events names a customer and an event, which the reference's
# table requires.
_REQUESTS = {
    "Send an event": ("POST", "event", _EVENT),
    "Create a customer": ("POST", "customer", _CUSTOMER),
    "List the customer's events": ("GET", "event?customer_id=15&name=Customer%20C", None),
    "List customers": ("GET", "customer", None),
}


def commands(language: str, *, server: str, key: str) -> list[Command]:
    """The four commands of the reference in one of ``LANGUAGES``, for the API at ``server``."""
    return [
        Command(
            title,
            _command(language, *request)
            .replace(PUBLISHED_SERVER, server)
            .replace(PLACEHOLDER, key),
        )
        for title, request in _REQUESTS.items()
    ]


def list_command(path: str, *, server: str, key: str) -> str:
    """The command that asks the API at ``server`` for a list: its path with its query."""
    return (
        _command("curl", "GET", path, None)
        .replace(PUBLISHED_SERVER, server)
        .replace(PLACEHOLDER, key)
    )


def _command(language: str, method: str, path: str, body: object) -> str:
    return written(Example("", "", method, f"/api/v1/{path}", body, {}, {}))[language]
