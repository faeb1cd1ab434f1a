"""From a file to rows: the JSON objects that a client would send, or what is wrong with them."""

import csv
import io
import json
from collections.abc import Generator
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple

import orjson
from django.conf import settings

from traitly.input.errors import Error

MAX_KEPT = 64 * 1024  # bytes of a row that is not JSON


class Row(NamedTuple):
    """A row of a file: its first line, and a JSON object's text without line breaks, or what is wrong with it."""

    line: int
    text: bytes
    error: Error | None = None


def ndjson_rows(stream: BinaryIO) -> Generator[Row, None, None]:
    """The lines that are not blank. A line longer than a request may be is not kept in memory."""
    most: int = settings.MAX_BODY_BYTES
    number = 0
    while text := stream.readline(most + 1):
        number += 1
        error = None
        if len(text) > most:
            error = Error("max_length", f"The line is longer than {most} bytes.")
            rest = text
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(most)
            text = text[:MAX_KEPT]
        text = text.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else text.strip()
        if text:
            yield Row(number, text, error)


def csv_rows(stream: BinaryIO, read_only: frozenset[str]) -> Generator[Row, None, None]:
    """The rows below the header, each as the JSON object that a client would send."""
    csv.field_size_limit(settings.MAX_BODY_BYTES)
    lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(lines, strict=True)
    try:
        names = _names(next(reader, []))
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if cells:
                yield _csv_row(line, names, cells, read_only)
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num}: {error}") from error
    finally:
        lines.detach()  # the stream belongs to whoever opened it


def _names(cells: list[str]) -> list[str]:
    if not all(cells) or len(set(cells)) < len(cells):
        raise csv.Error("the first line must name each column, none twice")
    return cells


def _csv_row(line: int, names: list[str], cells: list[str], read_only: frozenset[str]) -> Row:
    sent = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
    fields: dict[str, Any] = dict(sent)
    error = None
    if len(cells) > len(names):
        error = Error("invalid", f"The row has {len(cells)} cells, the first line {len(names)}.")
    elif "custom_attributes" in sent:
        text = sent["custom_attributes"]
        try:
            json.loads(
                text, parse_int=Decimal
            )  # check that it is one value; its text is what gets stored
        except (ValueError, RecursionError):
            error = Error("invalid", "The cell is not JSON.", "custom_attributes")
        else:
            # Line breaks occur only between tokens: JSON escapes them within strings.
            fields["custom_attributes"] = orjson.Fragment(
                text.replace("\r", " ").replace("\n", " ")
            )
    for name in read_only & sent.keys():
        if sent[name] == "1":  # the success field of a response
            fields[name] = 1
    try:
        return Row(line, orjson.dumps(fields), error)
    except TypeError:  # a byte that is not UTF-8 became a lone surrogate
        shown = {name: cell.encode(errors="replace").decode() for name, cell in sent.items()}
        return Row(line, orjson.dumps(shown), Error("invalid", "The row is not UTF-8."))


def shown(text: bytes) -> Any:
    """A row as the rejected file shows it: as JSON where it is, exactly as it stood."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text[:MAX_KEPT].decode(errors="replace")
    return orjson.Fragment(text)
