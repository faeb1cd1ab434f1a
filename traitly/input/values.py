"""The values of customers and events: what is accepted, and how it is written (contract, "Values")."""

import datetime
import math
import re
import sys
from decimal import Decimal
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_YEAR_10000 = 253_402_300_800
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
MAX_DIGITS = (
    sys.int_info.default_max_str_digits
)  # of an integer that Python reads from text, or writes

# U+0000 is the one character that PostgreSQL cannot hold. (Lone surrogates do not get past the JSON
# parser.)
NO_NUL = r"^[^\x00]*$"
_NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"


def _digits(value: Any) -> Any:
    """An integer as its decimal digits; anything else as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_NUL)]
CustomerId = Annotated[
    Identifier,
    BeforeValidator(_digits),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": NO_NUL},
                {"type": "integer"},
            ]
        }
    ),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_NOT_BLANK)]
Text = Annotated[str, StringConstraints(max_length=255, pattern=NO_NUL)]

# What most addresses look like. All of these are valid, and Django's own look at them takes six
# times as long.
_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    re.IGNORECASE | re.ASCII,
)


def _check_email(value: str) -> str:
    if _PLAIN_EMAIL.fullmatch(value):
        return value
    try:
        validate_email(value)
    except ValidationError:
        raise PydanticCustomError("invalid", "Enter a valid email address.") from None
    return value


Email = Annotated[
    str,
    Field(max_length=254),
    AfterValidator(_check_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]


def parse_decimal(value: Any) -> Decimal | None:
    """The number that is meant by a JSON number or a numeric string; None if there is none, or it is not finite.

    A float is taken as the shortest decimal that names it, which is what the client wrote.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, str) and len(value) <= MAX_DIGITS and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def parse_time(value: Any) -> datetime.datetime:
    """A moment from unix seconds (number or numeric string, fractions to the microsecond) or ISO 8601.

    Raises ``PydanticCustomError`` for anything else, and says so where milliseconds were sent.
    """
    if type(value) is int and 0 <= value < _YEAR_10000:  # as nearly all are
        return _EPOCH + datetime.timedelta(seconds=value)
    seconds = parse_decimal(value)
    if seconds is not None:
        if not 0 <= seconds < _YEAR_10000:
            raise _range_error(seconds)
        microseconds = min(round(seconds * 1_000_000), _YEAR_10000 * 1_000_000 - 1)
        moment = _EPOCH + datetime.timedelta(microseconds=microseconds)
    elif (
        isinstance(value, str) and value.isascii() and value[:4].isdigit()
    ):  # else it raises, which takes longer
        try:
            moment = datetime.datetime.fromisoformat(value)
            moment = (
                moment.replace(tzinfo=datetime.UTC)
                if moment.tzinfo is None
                else moment.astimezone(datetime.UTC)
            )
        except (ValueError, OverflowError):
            raise _time_error() from None
    else:
        raise _time_error()
    if moment < _EPOCH:
        raise PydanticCustomError("min_value", "The time is before 1970.")
    return moment


def _time_error() -> PydanticCustomError:
    return PydanticCustomError("invalid", "Not a valid time. Send unix seconds or ISO 8601.")


def _range_error(seconds: Decimal) -> PydanticCustomError:
    if seconds < 0:
        return PydanticCustomError("min_value", "The time is before 1970.")
    for unit, factor in (("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)):
        if seconds < _YEAR_10000 * factor:
            return PydanticCustomError(
                "max_value", f"The time appears to be in {unit}; send seconds since the Unix epoch."
            )
    return PydanticCustomError("max_value", "The time is after the year 9999.")


# What the published schema promises: ``parse_time`` takes a few more spellings of ISO 8601.
_DATE = r"(19[7-9]\d|[2-9]\d{3})-((0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?"
TIME_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": _YEAR_10000},
        {"type": "string", "pattern": r"^[0-9]{1,11}(\.[0-9]{1,6})?$"},
        {"type": "string", "pattern": rf"^{_DATE}(T{_CLOCK})?$".replace(r"\d", "[0-9]")},
    ]
}
Time = Annotated[datetime.datetime, BeforeValidator(parse_time), WithJsonSchema(TIME_SCHEMA)]


def unix_seconds(moment: datetime.datetime) -> str:
    """The moment as answers write it: whole seconds where whole, else up to six decimals."""
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    return f"{seconds}.{since.microseconds:06}".rstrip("0") if since.microseconds else str(seconds)


# The same in SQL, of the column that is put in: EXTRACT gives a numeric with six decimals.
UNIX_SECONDS = "trim_scale(extract(epoch FROM {}))::text"


def now_in_seconds() -> datetime.datetime:
    """Now, in whole seconds, as ``created_at`` defaults to."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def parse_amount(value: Any) -> Decimal:
    """An amount of money: 0 ≤ x < 10^12 with at most four decimals; else ``PydanticCustomError``."""
    if type(value) is int and 0 <= value < 10**12:  # as many are
        return Decimal(value)
    amount = parse_decimal(value)
    if amount is None:
        raise PydanticCustomError("invalid", "A valid number is required.")
    if amount < 0:
        raise PydanticCustomError("min_value", "Ensure this value is greater than or equal to 0.")
    if amount >= 10**12:
        raise PydanticCustomError("max_value", "Ensure this value is less than 10^12.")
    rounded = round(amount, 4)
    if rounded != amount:
        raise PydanticCustomError(
            "max_decimal_places", "Ensure that there are no more than 4 decimal places."
        )
    return abs(rounded)  # of -0 too


# Four decimals at most: no ``multipleOf`` says so, because validators test it with floats, and
# refuse 0.29.
AMOUNT_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": 10**12},
        {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,4})?$"},
    ]
}
Amount = Annotated[Decimal, BeforeValidator(parse_amount), WithJsonSchema(AMOUNT_SCHEMA)]
