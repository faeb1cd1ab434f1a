"""Which requests to a webhook are kept to be looked at."""

import pytest

from feed.attempts import AttemptLog


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("feed.attempts.time.monotonic", lambda: now[0])
    return now


def test_of_many_successes_the_first_are_kept_and_then_one_now_and_then(clock):
    log = AttemptLog()
    assert [log.wants(accepted=True) for _ in range(8)] == [True] * 5 + [False] * 3
    clock[0] += 2
    assert [log.wants(accepted=True) for _ in range(2)] == [True, False]
    clock[0] += 100
    assert [log.wants(accepted=True) for _ in range(8)] == [True] * 5 + [False] * 3


def test_every_failure_is_kept(clock):
    log = AttemptLog()
    assert all(log.wants(accepted=False) for _ in range(100))
    assert log.wants(accepted=True)
