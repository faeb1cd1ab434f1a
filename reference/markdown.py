"""Markdown to HTML, with code in colours."""

import re
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_FORMATTER = HtmlFormatter(nowrap=True, classprefix="hl-")
_LEXERS = {"shell": "bash", "curl": "bash", "http": "text", "console": "bash", "": "text"}


class Part(NamedTuple):
    """A heading of the second level with what stands below it, up to the next. The first may have no heading."""

    title: str
    markdown: str

    @property
    def anchor(self) -> str:
        """The name that links to it use."""
        return slug(self.title)


def slug(title: str) -> str:
    """A heading as part of an address."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower().replace("'", "")).strip("-")


def split(text: str) -> tuple[str, list[Part]]:
    """The title of a page and its parts."""
    title, _, rest = text.partition("\n")
    parts = re.split(r"^## (.+)$", _without_headings_in_code(rest), flags=re.MULTILINE)
    found = [Part("", parts[0].strip())] if parts[0].strip() else []
    found += [
        Part(name.strip(), body.strip())
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    ]
    return title.removeprefix("# ").strip(), [
        Part(part.title, part.markdown.replace("\0", "")) for part in found
    ]


def _without_headings_in_code(text: str) -> str:
    """The text with a NUL before each line of code that would be taken for a heading."""
    return re.sub(
        r"^```.*?^```",
        lambda code: code[0].replace("\n##", "\n\0##"),
        text,
        flags=re.MULTILINE | re.DOTALL,
    )


_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```\n?", re.MULTILINE | re.DOTALL)


def fences(markdown: str) -> list[tuple[str, str]]:
    """The blocks of code in a text, each with its language."""
    return [(language, code.rstrip("\n")) for language, code in _FENCE.findall(markdown)]


def without_fences(markdown: str) -> str:
    """The text without its blocks of code."""
    return _FENCE.sub("", markdown)


@lru_cache(maxsize=2000)
def coloured(language: str, code: str) -> str:
    """HTML of a block of code."""
    try:
        lexer = get_lexer_by_name(_LEXERS.get(language, language), stripall=False)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, _FORMATTER)).rstrip("\n")


def block(language: str, code: str, name: str = "") -> str:
    """HTML of a block of code; ``name`` is that of the file that it is."""
    head = f'<div class="file">{escape(name)}</div>' if name else ""
    return f'<div class="code">{head}<pre tabindex="0"><code>{coloured(language, code)}</code></pre></div>\n'


def _fence(_self: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
    language, _, name = tokens[index].info.strip().partition(" ")
    return block(language, tokens[index].content.rstrip("\n"), name)


def _heading_open(_self: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
    anchor = slug(tokens[index + 1].content)
    return f'<{tokens[index].tag} id="{anchor}">'


_MARKDOWN = MarkdownIt("commonmark").enable("table")
_MARKDOWN.add_render_rule("fence", _fence)
_MARKDOWN.add_render_rule("heading_open", _heading_open)


@lru_cache(maxsize=1000)
def html(markdown: str) -> str:
    """HTML of Markdown that stands in the project: raw HTML in it is passed through."""
    text = str(_MARKDOWN.render(markdown))
    return text.replace("<table>", '<div class="table"><table>').replace(
        "</table>", "</table></div>"
    )
