"""Lists as streams: every matching row as NDJSON or CSV, in constant memory however many there are."""

import csv
import io
from collections.abc import Iterable, Iterator

from traitly.lists.definition import ListQuery
from traitly.lists.pages import pages

_FORMULA = "=+-@\t\r"  # https://owasp.org/www-community/attacks/CSV_Injection


def ndjson_lines(query: ListQuery, *, account_id: int) -> Iterator[bytes]:
    """The rows as JSON objects, one per line, in chunks of many lines. They can be posted back."""
    return as_ndjson(pages(query, account_id=account_id))


def csv_lines(query: ListQuery, *, account_id: int) -> Iterator[bytes]:
    """The rows as CSV (RFC 4180) with a header line, in chunks; custom attributes are one cell of JSON.

    Formulas are defused unless the query is ``raw``.
    """
    parts = pages(query, account_id=account_id, cells=True)
    return as_csv(query.definition.columns, parts if query.raw else map(_without_formulas, parts))


def _without_formulas(rows: list[list[str | None]]) -> list[list[str | None]]:
    """The rows, with an apostrophe before each cell that a spreadsheet would run.

    This does not change numbers: lists show no negative ones, so only a text can start with a
    minus.
    """
    return [[f"'{cell}" if cell and cell[0] in _FORMULA else cell for cell in row] for row in rows]


def as_ndjson(parts: Iterable[list[str]]) -> Iterator[bytes]:
    """Parts of rows, each row JSON text, as lines."""
    for rows in parts:
        yield ("\n".join(rows) + "\n").encode()


def as_csv(names: Iterable[str], parts: Iterable[list[list[str | None]]]) -> Iterator[bytes]:
    """Parts of rows, each row its cells, as CSV under a line of names."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(names)
    for rows in parts:
        writer.writerows(rows)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()
