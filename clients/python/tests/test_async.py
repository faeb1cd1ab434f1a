"""The asyncio client is the source that the blocking one is made from; what differs is tested here."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from traitly import (
    AsyncTraitly,
    NotFoundError,
    QueueFullError,
    RejectedError,
    ServerError,
    UndeliveredError,
)

from .conftest import Faults


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_everything_works_with_await(url: str, key: str, customer_id: str) -> None:
    async def work() -> None:
        async with AsyncTraitly(url=url, key=key) as traitly:
            customer = await traitly.customers.upsert(
                customer_id=customer_id,
                name="N",
                email="n@example.com",
                plan=f"plan of {customer_id}",
            )
            assert await traitly.customers.get(customer_id) == customer
            assert [one async for one in traitly.customers.list(plan=f"plan of {customer_id}")] == [
                customer
            ]
            assert (await traitly.customers.update(customer_id, plan="Atom"))["plan"] == "Atom"
            event = await traitly.events.send(customer_id=customer_id, name="n")
            assert await traitly.events.get(event["id"]) == event
            result = await traitly.events.send_many(
                {"customer_id": customer_id, "name": "m"} for _ in range(5)
            )
            assert result.accepted == 5
            assert len([one async for one in traitly.customers.events(customer_id, limit=2)]) == 6
            pages = [
                page
                async for page in traitly.events.list(
                    customer_id=customer_id, name="m", limit=2
                ).pages()
            ]
            assert [len(page.data) for page in pages] == [2, 2, 1]
            await traitly.events.delete(event["id"])
            with pytest.raises(RejectedError):
                await traitly.customers.upsert_many([{"customer_id": customer_id}])
            assert await traitly.customers.erase(customer_id) == 5
            with pytest.raises(NotFoundError):
                await traitly.customers.get(customer_id)

    _run(work())


def test_retries(faults: Faults, key: str, customer_id: str) -> None:
    async def work() -> None:
        async with AsyncTraitly(url=faults.url, key=key, max_retries=2) as traitly:
            faults.queue({"fault": "cut after"}, {"fault": "status", "status": 503})
            await traitly.events.send(customer_id=customer_id, name="n")
            assert len([one async for one in traitly.customers.events(customer_id)]) == 1
            faults.status(503, times=3)
            with pytest.raises(ServerError):
                await traitly.customers.get(customer_id)

    _run(work())


def test_many_at_once(url: str, key: str, customer_id: str) -> None:
    async def work() -> None:
        async with AsyncTraitly(url=url, key=key) as traitly:
            await asyncio.gather(
                *[traitly.events.send(customer_id=customer_id, name="n") for _ in range(50)]
            )
            assert len([one async for one in traitly.customers.events(customer_id)]) == 50

    _run(work())


def test_the_batcher(faults: Faults, key: str, customer_id: str) -> None:
    async def work() -> None:
        async with AsyncTraitly(url=faults.url, key=key) as traitly:
            async with traitly.batcher() as batcher:
                for _ in range(100):
                    await batcher.send(customer_id=customer_id, name="n")
                await batcher.upsert(
                    customer_id=customer_id,
                    name="N",
                    email="n@example.com",
                    plan="p",
                    location="Rome",
                )
                await batcher.flush()
                assert batcher.stats.delivered == 101
            assert len(faults.requests) == 2
            assert (await traitly.customers.get(customer_id))["location"] == "Rome"

    _run(work())


def test_a_full_queue_does_not_block_the_loop(key: str) -> None:
    async def work() -> None:
        batcher = AsyncTraitly(url="http://127.0.0.1:9", key=key).batcher(
            max_items=1, max_block=0.5, on_error=lambda items, error: None
        )
        await batcher.send(customer_id="1", name="n")
        waiting = asyncio.ensure_future(batcher.send(customer_id="1", name="n"))
        for _ in range(10):  # the loop goes on meanwhile
            await asyncio.sleep(0.01)
        assert not waiting.done()
        with pytest.raises(QueueFullError):
            await waiting
        with pytest.raises(UndeliveredError):
            await batcher.aclose(timeout=0)

    _run(work())


def test_the_environment(monkeypatch: pytest.MonkeyPatch, url: str, key: str) -> None:
    monkeypatch.setenv("TRAITLY_URL", url)
    monkeypatch.setenv("TRAITLY_API_KEY", key)
    assert repr(AsyncTraitly()) == f"<AsyncTraitly {url}>"
