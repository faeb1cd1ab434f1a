"""Search over the pages: few enough to be looked through each time."""

import re
from functools import cache
from typing import NamedTuple

from reference import markdown
from reference.pages import Page, Section, pages

_AROUND = 90  # characters that are shown before and after what was found


class SearchResult(NamedTuple):
    """A section in which every word stands."""

    page: Page
    section: Section
    excerpt: str


def find(text: str, *, limit: int) -> list[SearchResult]:
    """The sections that have every word of the text, those first that have it in their title."""
    words = re.findall(r"[\w-]+", text.lower())
    if not words:
        return []
    ranked: list[tuple[int, int, SearchResult]] = []
    for page, section, title, text_of_section in _sections():
        whole = text_of_section.lower()
        if all(word in whole for word in words):
            score = sum(10 * (word in title) + min(whole.count(word), 5) for word in words)
            ranked.append(
                (
                    -score,
                    len(ranked),
                    SearchResult(page, section, _excerpt(text_of_section, words[0])),
                )
            )
    return [found for _, _, found in sorted(ranked, key=lambda entry: entry[:2])[:limit]]


@cache
def _sections() -> list[tuple[Page, Section, str, str]]:
    """Each section with its title and all that can be found."""
    return [
        (page, section, section.title.lower(), _words(section))
        for page in pages().values()
        for section in page.sections
    ]


def _words(section: Section) -> str:
    fields = [f"{row.name} {row.description}" for _, rows in section.fields for row in rows]
    text = re.sub(r"[`*|#\[\]]|\(\S+\)|-{3,}", "", markdown.without_fences(section.text))
    return " ".join(
        f"{section.title} {section.method} {section.path} {text} {' '.join(fields)}".split()
    )


def _excerpt(whole: str, word: str) -> str:
    place = max(0, whole.lower().find(word))
    begin, end = max(0, place - _AROUND), place + _AROUND
    return f"{'…' if begin else ''}{whole[begin:end].strip()}{'…' if end < len(whole) else ''}"
