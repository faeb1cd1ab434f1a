"""What a request's body may be (contract, "Bodies")."""

import gzip
import json
import time
import zlib

import pytest

from events.models import Event
from tests.factories import an_event
from traitly.http import large_bodies

LIMIT = 16 * 1024 * 1024
LINES = "application/x-ndjson"
GZIP = {"Content-Encoding": "gzip"}


def padded(size: int) -> bytes:
    """An event in exactly ``size`` bytes of JSON, most of it whitespace."""
    text = json.dumps(an_event()).encode()
    return text + b" " * (size - len(text))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "text/json",
        "application/vnd.api+json",
        "application/problem+json",
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "",
    ],
)
def test_json_is_read_under_each_of_these_types(api, content_type):
    assert api.post("event", an_event(), content_type=content_type).status == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "application/xml",
        "multipart/form-data; boundary=x",
        "text/html",
        "image/png",
        "application/octet-stream",
        "json",
    ],
)
def test_other_types_are_415(api, content_type):
    response = api.post("event", an_event(), content_type=content_type)

    assert response.status == 415
    assert response.errors == [("unsupported_media_type", None)]
    assert Event.objects.count() == 0


def test_an_array_of_10_000_objects_is_stored(api):
    response = api.post("event", [an_event(i) for i in range(10_000)])

    assert response.status == 201
    assert len(response.data) == 10_000
    assert Event.objects.count() == 10_000


@pytest.mark.parametrize("address", ["event", "customer"])
def test_10_001_objects_are_413(api, address):
    response = api.post(address, [an_event()] * 10_001)

    assert response.status == 413
    assert response.errors == [("request_too_large", None)]
    assert Event.objects.count() == 0


def test_10_001_lines_are_413(api):
    response = api.post("event", b'{"customer_id":"1","name":"x"}\n' * 10_001, content_type=LINES)

    assert response.status == 413
    assert Event.objects.count() == 0


def test_ndjson_is_one_object_a_line(api):
    response = api.post(
        "event",
        b'{"customer_id":"1","name":"a"}\n{"customer_id":"2","name":"b"}',
        content_type=LINES,
    )

    assert response.status == 201
    assert [row["customer_id"] for row in response.data] == ["1", "2"]


def test_ndjson_takes_windows_line_ends_and_blank_lines(api):
    response = api.post(
        "event",
        b'{"customer_id":"1","name":"a"}\r\n\r\n{"customer_id":"2","name":"b"}\r\n\n',
        content_type=LINES,
    )

    assert [row["name"] for row in response.data] == ["a", "b"]


def test_ndjson_with_a_charset(api):
    assert api.post("event", an_event(), content_type=f"{LINES}; charset=utf-8").status == 201


def test_ndjson_that_is_broken_says_in_which_line(api):
    response = api.post("event", b'{"customer_id":"1","name":"a"}\n{oops\n', content_type=LINES)

    assert response.status == 400
    assert "line 2" in response.details.lower()
    assert Event.objects.count() == 0


def test_ndjson_lines_are_judged_one_by_one(api):
    response = api.post(
        "event", b'{"customer_id":"1","name":"a"}\n{"customer_id":"2"}\n[]\n7\n', content_type=LINES
    )

    assert response.status == 207
    assert [row["success"] for row in response.data] == [1, 0, 0, 0]
    assert [row["index"] for row in response.data[1:]] == [1, 2, 3]


def test_gzip(api):
    body = gzip.compress(json.dumps([an_event(1), an_event(2)]).encode())

    assert len(api.post("event", body, headers=GZIP).data) == 2


def test_gzip_of_ndjson(api):
    body = gzip.compress(b'{"customer_id":"1","name":"a"}\n{"customer_id":"2","name":"b"}\n')

    assert len(api.post("event", body, headers=GZIP, content_type=LINES).data) == 2


def test_the_name_of_an_encoding_is_case_insensitive(api):
    assert (
        api.post(
            "event",
            gzip.compress(b"%b" % json.dumps(an_event()).encode()),
            headers={"Content-Encoding": "GZIP"},
        ).status
        == 201
    )


def test_gzip_in_several_members(api):
    text = json.dumps(an_event()).encode()

    assert (
        api.post("event", gzip.compress(text[:9]) + gzip.compress(text[9:]), headers=GZIP).status
        == 201
    )


def test_gzip_that_is_cut_off_is_400(api):
    body = gzip.compress(json.dumps(an_event()).encode())

    for length in (1, 5, 10, len(body) // 2, len(body) - 8, len(body) - 1):
        response = api.post("event", body[:length], headers=GZIP)
        assert (response.status, response.errors) == (400, [("parse_error", None)])
    assert Event.objects.count() == 0


def test_gzip_whose_checksum_is_wrong_is_400(api):
    body = bytearray(gzip.compress(json.dumps(an_event()).encode()))
    body[-6] ^= 1

    assert api.post("event", bytes(body), headers=GZIP).status == 400
    assert Event.objects.count() == 0


def test_gzip_that_is_none_is_400(api):
    response = api.post("event", an_event(), headers=GZIP)

    assert response.status == 400
    assert "gzip" in response.details


def test_gzip_with_something_behind_it_is_400(api):
    body = gzip.compress(json.dumps(an_event()).encode())

    assert api.post("event", body + b"more", headers=GZIP).status == 400


def test_gzip_of_nothing_is_400(api):
    assert api.post("event", gzip.compress(b""), headers=GZIP).errors == [("parse_error", None)]
    assert api.post("event", b"", headers=GZIP).errors == [("parse_error", None)]


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "gzip, gzip"])
def test_other_encodings_are_415(api, encoding):
    assert (
        api.post("event", zlib.compress(b"{}"), headers={"Content-Encoding": encoding}).status
        == 415
    )


def test_a_gzip_bomb_is_413_without_being_unpacked(api, peak_memory):
    bomb = gzip.compress(gzip.compress(b" " * (300 * 1024 * 1024), 9), 9)  # 300 MiB in about 2 KiB
    inner = gzip.decompress(bomb)

    with peak_memory() as peak:
        response = api.post("event", inner, headers=GZIP)

    assert response.status == 413
    assert peak.mebibytes < 64


def test_many_small_gzip_members_cost_little(api, within):
    """Each member may be empty: hundreds of thousands of them fit into a body that is allowed."""
    body = gzip.compress(b"") * 200_000

    with within(seconds=15):
        response = api.post("event", body, headers=GZIP)

    assert response.status in {400, 413}


def test_16_mib_are_accepted(api):
    assert api.post("event", padded(LIMIT)).status == 201


def test_a_byte_more_is_413(api):
    response = api.post("event", padded(LIMIT + 1))

    assert response.status == 413
    assert response.errors == [("request_too_large", None)]


def test_16_mib_after_decompression_are_accepted(api):
    assert api.post("event", gzip.compress(padded(LIMIT), 1), headers=GZIP).status == 201


def test_a_byte_more_after_decompression_is_413(api):
    assert api.post("event", gzip.compress(padded(LIMIT + 1), 1), headers=GZIP).status == 413


def test_a_byte_more_over_two_members_is_413(api):
    body = gzip.compress(b" " * LIMIT, 1) + gzip.compress(b" ", 1)

    assert api.post("event", body, headers=GZIP).status == 413


def test_20_mb_are_413(api):
    assert api.post("event", b" " * 20_000_000).status == 413


@pytest.mark.parametrize("address", ["event", "customer"])
@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"name": "a\xffb"}', "column"),
        (b"\xff\xfe{\x00}\x00", "column"),
        (b"{oops", "column"),
        (b'{"customer_id": "1",}', "column"),
        (b'{"customer_id": "1"', "column"),
        (b'[{"customer_id": "1"}', "column"),
        (b'{"customer_id": "1"}\n\n{"b": 1}', "line 3"),
        (b"customer_id=1&name=x", "column"),
        (b'{"name": "tab\tin a string"}', "column"),
        (b'{"name": "\\x41"}', "column"),
        (b"{'name': 1}", "column"),
    ],
)
def test_what_is_not_json_is_400_that_says_where(api, address, body, where):
    response = api.post(address, body)

    assert response.status == 400
    assert response.errors == [("parse_error", None)]
    assert where in response.details


@pytest.mark.parametrize("body", [b"", b" ", b"\n\t "])
def test_an_empty_body_is_400(api, body):
    assert api.post("event", body).errors == [("parse_error", None)]
    assert api.post("event", body, content_type=LINES).errors == [("parse_error", None)]


def test_an_empty_array_is_400(api):
    response = api.post("event", [])

    assert response.status == 400
    assert response.errors == [("empty", None)]


def test_an_array_of_arrays_is_400_item_by_item(api):
    response = api.post("event", [[], [an_event()]])

    assert response.status == 400
    assert [row["success"] for row in response.data] == [0, 0]
    assert response.json["metadata"] == {"accepted": 0, "rejected": 2}


@pytest.mark.parametrize("body", [b"null", b"true", b"7", b"1.5", b'"text"', b"NaN"])
def test_what_is_no_object_is_400(api, body):
    response = api.post("event", body)

    assert response.status == 400
    assert (
        response.json["type"] == "validation_error"
        or response.json["errors"][0]["code"] == "parse_error"
    )


def nested(depth: int) -> bytes:
    """An event with a number ``depth`` arrays and objects deep, the event itself being the first."""
    return b'{"customer_id":"1","name":"x","a":%b7%b}' % (b"[" * (depth - 1), b"]" * (depth - 1))


def test_nesting_200_deep_is_stored(api):
    response = api.post("event", nested(200))

    assert response.status == 201
    assert api.get("event", {"customer_id": "1", "name": "x"}).data == [response.row]
    assert response.row["custom_attributes"]["a"] == json.loads(nested(200))["a"]


@pytest.mark.parametrize("depth", [201, 202, 1000, 99_000])
def test_deeper_nesting_is_400_that_says_where(api, depth):
    response = api.post("event", nested(depth))

    assert response.status == 400
    assert response.errors == [("parse_error", None)]
    assert "column" in response.details


@pytest.mark.parametrize("empty", [b"[]", b"{}", b"[ ]", b"{\n}"])
@pytest.mark.parametrize("around", [b"%b", b"[%b]"])
def test_an_empty_object_is_a_level_too(api, empty, around):
    """The parser does not count it."""
    levels = 200 - around.count(b"[") - 2  # beside the event and the empty one
    for more, status in ((0, 201), (1, 400)):
        inner = b"[" * (levels + more) + empty + b"]" * (levels + more)
        response = api.post("event", around % (b'{"customer_id":"1","name":"x","a":%b}' % inner))
        assert response.status == status

    assert response.errors == [("parse_error", None)]
    assert "200 levels, in item 0" in response.details


def test_deep_nesting_beside_a_long_integer_is_400(api):
    """A long integer is read by another parser: it must not be fooled."""
    body = b'{"customer_id":"1","name":"x","n":%b,"a":%b%b}' % (
        b"9" * 5000,
        b"[" * 10_000,
        b"]" * 10_000,
    )

    assert api.post("event", body).errors == [("parse_error", None)]


def test_too_many_objects_beside_a_long_integer_are_413(api):
    body = b'[{"n":%b}%b]' % (b"9" * 5000, b',{"customer_id":"1","name":"x"}' * 10_000)

    assert api.post("event", body).status == 413


def test_a_repeated_key_counts_once_the_last(api):
    assert api.post("event", b'{"customer_id":"1","name":"a","name":"b"}').row["name"] == "b"


@pytest.mark.parametrize(("value", "number"), [(b"[]", 100_000), (b"{}", 100_000), (b"1", 250_002)])
@pytest.mark.parametrize("address", ["event", "customer"])
def test_more_containers_than_memory_should_hold_are_413(api, address, value, number):
    """Parsed they would take a hundred times the bytes of the body, which gzip makes a thousand times less."""
    body = b'{"customer_id":"1","name":"x","a":[%b]}' % b",".join([value] * number)

    response = api.post(address, gzip.compress(body), headers=GZIP)

    assert response.status == 413
    assert response.errors == [("request_too_large", None)]


def test_many_lines_of_arrays_are_413_together(api):
    line = b'{"customer_id":"1","name":"x","a":[%b]}' % b",".join([b"[]"] * 1000)

    assert api.post("event", b"\n".join([line] * 110), content_type=LINES).status == 413


@pytest.mark.parametrize(
    "item",
    [
        b",".join(b'"%x":1' % i for i in range(249_998)),
        b'"custom_attributes":{%b}' % b",".join(b'"%x":1' % i for i in range(249_998)),
        b'"a":[%b]' % b",".join(b'{"%x":1}' % i for i in range(99_990)),
        b'"a":[%b]' % b",".join([b"0.5"] * 249_990),
    ],
    ids=["fields", "attributes", "objects", "numbers"],
)
def test_the_most_values_of_a_body_take_bounded_memory_and_time(api, item, peak_memory):
    """A million of them were accepted to be read, which took 550 MB and ten seconds."""
    body = b'{"customer_id":"1","name":"x",%b}' % item
    begin = time.thread_time()
    response = api.post("event", body)
    taken = time.thread_time() - begin
    with peak_memory() as peak:
        api.post("event", body)

    assert (response.status, {code for code, _ in response.errors}) == (400, {"max_length"})
    assert taken < 3
    assert peak.mebibytes < 200


@pytest.mark.parametrize("line", [b"\n", b"  \n"])
def test_blank_lines_take_no_memory(api, line, peak_memory):
    body = line * (5 * 2**20)
    with peak_memory() as peak:
        response = api.post("event", body, content_type=LINES)

    assert response.status == 400
    assert peak.mebibytes < 2.5 * len(body) / 2**20


@pytest.fixture
def _no_turn(monkeypatch):
    """Other requests hold the whole budget for large bodies."""
    monkeypatch.setattr("traitly.http.large_bodies._WAIT_SECONDS", 0.05)
    monkeypatch.setattr("traitly.http.large_bodies.budget", large_bodies._Budget())
    large_bodies.budget.acquire(LIMIT)


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.usefixtures("_no_turn")
def test_a_large_body_waits_for_its_turn(api, compress):
    headers = GZIP if compress is gzip.compress else {}
    large, small = padded(large_bodies.LARGE + 1), padded(large_bodies.LARGE)

    response = api.send("POST", "event", compress(large), headers=headers)

    assert response.status == 503
    assert response.errors == [("service_unavailable", None)]
    assert int(response.headers["Retry-After"]) >= 1
    assert api.send("POST", "event", compress(small), headers=headers).status == 201
    large_bodies.budget.release(LIMIT)
    assert api.send("POST", "event", compress(large), headers=headers).status == 201
    assert (
        api.send("POST", "event", b"[" + large).status == 400
    )  # a turn is given back after an error
    assert api.send("POST", "event", compress(large), headers=headers).status == 201
