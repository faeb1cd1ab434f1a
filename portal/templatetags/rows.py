"""What pages show of a row: times as people say them, and attributes as ``key=value``."""

import datetime
import json
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_MAX_PAIRS = 12
_MAX_CHARACTERS = 100  # of a value: the row's own page has the whole
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_MAX_RELATIVE_SECONDS = 7 * 86_400  # seconds after which a date says more


@register.filter
def ago(moment: datetime.datetime) -> SafeString:
    """``2 min ago``, with the exact time and zone on hover. portal.js keeps it true while the page is open."""
    return _time(moment, _ago(moment), "ago")


@register.filter
def exact(moment: datetime.datetime) -> SafeString:
    """The time to the second, in UTC; portal.js shows it in the reader's zone if that was chosen."""
    return _time(moment, f"{_utc(moment)} UTC", "exact")


@register.filter
def pairs(attributes: dict[str, Any] | str | None) -> SafeString:
    """An object's members, or those of its JSON text, as ``key=value``; the first dozen of them."""
    members = json.loads(attributes) if isinstance(attributes, str) else attributes or {}
    shown = [(key, _short(value)) for key, value in list(members.items())[:_MAX_PAIRS]]
    more = "…" if len(members) > _MAX_PAIRS else ""
    joined = format_html_join(
        " ", '<span class="pair"><span class="muted">{}=</span>{}</span>', shown
    )
    return format_html("{} {}", joined, more) if more else joined


@register.filter
def plain(value: Any) -> str:
    """An attribute's value as text: JSON, but for a text itself."""
    return _short(value)


def _time(moment: datetime.datetime, text: str, kind: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{} UTC" data-time="{}">{}</time>',
        moment.astimezone(datetime.UTC).isoformat(),
        _utc(moment),
        kind,
        text,
    )


def _utc(moment: datetime.datetime) -> str:
    moment = moment.astimezone(datetime.UTC)
    return f"{moment.day} {moment:%b} {moment.year}, {moment:%H:%M:%S}"


def _ago(moment: datetime.datetime) -> str:
    seconds = (timezone.now() - moment).total_seconds()
    if not 0 <= seconds < _MAX_RELATIVE_SECONDS:
        moment = moment.astimezone(datetime.UTC)
        return f"{moment.day} {moment:%b} {moment.year}"
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{int(seconds // unit)} {name} ago"
    return "just now"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"
