"""The background batcher: bounded, patient, flushed at exit and before forks."""

import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from traitly import Batcher, QueueFullError, RejectedError, Traitly, TraitlyError, UndeliveredError

from .conftest import Faults

EXIT = """
import {imports}
from traitly import Traitly
traitly = Traitly(url={url!r}, key={key!r})
batcher = traitly.batcher(interval=60)
for i in range(5):
    batcher.send(customer_id={customer_id!r}, name="n", custom_attributes={{"i": i}})
{ending}
"""


def _stored(direct: Traitly, customer_id: str) -> int:
    return sum(1 for _ in direct.customers.events(customer_id))


class Told:
    """An ``on_error`` that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[Sequence[Mapping[str, Any]], TraitlyError]] = []

    def __call__(self, items: Sequence[Mapping[str, Any]], error: TraitlyError) -> None:
        self.calls.append((items, error))


def test_items_are_sent_together(traitly: Traitly, faults: Faults, customer_id: str) -> None:
    with traitly.batcher() as batcher:
        for i in range(100):
            batcher.send(customer_id=customer_id, name="n", created_at=i)
        batcher.upsert(
            customer_id=customer_id, name="N", email="n@example.com", plan="p", location="Berlin"
        )
        batcher.flush()
        assert batcher.stats == (0, 101, 0)
    assert len(faults.requests) == 2
    assert [event["created_at"] for event in traitly.customers.events(customer_id)] == [
        str(i) for i in range(100)
    ]
    assert traitly.customers.get(customer_id)["location"] == "Berlin"


def test_nothing_starts_before_the_first_item(traitly: Traitly) -> None:
    before = threading.active_count()
    batcher = traitly.batcher()
    assert threading.active_count() == before
    batcher.send(customer_id="1", name="n")
    assert threading.active_count() == before + 1
    batcher.close()
    assert threading.active_count() == before


def test_items_go_after_the_interval_without_a_flush(
    traitly: Traitly, faults: Faults, customer_id: str
) -> None:
    with traitly.batcher(interval=2) as batcher:
        batcher.send(customer_id=customer_id, name="n")
        assert faults.requests == []
        deadline = time.monotonic() + 10
        while batcher.stats.delivered == 0:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_full_batch_goes_at_once(traitly: Traitly, customer_id: str) -> None:
    with traitly.batcher(interval=3600, batch_size=10) as batcher:
        for _ in range(25):
            batcher.send(customer_id=customer_id, name="n")
        deadline = time.monotonic() + 10
        while batcher.stats.delivered < 20:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert batcher.stats.pending == 5


def test_the_time_of_an_event_is_when_it_happened(traitly: Traitly, customer_id: str) -> None:
    with traitly.batcher(interval=1.5) as batcher:
        begin = time.time()
        batcher.send(customer_id=customer_id, name="n")
        end = time.time()
    [event] = traitly.customers.events(customer_id)
    assert begin - 0.001 <= float(event["created_at"]) <= end


@pytest.mark.parametrize(
    "fault",
    [{"fault": "cut before"}, {"fault": "cut after"}, {"fault": "status", "status": 503}],
    ids=str,
)
def test_nothing_is_lost_or_doubled_while_the_server_is_away(
    traitly: Traitly, direct: Traitly, faults: Faults, customer_id: str, fault: dict[str, Any]
) -> None:
    faults.queue(*[fault] * 8)  # more than max_retries
    with traitly.batcher() as batcher:
        for _ in range(50):
            batcher.send(customer_id=customer_id, name="n")
        batcher.flush()
    assert _stored(direct, customer_id) == 50


def test_refused_items_are_reported_and_the_others_stored(
    traitly: Traitly, customer_id: str
) -> None:
    told = Told()
    with traitly.batcher(on_error=told) as batcher:
        batcher.send(customer_id=customer_id, name="n")
        batcher.send(customer_id=customer_id, name=" ")
        batcher.flush()
        assert batcher.stats == (0, 1, 1)
    [(items, error)] = told.calls
    assert [item["name"] for item in items] == [" "]
    assert isinstance(error, RejectedError)
    assert error.result.rejected[0].errors[0].attr == "1.name"


def test_without_on_error_failures_are_logged(
    url: str, customer_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.ERROR, "traitly"),
        Traitly(url=url, key="wrong").batcher() as batcher,
    ):
        batcher.send(customer_id=customer_id, name="n")
    assert (
        "1 items were not stored: 401 client_error: Unknown, revoked or expired API key"
        in caplog.text
    )


def test_a_failing_on_error_does_not_end_the_thread(traitly: Traitly, customer_id: str) -> None:
    def fail(items: object, error: object) -> None:
        raise RuntimeError

    with traitly.batcher(on_error=fail) as batcher:
        batcher.send(customer_id=customer_id, name=" ")
        batcher.flush()
        batcher.send(customer_id=customer_id, name="n")
        batcher.flush()
        assert batcher.stats == (0, 1, 1)


def _away(key: str, **options: Any) -> Batcher:
    """A batcher whose server is not there."""
    return Traitly(url="http://127.0.0.1:9", key=key).batcher(**options)


def test_a_full_queue_blocks_and_then_refuses(key: str) -> None:
    told = Told()
    batcher = _away(key, max_items=3, max_block=0.2, on_error=told)
    for _ in range(3):
        batcher.send(customer_id="1", name="n")
    begin = time.monotonic()
    with pytest.raises(QueueFullError, match=r"full \(3 items"):
        batcher.send(customer_id="1", name="n")
    assert time.monotonic() - begin >= 0.2
    with pytest.raises(UndeliveredError, match="3 items"):
        batcher.close(timeout=0.2)
    assert [len(items) for items, _ in told.calls] == [3]
    with pytest.raises(QueueFullError, match="closed"):
        batcher.send(customer_id="1", name="n")


def test_the_queue_is_bounded_in_bytes_too(key: str) -> None:
    batcher = _away(key, max_bytes=3000, max_block=0, on_error=Told())
    for _ in range(2):
        batcher.send(customer_id="1", name="n", custom_attributes={"a": "x" * 1000})
    with pytest.raises(QueueFullError):
        batcher.send(customer_id="1", name="n", custom_attributes={"a": "x" * 1000})
    assert batcher.stats.pending == 2
    with pytest.raises(UndeliveredError):
        batcher.close(timeout=0)


def test_room_is_waited_for(traitly: Traitly, faults: Faults, customer_id: str) -> None:
    faults.queue({"fault": "slow", "seconds": 0.5})
    with traitly.batcher(max_items=1, batch_size=1, max_block=5) as batcher:
        for _ in range(3):
            batcher.send(customer_id=customer_id, name="n")
    assert _stored(traitly, customer_id) == 3


def test_flush_says_what_is_left(key: str) -> None:
    batcher = _away(key, on_error=Told())
    batcher.send(customer_id="1", name="n")
    with pytest.raises(UndeliveredError, match="1 items"):
        batcher.flush(timeout=0.1)
    assert batcher.stats.pending == 1
    with pytest.raises(UndeliveredError):
        batcher.close(timeout=0)


def test_many_threads_lose_nothing(traitly: Traitly, customer_id: str) -> None:
    with traitly.batcher(batch_size=50, max_items=100, max_block=30) as batcher:

        def work() -> None:
            for _ in range(200):
                batcher.send(customer_id=customer_id, name="n")

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(1 for _ in traitly.customers.events(customer_id, limit=1000)) == 1600


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "raise SystemExit(0)",
        "import threading; threading.Thread(target=lambda: None).start()",
        # As daemons do: only the flush before the fork sends it
        "import os\nif os.fork(): os._exit(0)",
        "import os\nif os.fork() == 0: os._exit(0)",
    ],
    ids=["end", "exit", "thread", "parent gone", "child gone"],
)
def test_the_queue_is_sent_at_the_end_of_the_process(
    direct: Traitly, url: str, key: str, customer_id: str, ending: str
) -> None:
    script = EXIT.format(imports="sys", url=url, key=key, customer_id=customer_id, ending=ending)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    assert _stored(direct, customer_id) == 5


def test_what_cannot_be_sent_at_the_end_is_logged(key: str) -> None:
    script = EXIT.format(
        imports="logging",
        url="http://127.0.0.1:9",
        key=key,
        customer_id="1",
        ending="batcher.exit_timeout = 0.5",
    )
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert time.monotonic() - begin < 10
    assert "5 items were not stored" in done.stderr


def test_both_sides_of_a_fork_go_on(direct: Traitly, url: str, key: str, customer_id: str) -> None:
    ending = f"""
import os
child = os.fork()
batcher.send(customer_id={customer_id!r}, name="child" if child == 0 else "parent")
if child == 0:
    traitly.events.send(customer_id={customer_id!r}, name="child, directly")
    batcher.close()
    os._exit(0)
os.waitpid(child, 0)
"""
    script = EXIT.format(imports="sys", url=url, key=key, customer_id=customer_id, ending=ending)
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], timeout=60, check=True)
    names = sorted(event["name"] for event in direct.customers.events(customer_id))
    assert names == ["child", "child, directly", "n", "n", "n", "n", "n", "parent"]


def _in_child(batcher: Batcher, customer_id: str) -> None:
    batcher.send(customer_id=customer_id, name="n")


def test_children_of_multiprocessing_send_at_their_end(
    direct: Traitly, url: str, key: str, customer_id: str
) -> None:
    batcher = Traitly(url=url, key=key).batcher(interval=60)
    process = multiprocessing.get_context("fork").Process(
        target=_in_child, args=(batcher, customer_id)
    )
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert _stored(direct, customer_id) == 1
    batcher.close()


def test_a_fork_does_not_wait_for_ever_for_a_server_that_is_away(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traitly.batcher.FORK_TIMEOUT", 0.2)
    batcher = _away(key, on_error=Told())
    batcher.send(customer_id="1", name="n")
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        os._exit(batcher.stats.pending)
    assert os.waitpid(child, 0)[1] == 0
    assert time.monotonic() - begin < 5
    assert batcher.stats.pending == 1
    with pytest.raises(UndeliveredError):
        batcher.close(timeout=0)
