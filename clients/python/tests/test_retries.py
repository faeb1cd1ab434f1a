"""What happens when requests fail, with a proxy that makes them."""

import pickle
import time
from email.utils import formatdate

import httpx
import pytest

from traitly import (
    APIError,
    AuthenticationError,
    NetworkError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    Traitly,
)
from traitly._backoff import wait_before

from .conftest import Faults


def _stored(direct: Traitly, customer_id: str) -> int:
    return sum(1 for _ in direct.customers.events(customer_id))


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 503},
        {"fault": "status", "status": 502, "body": "<html>Bad gateway</html>"},
        {"fault": "cut before"},
        {"fault": "cut after"},
        {"fault": "cut in body"},
    ],
    ids=lambda fault: f"{fault['fault']} {fault.get('status', '')}".strip(),
)
def test_an_event_is_stored_once_whatever_fails(
    traitly: Traitly, direct: Traitly, faults: Faults, customer_id: str, fault: dict[str, object]
) -> None:
    faults.queue(fault, fault)
    event = traitly.events.send(customer_id=customer_id, name="Logged in")
    assert event["success"] == 1
    requests = faults.requests
    assert len(requests) == 3
    assert len({request["body"] for request in requests}) == 1
    assert _stored(direct, customer_id) == 1


def test_a_batch_is_stored_once_whatever_fails(
    traitly: Traitly, direct: Traitly, faults: Faults, customer_id: str
) -> None:
    faults.queue(
        {"fault": "cut after"}, {"fault": "cut in body"}, {"fault": "status", "status": 503}
    )
    result = traitly.events.send_many([{"customer_id": customer_id, "name": "n"}] * 10)
    assert result.accepted == 10
    assert result.duplicates == 10  # the first attempt had stored them
    assert _stored(direct, customer_id) == 10


def test_a_slow_answer_is_asked_for_again(
    direct: Traitly, faults: Faults, key: str, customer_id: str
) -> None:
    faults.queue({"fault": "slow", "seconds": 2})
    with Traitly(url=faults.url, key=key, timeout=0.5) as traitly:
        traitly.events.send(customer_id=customer_id, name="Logged in")
    assert len(faults.requests) == 2
    assert _stored(direct, customer_id) == 1


def test_a_server_that_stays_slow_is_a_timeout(faults: Faults, key: str) -> None:
    faults.queue(*[{"fault": "slow", "seconds": 1}] * 2)
    with Traitly(url=faults.url, key=key, timeout=0.3, max_retries=1) as traitly:
        with pytest.raises(
            RequestTimeoutError, match=r"did not answer GET /customer in 0.3 s \(tried 2 times\)"
        ):
            list(traitly.customers.list())


def test_retry_after_is_honoured(traitly: Traitly, faults: Faults, customer_id: str) -> None:
    faults.status(429, Retry_After="1")
    begin = time.monotonic()
    traitly.events.send(customer_id=customer_id, name="Logged in")
    assert 1 <= time.monotonic() - begin < 3


def test_retry_after_may_be_a_date(traitly: Traitly, faults: Faults, customer_id: str) -> None:
    faults.status(503, Retry_After=formatdate(time.time() + 2, usegmt=True))
    begin = time.monotonic()
    traitly.events.send(customer_id=customer_id, name="Logged in")
    assert 0.9 <= time.monotonic() - begin < 4


def test_a_long_retry_after_is_raised_not_slept_through(traitly: Traitly, faults: Faults) -> None:
    faults.status(429, Retry_After="3600")
    with pytest.raises(RateLimitError) as caught:
        traitly.customers.get("1")
    assert caught.value.retry_after == 3600
    assert len(faults.requests) == 1


def test_there_is_an_end_to_retries(traitly: Traitly, faults: Faults) -> None:
    faults.status(503, times=6)
    with pytest.raises(ServerError, match=r"503 unexpected_response.*\(tried 6 times\)") as caught:
        traitly.customers.get("1")
    assert caught.value.attempts == 6
    assert len(faults.requests) == 6


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 501])
def test_what_will_not_pass_is_not_retried(traitly: Traitly, faults: Faults, status: int) -> None:
    faults.status(status)
    with pytest.raises(APIError) as caught:
        traitly.customers.get("1")
    assert caught.value.status == status
    assert len(faults.requests) == 1


def test_a_page_is_read_again(traitly: Traitly, faults: Faults, customer_id: str) -> None:
    traitly.events.send_many(
        {"customer_id": customer_id, "name": "n", "created_at": i} for i in range(6)
    )
    faults.queue({"fault": "none"}, {"fault": "cut in body"}, {"fault": "status", "status": 503})
    assert len(list(traitly.customers.events(customer_id, limit=2))) == 6


def test_an_erasure_whose_answer_was_lost_is_done(
    traitly: Traitly, faults: Faults, customer_id: str
) -> None:
    event = traitly.events.send(customer_id=customer_id, name="n")
    faults.queue({"fault": "cut after"})
    traitly.events.delete(event["id"])
    traitly.events.send(customer_id=customer_id, name="n")
    faults.queue({"fault": "cut after"})
    assert traitly.customers.erase(customer_id) is None


def test_progress_of_a_batch_that_breaks_off_is_known(
    faults: Faults, key: str, customer_id: str
) -> None:
    with Traitly(url=faults.url, key=key, max_retries=0) as traitly:
        faults.queue({"fault": "none"}, {"fault": "status", "status": 503})
        with pytest.raises(ServerError) as caught:
            traitly.events.send_many({"customer_id": customer_id, "name": "n"} for _ in range(1500))
    assert caught.value.result
    assert caught.value.result.accepted == 1000


def test_nobody_there_is_said_so(key: str) -> None:
    with (
        Traitly(url="http://127.0.0.1:9", key=key, max_retries=1) as traitly,
        pytest.raises(
            NetworkError,
            match=r"http://127.0.0.1:9/api/v1/customer/1 failed: .*refused.*tried 2 times",
        ),
    ):
        traitly.customers.get("1")


def test_a_wrong_key(url: str) -> None:
    with Traitly(url=url, key="wrong") as traitly:
        with pytest.raises(AuthenticationError, match="Unknown, revoked or expired API key"):
            traitly.customers.get("1")


def test_a_page_of_something_else_is_no_answer(traitly: Traitly, faults: Faults) -> None:
    faults.status(200, body="<html>Welcome to the hotel's network</html>", Content_Type="text/html")
    with pytest.raises(APIError, match="This is not Traitly's API.*text/html.*Is the url right"):
        traitly.customers.get("1")


def test_redirects_are_not_followed(traitly: Traitly, faults: Faults) -> None:
    faults.status(301, Location="https://elsewhere.example.com/")
    with pytest.raises(
        APIError, match="redirects to https://elsewhere.example.com/: use that as the url"
    ):
        traitly.events.send(customer_id="1", name="n")


def test_errors_survive_pickling(traitly: Traitly, faults: Faults) -> None:
    faults.status(
        404,
        body='{"object":"error","type":"client_error","errors":[{"code":"not_found","detail":"d","attr":null}]}',
    )
    with pytest.raises(APIError) as caught:
        traitly.customers.get("1")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.errors) == (
        type(caught.value),
        str(caught.value),
        caught.value.errors,
    )


def test_waits_double_and_are_random_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traitly._backoff.FIRST_WAIT", 0.25)
    monkeypatch.setattr("traitly._backoff.MAX_WAIT", 30)
    for attempt, most in [(2, 0.25), (3, 0.5), (4, 1), (20, 30), (5000, 30)]:
        waits = [wait_before(attempt, None) for _ in range(200)]
        assert most / 2 <= min(waits) < max(waits) <= most
    after = [wait_before(2, 10) for _ in range(200)]
    assert 10 < min(after) < max(after) <= 10.25


@pytest.mark.parametrize(
    ("url", "key", "message"),
    [
        ("", "k", "Say where the server is"),
        ("https://t.example.com", "", "An API key is needed"),
        ("t.example.com", "k", "is not the URL of a server"),
        ("https://t.example.com", "a b", "characters that no key has"),
        ("https://t.example.com?x=1", "k", "has a query"),
    ],
)
def test_settings_that_make_no_sense(
    monkeypatch: pytest.MonkeyPatch, url: str, key: str, message: str
) -> None:
    monkeypatch.delenv("TRAITLY_URL", raising=False)
    monkeypatch.delenv("TRAITLY_API_KEY", raising=False)
    with pytest.raises(ValueError, match=message):
        Traitly(url=url, key=key)


def test_settings_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, url: str, key: str
) -> None:
    monkeypatch.setenv("TRAITLY_URL", f"{url}/api/v1/")
    monkeypatch.setenv("TRAITLY_API_KEY", key)
    with Traitly() as traitly:
        assert traitly.customers.list(limit=1).page().data is not None
        assert key not in repr(traitly)


def test_an_httpx_client_of_ones_own(url: str, key: str) -> None:
    with httpx.Client() as http:
        with Traitly(url=url, key=key, http_client=http) as traitly:
            traitly.customers.list(limit=1).page()
        assert not http.is_closed
