"""Pages as Markdown, for readers that are programs, and the list of them (llms.txt)."""

from reference.fields import Field
from reference.openapi.document import PUBLISHED_SERVER
from reference.pages import Code, Page, Section, pages

_ABOUT = """\
# Traitly

> Traitly keeps the customers of your product and what they do in it: send customers and events over a REST API, and read
> them back. Every answer has one envelope, every error one shape.

Authenticate with the header `Authorization: Token <key>`. The whole API as an OpenAPI 3.1 document:
[openapi.json]({base}/docs/openapi.json). For assistants there is an MCP server at {base}/mcp.
"""


def page_markdown(page: Page) -> str:
    """A page as Markdown."""
    if page.source and page.slug != "errors":
        return page.source
    return f"# {page.title}\n\n" + "\n".join(_section(section, page) for section in page.sections)


def llms_txt(base: str) -> str:
    """What there is to read, for the server at ``base`` (https://llmstxt.org)."""
    lines = [_ABOUT.format(base=base)]
    for group in dict.fromkeys(page.group for page in pages().values()):
        lines.append(f"## {group}\n")
        lines += [
            f"- [{page.title}]({base}/docs/{page.slug or 'introduction'}.md): {page.summary}".replace(
                PUBLISHED_SERVER, base
            )
            for page in pages().values()
            if page.group == group
        ]
        lines.append("")
    return "\n".join(lines)


def _section(section: Section, page: Page) -> str:
    blocks = [] if section.title == page.title else [f"## {section.title}"]
    if section.path:
        blocks.append(f"`{section.method} {section.path}`")
    blocks.append(section.text)
    blocks += [f"### {title}\n\n{_table(rows)}" for title, rows in section.fields]
    if section.responses:
        blocks.append(
            "### Responses\n\n"
            + "\n".join(f"- `{status}` {text}" for status, text in section.responses)
        )
    blocks += [_code(code) for code in section.codes]
    for summary, codes in section.more:
        blocks += [f"### Example: {summary}", *(_code(code) for code in codes)]
    return "\n\n".join(blocks) + "\n"


def _table(rows: list[Field]) -> str:
    lines = ["| name | type | required | description |", "|---|---|---|---|"]
    for row in rows:
        cells = (
            f"`{row.name}`",
            row.type,
            "yes" if row.required else "no",
            f"{row.description} {row.more}".strip(),
        )
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines)


def _code(code: Code) -> str:
    language, text = next(iter(code.texts.items()))
    status = f"{code.status} {code.phrase}:\n\n" if code.status else ""
    return f"{status}```{'shell' if language == 'curl' else language}\n{text}\n```"
