"""What is said of an operation beyond what its code says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from traitly.lists.definition import ListDefinition


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer that is not an error. ``schema`` names a component; ``streams`` are the media types that it also has."""

    description: str
    schema: str
    streams: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A method of an address. ``url`` is the address's name in the URLconf."""

    id: str
    url: str
    method: str
    tag: str
    summary: str
    description: str
    responses: Mapping[int, Response]
    body: Mapping[str, Any] | None = None  # a requestBody's content, by media type
    body_description: str = ""
    parameters: tuple[dict[str, Any], ...] = ()
    lists: ListDefinition | None = None  # the list that a GET answers with
    errors: tuple[int, ...] = ()  # statuses beyond those that every operation has
