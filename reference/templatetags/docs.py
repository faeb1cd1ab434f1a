"""Filters of the pages of /docs/."""

import re
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from reference import commands, markdown

register = template.Library()


@register.filter
def inline_markdown(text: str) -> SafeString:
    """A line of Markdown as HTML, without a paragraph around it."""
    html = markdown.html(text.strip()).strip()
    return mark_safe(html.removeprefix("<p>").removesuffix("</p>"))  # noqa: S308  our own text


@register.filter
def breakable(name: str) -> SafeString:
    """A name that may be broken where a word ends."""
    return mark_safe(re.sub(r"([_\[|])", r"<wbr>\1", escape(name)))  # noqa: S308  escaped before


@register.filter
def pretty(value: Any) -> str:
    """JSON as it is shown; a text as it is."""
    return value if isinstance(value, str) else commands.pretty(value)


@register.filter
def linebreaks_count(text: str) -> int:
    """How many lines a text has."""
    return text.count("\n") + 1
