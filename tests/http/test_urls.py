"""Addresses and methods (contract, "Addresses")."""

from urllib.parse import quote

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from tests.factories import a_customer, an_event
from traitly.http.middleware import RequestIdMiddleware

PREFIXES = ["/api/v1/", "/api/"]
ENDS = ["", "/"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("end", ENDS)
def test_every_address_with_and_without_version_and_slash(api, prefix, end):
    assert api.post(f"{prefix}customer{end}", a_customer("1")).status == 201
    assert api.post(f"{prefix}event{end}", an_event("1", id="e")).status == 201

    assert api.get(f"{prefix}customer{end}").row["customer_id"] == "1"
    assert api.get(f"{prefix}customer/1{end}").row["customer_id"] == "1"
    assert api.get(f"{prefix}customer/1/event{end}").row["id"] == "e"
    assert (
        api.get(f"{prefix}event{end}", {"customer_id": "1", "name": "Logged in"}).row["id"] == "e"
    )
    assert api.get(f"{prefix}event/e{end}").row["id"] == "e"
    assert api.patch(f"{prefix}customer/1{end}", {"plan": "Atom"}).row["plan"] == "Atom"
    assert api.delete(f"{prefix}event/e{end}").status == 200
    assert api.delete(f"{prefix}customer/1{end}").status == 200


def test_addresses_are_never_redirects_behind_tls_either(api, settings):
    settings.SECURE_SSL_REDIRECT = True

    for address in ("customer", "customer/", "/api/customer/", "/api/nothing"):
        assert "Location" not in api.get(address).headers


@pytest.mark.parametrize("address", ["customer", "customer/1", "customer/1/event", "event/e"])
def test_head_is_get_without_a_body(api, address):
    api.post("customer", a_customer("1"))
    api.post("event", an_event("1", id="e"))

    head = api.send("HEAD", address)
    get = api.get(address)

    assert (head.status, head.content) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers["Content-Length"] == get.headers.get(
        "Content-Length", str(len(get.content))
    )


@pytest.mark.parametrize(
    "response", [HttpResponse(b"abc"), StreamingHttpResponse([b"abc"])], ids=["whole", "stream"]
)
def test_an_answer_to_head_has_no_content(rf, response):
    """Django's test client would drop it, and gunicorn does so with a warning."""
    answered = RequestIdMiddleware(lambda _request: response)(rf.head("/"))

    assert b"".join(answered) == b""
    assert answered.headers.get("Content-Length", "3") == "3"


ALLOWED = {
    "customer": {"GET", "POST", "HEAD", "OPTIONS"},
    "event": {"GET", "POST", "DELETE", "HEAD", "OPTIONS"},
    "customer/1": {"GET", "PATCH", "DELETE", "HEAD", "OPTIONS"},
    "event/e": {"GET", "DELETE", "HEAD", "OPTIONS"},
    "customer/1/event": {"GET", "HEAD", "OPTIONS"},
}


@pytest.mark.parametrize("address", ALLOWED)
def test_options_lists_the_methods(api, address):
    answer = api.send("OPTIONS", address)

    assert answer.status in {200, 204}
    assert set(answer.headers["Allow"].split(", ")) == ALLOWED[address]


@pytest.mark.parametrize(
    ("method", "address"),
    [
        (method, address)
        for address, allowed in ALLOWED.items()
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X-OWN"]
        if method not in allowed
    ],
)
def test_other_methods_are_405_with_allow(api, method, address):
    answer = api.send(method, address, {})

    assert answer.status == 405
    assert answer.errors == [("method_not_allowed", None)]
    assert set(answer.headers["Allow"].split(", ")) == ALLOWED[address]


@pytest.mark.parametrize(
    "address",
    [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/customer",
        "/api/v1/nothing",
        "/api/v1/customers",
        "/api/v1/event%0A",
        "/api/v1/customer%0A",
        "/api/v1//customer",
        "/api/admin/",
        "/api/v1/../../etc/passwd",
        "/api/%00",
        "/api/%FF",
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_unknown_addresses_are_404_in_json(api, anonymous, settings, address, debug):
    settings.DEBUG = debug

    for client in (api, anonymous):
        for method in ("GET", "POST", "DELETE"):
            answer = client.send(method, address)
            assert answer.status == 404
            assert answer.errors == [("not_found", None)]


@pytest.mark.parametrize(
    "customer_id",
    [
        "a b",
        "a/b",
        "a?b#c",
        "100%",
        "%2F",
        "é😀",
        "..",
        ".",
        "a.b",
        "a\nb",
        "event",
        "event/x",
        "x/event",
        "x/",
        "x//",
        "/",
        "/x",
        "&=+",
        "x" * 255,
        "'\"\\<",
    ],
)
def test_every_customer_id_can_be_addressed(api, customer_id):

    assert api.post("customer", a_customer(customer_id)).status == 201
    address = f"customer/{quote(customer_id, safe='')}"

    assert api.get(address).row["customer_id"] == customer_id
    assert api.patch(address, {"plan": "Atom"}).row["plan"] == "Atom"
    assert api.delete(address).status == 200
    assert api.get("customer").data == []


@pytest.mark.parametrize(
    "event_id",
    ["a b", "a/b", "a/", "/", "a?b#c", "100%", "%2F", "é😀", "..", "a\nb", "event", "x" * 255],
)
def test_every_event_id_can_be_addressed(api, event_id):

    assert api.post("event", an_event(id=event_id)).status == 201
    address = f"event/{quote(event_id, safe='')}"

    assert api.get(address).row["id"] == event_id
    assert api.delete(address).row["id"] == event_id
    assert api.get(address).status == 404


def test_an_encoded_slash_belongs_to_the_identifier(api):
    for customer_id in ("a", "a/", "a/event"):
        api.post("customer", a_customer(customer_id))
        api.post("event", an_event(customer_id))

    assert api.delete("customer/a%2f").row["customer_id"] == "a/"
    assert [row["customer_id"] for row in api.get("customer/a/event").data] == ["a"]
    assert [row["customer_id"] for row in api.get("customer/a%2Fevent/event/?limit=1").data] == [
        "a/event"
    ]
    assert [row["customer_id"] for row in api.get("customer").data] == ["a", "a/event"]


FORMS = [
    "http://testserver/api/v1/customer/{}",
    "HTTP://testserver:80/api/v1/customer/{}",
    "https://user@testserver/api/v1/customer/{}?a=b",
    "http:/api/v1/customer/{}",
    "/%61pi/v1/customer/{}",
    "/api/v1/customer/{}#fragment",
    "/api/v1/customer/{}#%2F",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoded", ["abs%2F", "abs%2f", "%61bs%2F"])
def test_an_encoded_slash_belongs_to_the_identifier_in_every_form_of_a_target(api, form, encoded):
    """gunicorn hands the target over as it was sent, and its path decoded."""
    api.post("customer", [a_customer("abs"), a_customer("abs/")])

    answer = api.delete("/api/v1/customer/abs/", RAW_URI=form.format(encoded))

    assert answer.row["customer_id"] == "abs/"
    assert [row["customer_id"] for row in api.get("customer").data] == ["abs"]


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/customer/ab%2Fs/",
        "http://testserver/x%2F",
        "api/v1/customer/abs%2F",
        "*%2F",
        "///x%2F",
    ],
)
def test_a_target_that_is_not_the_path_is_refused(api, target):
    api.post("customer", a_customer("abs"))

    answer = api.delete("/api/v1/customer/abs/", RAW_URI=target)

    assert (answer.status, answer.errors) == (400, [("bad_request", None)])
    assert [row["customer_id"] for row in api.get("customer").data] == ["abs"]


def test_an_encoded_slash_below_a_prefix(api):
    api.post("customer", [a_customer("a"), a_customer("a/")])

    answer = api.delete(
        "/api/v1/customer/a/", SCRIPT_NAME="/below", RAW_URI="/below/api/v1/customer/a%2F"
    )

    assert answer.row["customer_id"] == "a/"


def test_bytes_that_are_not_utf8_beside_an_encoded_slash(api):
    assert api.get("customer/%FF%2F").status == 404
    assert api.get("customer/%C3%A9%2F").status == 404


def test_no_answer_is_kept_by_a_cache(api, anonymous, acme):
    api.post("customer", {"customer_id": "1", "name": "x", "email": "a@example.com", "plan": "x"})
    answers = [
        api.get("customer"),
        api.get("customer/1"),
        api.get("customer", headers={"Accept": "text/csv"}),
        api.get("customer/2"),
        api.post("customer", {}),
        api.send("OPTIONS", "customer"),
        api.send("PUT", "customer"),
        api.get("/api/gone"),
        api.get("customer", HTTP_HOST="elsewhere.example"),
        anonymous.get("customer"),
    ]
    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store"] * len(answers)
