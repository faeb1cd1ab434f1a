"""What clients may ask of the feed, and send about webhooks."""

import datetime
import re
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import orjson
from django.http import QueryDict
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from feed.addresses import check_url
from feed.models import MAX_BATCH, EntryType
from feed.positions import START, Filter, Position
from traitly.input.errors import Error, InvalidRequestError, MalformedError
from traitly.input.parsing import Body
from traitly.input.values import Name, parse_time

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
MAX_WAIT = 30


class FeedRequest(NamedTuple):
    """A requested part of the feed; waits ``wait`` seconds for something new if there is nothing."""

    only: Filter
    after: Position = START
    limit: int = DEFAULT_LIMIT
    wait: int = 0


_PARAMETERS = ("type", "name", "since", "cursor", "limit", "wait")


def read_feed(query: QueryDict, *, paged: bool = True) -> FeedRequest:
    """The query string's request, or ``InvalidRequestError`` with everything wrong with it.

    ``paged`` is False for a stream, which has neither limit nor wait.
    """
    errors: list[Error] = []
    values: dict[str, Any] = {}
    for name, texts in sorted(query.lists()):
        try:
            if name not in _PARAMETERS:
                known = ", ".join(_PARAMETERS)
                raise PydanticCustomError(
                    "unknown_parameter", f"Unknown parameter. Known parameters: {known}."
                )
            if name in {"limit", "wait"} and not paged:
                raise PydanticCustomError(
                    "invalid", "A stream has no pages: it sends everything up to now."
                )
            values[name] = _READERS[name](texts)
        except PydanticCustomError as error:
            errors.append(Error(error.type, error.message(), name))
    if "since" in values and "cursor" in values:
        errors.append(Error("invalid", "Send a cursor, or a time to start at, not both.", "since"))
    if errors:
        raise InvalidRequestError(errors)
    after = values.get("cursor") or (
        Position.before(values["since"]) if "since" in values else START
    )
    only = Filter(values.get("type", frozenset()), values.get("name", frozenset()))
    return FeedRequest(only, after, values.get("limit", DEFAULT_LIMIT), values.get("wait", 0))


def _types(texts: list[str]) -> frozenset[str]:
    if unknown := set(texts) - set(EntryType.values):
        raise PydanticCustomError(
            "invalid_choice", f"{min(unknown)!r} is none of: {', '.join(EntryType.values)}."
        )
    return frozenset(texts)


def _names(texts: list[str]) -> frozenset[str]:
    if any("\0" in text for text in texts):
        raise PydanticCustomError("null_characters_not_allowed", "Null characters are not allowed.")
    return frozenset(texts)


def _since(texts: list[str]) -> datetime.datetime:
    return parse_time(texts[-1])


def _cursor(texts: list[str]) -> Position:
    try:
        return Position.of(texts[-1])
    except ValueError:
        raise PydanticCustomError(
            "invalid", "Invalid. Start again without it, or with since."
        ) from None


def _number(least: int, most: int) -> Callable[[list[str]], int]:
    def read(texts: list[str]) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", texts[-1]) or not least <= int(texts[-1]) <= most:
            raise PydanticCustomError("invalid", f"Must be a whole number from {least} to {most}.")
        return int(texts[-1])

    return read


_READERS: dict[str, Callable[[list[str]], Any]] = {
    "type": _types,
    "name": _names,
    "since": _since,
    "cursor": _cursor,
    "limit": _number(1, MAX_LIMIT),
    "wait": _number(0, MAX_WAIT),
}


def _public(url: str) -> str:
    if wrong := check_url(url):
        raise PydanticCustomError("invalid", wrong)
    return url


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 100.0 is the integer 100."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class WebhookFields(BaseModel):
    """A webhook's settings as they are sent; all may be left out of a PATCH, and all but ``url`` of a POST."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, AfterValidator(_public)] = ""
    types: list[EntryType] = Field(default=[], max_length=len(EntryType))
    names: list[Name] = Field(default=[], max_length=100)
    enabled: StrictBool = True
    batch: Annotated[StrictInt, Field(ge=1, le=MAX_BATCH), BeforeValidator(_whole)] = 1


# Fields that only the server sets; clients may send back what they read.
_READ_ONLY = {"id", "secret", "stopped", "position", "created_at"}
_CODES = {
    "extra_forbidden": "unknown_field",
    "enum": "invalid_choice",
    "missing": "required",
    "greater_than_equal": "min_value",
    "less_than_equal": "max_value",
    "string_too_short": "blank",
    "string_too_long": "max_length",
    "too_long": "max_length",
}


def _detail(error: Any) -> str:
    """What is wrong, in the words of the lists' parameters where pydantic's are about Python."""
    if error["type"] == "extra_forbidden":
        return f"Unknown field. Known fields: {', '.join(WebhookFields.model_fields)}."
    if error["type"] == "enum":
        return f"Must be one of: {', '.join(EntryType.values)}."
    return str(error["msg"])


def read_webhook(body: Body, *, partial: bool) -> dict[str, Any]:
    """The settings that a body sends, or ``InvalidRequestError``."""
    try:
        item = orjson.loads(body.data)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"The body is not JSON: {error}.") from error
    if not isinstance(item, dict):
        raise InvalidRequestError([Error("invalid", "Send one JSON object.")])
    sent = {name: value for name, value in item.items() if name not in _READ_ONLY}
    errors = (
        [] if partial or "url" in sent else [Error("required", "This field is required.", "url")]
    )
    try:
        found = WebhookFields.model_validate(sent).model_dump(include=set(sent), mode="json")
    except ValidationError as error:
        errors += [
            Error(
                _CODES.get(each["type"], "invalid"), _detail(each), ".".join(map(str, each["loc"]))
            )
            for each in error.errors()
        ]
    if errors:
        raise InvalidRequestError(errors)
    return found
