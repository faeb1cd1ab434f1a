"""Lists as streams: every matching row as NDJSON or CSV, in constant memory however many there are."""

import csv
import io
from collections.abc import Iterator

from traitly.lists.engine import ListQuery, pages


def ndjson_lines(asked: ListQuery, *, account_id: int) -> Iterator[bytes]:
    """The rows as JSON objects, one a line, in chunks of many lines. They can be posted back."""
    for rows in pages(asked, account_id=account_id):
        yield ("\n".join(rows) + "\n").encode()


def csv_lines(asked: ListQuery, *, account_id: int) -> Iterator[bytes]:
    """The rows as CSV (RFC 4180) under a line of names, in chunks; custom attributes are one cell of JSON."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(asked.definition.columns)
    for rows in pages(asked, account_id=account_id, cells=True):
        writer.writerows(rows)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()
