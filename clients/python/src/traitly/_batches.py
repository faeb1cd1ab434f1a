"""What the response to a batch says about its items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from traitly._openapi import Hint
from traitly._protocol import read_errors
from traitly.errors import ErrorDetail
from traitly.results import BatchResult, Rejection


def read_result(
    body: Mapping[str, Any],
    run: Sequence[tuple[int, bytes]],
    item_at: Callable[[int], Mapping[str, Any]],
    result: BatchResult,
) -> None:
    """Add the response to ``result``. ``run`` is what was sent, with the place of each item in the whole."""
    metadata = body.get("metadata") or {}
    refused = [row for row in body["data"] if row.get("success") == 0 and "errors" in row]
    for row in refused:
        index = run[row["index"]][0]
        result.rejected.append(Rejection(index, item_at(index), _renumbered(row, index)))
    result.accepted += len(run) - len(refused)
    result.duplicates += metadata.get("duplicates", 0)
    for hint in metadata.get("hints", ()):
        place, dot, field = hint["attr"].partition(".")
        result.hints.append(Hint(attr=f"{run[int(place)][0]}{dot}{field}", detail=hint["detail"]))


def _renumbered(row: Mapping[str, Any], index: int) -> tuple[ErrorDetail, ...]:
    """The errors; ``attr`` starts with the item's place in the request, which is not its place in the whole."""
    there = str(row["index"])

    def renumber(error: ErrorDetail) -> ErrorDetail:
        if error.attr is None or not error.attr.startswith(there):
            return error
        return error._replace(attr=f"{index}{error.attr.removeprefix(there)}")

    return tuple(map(renumber, read_errors(row["errors"])))
