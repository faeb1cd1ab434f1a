"""Many items in as few requests as needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from traitly._async.transport import AsyncTransport
from traitly._batches import read_result
from traitly._protocol import chunks, post_many
from traitly._values import to_json
from traitly.errors import PayloadTooLargeError, TraitlyError
from traitly.results import BatchResult, Rejection

MAX_ITEMS = 1000
MAX_BYTES = 4 * 1024 * 1024


async def send_many(
    transport: AsyncTransport, path: str, items: Iterable[Mapping[str, Any]]
) -> BatchResult:
    """Send all of them, in order; an error has what was done before it in ``error.result``."""
    result = BatchResult()
    sent: dict[int, Mapping[str, Any]] = {}

    def numbered() -> Iterator[tuple[int, bytes]]:
        for index, item in enumerate(items):
            sent[index] = item
            yield index, to_json(item)

    for run in chunks(numbered(), MAX_ITEMS, MAX_BYTES):
        try:
            await _send_run(transport, path, run, sent, result)
        except TraitlyError as error:
            error.result = result
            raise
        for index, _ in run:
            del sent[index]
    return result


async def _send_run(
    transport: AsyncTransport,
    path: str,
    run: list[tuple[int, bytes]],
    sent: Mapping[int, Mapping[str, Any]],
    result: BatchResult,
) -> None:
    try:
        body = await transport.send(post_many(path, [text for _, text in run]))
    except PayloadTooLargeError as error:  # the server may be set to read less at once
        if len(run) == 1:
            index = run[0][0]
            result.rejected.append(Rejection(index, sent[index], error.errors))
            return
        middle = len(run) // 2
        await _send_run(transport, path, run[:middle], sent, result)
        await _send_run(transport, path, run[middle:], sent, result)
        return
    read_result(body, run, sent.__getitem__, result)
