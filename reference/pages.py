"""The pages: the reference, made of the OpenAPI document and of the prose in ``content``, and the guides of docs/guides.

Everything is built once, for the published server and a placeholder of a key; the views put in the
reader's own.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from reference import markdown
from reference.commands import LANGUAGES, commands, pretty
from reference.fields import Field, body_fields, object_fields, parameter_fields
from reference.openapi.codes import CODES, STATUSES
from reference.openapi.document import build_document
from reference.openapi.examples import Example, load_examples
from reference.openapi.operation import Operation
from reference.openapi.operations import OBJECTS, OPERATIONS, TAGS

CONTENT = Path(__file__).with_name("content")
GUIDES = settings.BASE_DIR / "docs" / "guides"
REFERENCE = "Reference"  # the group whose commands stand beside the text, and not in it


class Code(NamedTuple):
    """A block of code: its text in each language that it is written in, of which one is shown."""

    title: str
    texts: dict[str, str]
    status: int = 0  # of an answer

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Each language, and the code as HTML."""
        return [
            (language, markdown.coloured(language, text)) for language, text in self.texts.items()
        ]

    @property
    def is_command(self) -> bool:
        """Whether there are tabs of languages."""
        return len(self.texts) > 1

    @property
    def phrase(self) -> str:
        """The status as HTTP names it."""
        return HTTPStatus(self.status).phrase if self.status else ""


@dataclass(frozen=True)
class Section:
    """A part of a page that can be linked to: prose, and code beside it."""

    title: str
    anchor: str
    text: str  # Markdown
    method: str = ""
    path: str = ""
    fields: list[tuple[str, list[Field]]] = field(default_factory=list)
    responses: list[tuple[str, str]] = field(default_factory=list)  # status, what it means
    codes: list[Code] = field(default_factory=list)
    more: list[tuple[str, list[Code]]] = field(
        default_factory=list
    )  # further examples, each with a summary
    example: Example | None = None  # what "try it" begins with

    @property
    def html(self) -> str:
        """The prose."""
        return markdown.html(self.text)


@dataclass(frozen=True)
class Page:
    """A page. ``slug`` is its address below /docs/, empty for the first."""

    slug: str
    title: str
    group: str
    sections: list[Section]
    source: str = ""  # Markdown, of pages that are written by hand
    summary: str = ""

    @property
    def aside(self) -> bool:
        """Whether commands stand beside the text."""
        return self.group == REFERENCE


@cache
def pages() -> dict[str, Page]:
    """Every page by its slug, in the order of the contents."""
    found = [
        _written(_read("introduction"), "", REFERENCE),
        _written(_read("authentication"), "authentication", REFERENCE),
        *(_of_tag(tag, text) for tag, text in TAGS.items()),
        _errors(),
        *(_written(_linked(source), slug, "Guides") for slug, source in guides().items()),
    ]
    return {page.slug: page for page in found}


@cache
def guides() -> dict[str, str]:
    """The Markdown of each guide by its slug, in the order of their list in docs/guides/README.md."""
    order = (GUIDES / "README.md").read_text()
    files = sorted(GUIDES.glob("[a-z]*.md"), key=lambda file: order.index(f"({file.name})"))
    found = {f"guides/{file.stem}": file.read_text() for file in files}
    _, parts = markdown.split((settings.BASE_DIR / "README.md").read_text())
    table = next(part.markdown for part in parts if part.title == "Configuration")
    found["guides/configuration"] = f"# Configuration\n\n{table}\n"
    found["guides/operations"] = (GUIDES.parent / "operations.md").read_text()
    return found


_LINK = re.compile(
    r"\[([^\]]+)\]\((?!https?:|/|#)[\w./-]*?([\w-]+)(?:\.\w+)?(?:#([\w-]+))?\)"
)  # to a file beside


def _linked(source: str) -> str:
    """A guide whose links to other files are links to pages; what is no page is no link."""

    def link(found: re.Match[str]) -> str:
        text, name, anchor = found.groups()
        name = "configuration" if (name, anchor) == ("README", "configuration") else name
        return f"[{text}](/docs/guides/{name}/)" if f"guides/{name}" in guides() else text

    return _LINK.sub(link, source)


def _read(name: str) -> str:
    return (CONTENT / f"{name}.md").read_text()


def _written(source: str, slug: str, group: str) -> Page:
    """A page that is written by hand. In the reference its code stands beside the text."""
    title, parts = markdown.split(source)
    beside = group == REFERENCE
    sections = []
    for index, part in enumerate(parts):
        codes = (
            [_code(language, code) for language, code in markdown.fences(part.markdown)]
            if beside
            else []
        )
        text = markdown.without_fences(part.markdown) if beside else part.markdown
        heading = part.title or (title if index == 0 else "")
        sections.append(Section(heading, markdown.slug(heading), text, codes=codes))
    summary = parts[0].markdown.partition("\n\n")[0].replace("\n", " ") if parts else ""
    return Page(slug, title, group, sections, source, summary)


def _code(language: str, code: str) -> Code:
    return Code(
        {"json": "Response", "shell": "Shell"}.get(language, LANGUAGES.get(language, "")),
        {language: code},
    )


def _of_tag(tag: str, text: str) -> Page:
    document, examples = build_document(), load_examples()
    about = Section(tag, markdown.slug(tag), text)
    shape = [_object(OBJECTS[tag], examples)] if tag in OBJECTS else []
    operations = [_operation(each, document, examples) for each in OPERATIONS if each.tag == tag]
    return Page(markdown.slug(tag), tag, REFERENCE, [about, *shape, *operations], summary=text)


def _object(name: str, examples: list[Example]) -> Section:
    title = f"The {name.lower()} object"
    first = next(example for example in examples if example.operation == f"get{name}")
    code = Code(title, {"json": pretty(first.response["body"]["data"][0])})
    fields = [("Fields", object_fields(name))]
    return Section(
        title, markdown.slug(title), "Every field is always there.", fields=fields, codes=[code]
    )


def _operation(operation: Operation, document: dict[str, Any], examples: list[Example]) -> Section:
    path, found = next(
        (path, methods[operation.method.lower()])
        for path, methods in document["paths"].items()
        if methods.get(operation.method.lower(), {}).get("operationId") == operation.id
    )
    own = [example for example in examples if example.operation == operation.id]
    first, *others = own
    return Section(
        operation.summary,
        markdown.slug(operation.summary),
        operation.description,
        method=operation.method,
        path=path,
        fields=_tables(operation, found, document["paths"][path], document),
        responses=_responses(found),
        codes=_codes(first),
        more=[(example.summary, _codes(example)) for example in others],
        example=first,
    )


def _codes(example: Example) -> list[Code]:
    response = Code("Response", {"json": pretty(example.response["body"])}, example.status)
    return [Code(example.summary, commands(example)), response]


def _tables(
    operation: Operation, found: dict[str, Any], path: dict[str, Any], document: dict[str, Any]
) -> list[tuple[str, list[Field]]]:
    shared = document["components"]["parameters"]
    parameters = [
        shared[each["$ref"].split("/")[-1]] if "$ref" in each else each
        for each in found["parameters"]
    ]
    tables = [("In the address", parameter_fields(path.get("parameters", [])))]
    if operation.body:
        schema = operation.body["application/json"]["schema"]
        name = schema.get("anyOf", [schema])[0]["$ref"].split("/")[-1]
        tables.append(("Body", body_fields(name)))
    for place, title in (("query", "Parameters"), ("header", "Headers")):
        tables.append(
            (title, parameter_fields([each for each in parameters if each["in"] == place]))
        )
    return [(title, rows) for title, rows in tables if rows]


def _responses(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What is particular to an operation: the answers that are no errors, and 404."""
    return [
        (status, response["description"])
        for status, response in found["responses"].items()
        if "$ref" not in response and not status.startswith(("4", "5"))
    ]


def _errors() -> Page:
    title, parts = markdown.split(_read("errors"))
    sections = [
        Section(
            part.title or title,
            part.anchor or "errors",
            markdown.without_fences(part.markdown),
            codes=[_code(language, code) for language, code in markdown.fences(part.markdown)],
        )
        for part in parts
    ]
    by_status: dict[int, Example] = {}
    for example in load_examples():
        if not example.operation:
            by_status.setdefault(example.status, example)
    for status, about in STATUSES.items():
        heading = f"{status.value} {status.phrase}"
        shown = by_status.get(status)
        body = (
            Code(shown.summary, {"json": pretty(shown.response["body"])}, shown.status)
            if shown
            else None
        )
        text = f"{about.meaning}\n\n**What to do.** {about.action}"
        sections.append(Section(heading, str(status.value), text, codes=[body] if body else []))
    rows = "\n".join(
        f"| `{name}` | {code.meaning} | {code.action} |" for name, code in CODES.items()
    )
    table = f"`code` says what is wrong, for programs.\n\n| code | meaning | what to do |\n|---|---|---|\n{rows}"
    sections.append(Section("Codes", "codes", table))
    return Page("errors", title, REFERENCE, sections, summary=parts[0].markdown.splitlines()[0])
