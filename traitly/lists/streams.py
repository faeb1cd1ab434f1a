"""Lists as streams: every matching row as NDJSON or CSV, in constant memory however many there are."""

import csv
import io
from collections.abc import Iterable, Iterator

from traitly.lists.definition import ListQuery
from traitly.lists.pages import pages


def ndjson_lines(asked: ListQuery, *, account_id: int) -> Iterator[bytes]:
    """The rows as JSON objects, one a line, in chunks of many lines. They can be posted back."""
    return as_ndjson(pages(asked, account_id=account_id))


def csv_lines(asked: ListQuery, *, account_id: int) -> Iterator[bytes]:
    """The rows as CSV (RFC 4180) under a line of names, in chunks; custom attributes are one cell of JSON."""
    return as_csv(asked.definition.columns, pages(asked, account_id=account_id, cells=True))


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
