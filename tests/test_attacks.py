"""What is tried against every parameter and header (docs/reliability.md, "OWASP API Security Top 10")."""

import itertools
import re
import secrets
import statistics
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.db import connection

from accounts.models import Account
from customers.models import Customer
from events.models import Event
from tests.client import check_error
from tests.factories import a_customer, an_event

INJECTIONS = [
    "' OR '1'='1",
    "'; DROP TABLE customers_customer; --",
    "1) OR (1=1",
    "\\'; SELECT pg_sleep(5); --",
    "$$; DELETE FROM events_event; $$",
    "%s %(account_id)s %",
    "{0} {table} {{",
    '"; SELECT 1; "',
    "a' UNION SELECT digest FROM accounts_apikey --",
    "created_at; DROP TABLE events_event",
    "*/ OR 1=1 /*",
]
LISTS = {
    "customer": [
        *(
            "customer_id",
            "name",
            "plan",
            "email",
            "location",
            "sort",
            "limit",
            "cursor",
            "raw",
            "created_at[gte]",
        ),
        *("monthly_payment_amount[lt]", "custom_attributes[x]"),
    ],
    "event?customer_id=1&name=in": ["customer_id", "name", "sort", "cursor", "created_at[lt]"],
    "customer/1/event": ["name", "sort", "cursor", "created_at[gt]"],
    "customer/1/history": ["field", "sort", "cursor", "changed_at[gt]"],
    "feed": ["type", "name", "since", "cursor", "limit"],
}


@pytest.fixture
def stored(api, globex_api):
    """A customer and an event of Acme's and of Globex's; only the first may ever be seen."""
    for client, secret in ((api, "ours"), (globex_api, "theirs")):
        client.post("customer", a_customer("1", location=secret))
        client.post("event", an_event("1", name="in", secret=secret))


def _check_nothing_happened() -> None:
    assert (Customer.objects.count(), Event.objects.count(), Account.objects.count()) == (2, 2, 2)


@pytest.mark.usefixtures("stored")
def test_sql_in_parameters(api):
    for text, (path, names) in itertools.product(INJECTIONS, LISTS.items()):
        for name in names:
            response = api.get(f"{path}{'&' if '?' in path else '?'}{quote(name)}={quote(text)}")
            assert response.status in {200, 400}, (path, name, response)
            assert b"theirs" not in response.content
    _check_nothing_happened()


@pytest.mark.usefixtures("stored")
def test_sql_in_names_of_parameters_and_attributes(api):
    for text in INJECTIONS:
        for name in (text, f"created_at[{text}]", f"{text}[gte]"):
            assert api.get("customer", {name: "1"}).status == 400
        response = api.get("customer", {f"custom_attributes[{text}]": text})
        assert (response.status, response.data) == (200, [])
    _check_nothing_happened()


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.usefixtures("stored")
def test_sql_in_urls(api, text):
    quoted = quote(text, safe="")
    for method, path in (
        *(("GET", f"customer/{quoted}{rest}") for rest in ("", "/event", "/history", "/alias")),
        *(
            (method, f"{kind}/{quoted}")
            for kind in ("customer", "event", "webhook")
            for method in ("GET", "DELETE")
        ),
        ("PATCH", f"customer/{quoted}"),
    ):
        assert api.send(method, path, {"plan": "x"} if method == "PATCH" else b"").status in {
            404,
            405,
        }, (method, path)
    _check_nothing_happened()


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_bodies_is_stored_as_it_is(api, text):
    customer = api.post(
        "customer",
        a_customer(text, name=text, plan=text, location=text, custom_attributes={text: text}),
    )
    event = api.post("event", an_event(text, name=text, id=text, custom_attributes={text: text}))

    assert (customer.status, event.status) == (201, 201)
    assert api.get(f"customer/{quote(text, safe='')}").row["custom_attributes"] == {text: text}
    assert (
        api.get("customer", {f"custom_attributes[{text}]": text, "plan": text}).data
        == customer.data
    )
    assert api.get("event", {"customer_id": text, "name": text}).data == event.data
    api.patch(f"customer/{quote(text, safe='')}", {"plan": "x", "custom_attributes": {text: None}})
    assert api.get(f"customer/{quote(text, safe='')}").row["custom_attributes"] == {}


@pytest.mark.parametrize(
    "break_", ["\r\nSet-Cookie: a=b", "\nX-Evil: 1", "\r\n\r\n<script>", "\u010d\u010aX-Evil: 1"]
)
def test_no_header_is_injected(api, break_):
    """A list's links have its parameters in them, errors what was wrong, and the request's id is the client's."""
    for number in range(3):
        api.post("customer", a_customer(str(number), plan=f"a{break_}"))
    page = api.get("customer", {"plan": f"a{break_}", "limit": 1})
    responses = [
        page,
        api.get("customer", {break_: "1"}),
        api.get(f"customer/{quote(break_, safe='')}"),
        api.get("customer", headers={"X-Request-ID": f"a{break_}"}),
        api.post("event", an_event(break_, id=break_, name=break_)),
    ]

    assert page.status == 200
    assert page.headers["Link"].startswith("<http")
    for response in responses:
        assert not {"set-cookie", "x-evil"} & {name.lower() for name in response.headers}
        assert not [
            value for value in response.headers.values() if re.search(r"[\r\n]|[^ -~]", value)
        ]


@pytest.mark.parametrize("sent", ["a\nb", "a\x1b[31mb", "a b", "a\u2028b", "\u202eb", "x" * 129])
def test_no_line_of_the_log_is_forged_by_a_requests_id(api, sent):
    response = api.get("customer", headers={"X-Request-ID": sent})

    assert response.headers["X-Request-ID"] != sent
    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["X-Request-ID"])


@pytest.mark.parametrize(
    "field",
    [
        "account_id",
        "account",
        "pk",
        "closed_at",
        "received_at",
        "max_customers",
        "scopes",
        "is_staff",
        "digest",
    ],
)
def test_no_inner_field_is_set_from_outside(acme, globex, api, field):
    """What is no field of the API is the client's own attribute, whatever a table's column is called."""
    for kind, sent in (("customer", a_customer("1")), ("event", an_event("1", id="e"))):
        response = api.post(kind, sent | {field: globex.pk})
        assert response.status == 201
        assert response.row["custom_attributes"][field] == globex.pk
        assert field not in response.row
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id FROM customers_customer UNION SELECT account_id FROM events_event"
        )
        assert cursor.fetchall() == [(acme.pk,)]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PROPFIND"])
def test_methods_that_there_are_not(api, method):
    response = api.send(method, "customer")

    assert response.status == 405
    check_error(response)


def _median_seconds(
    tries: dict[str, Callable[[], str]], ask: Callable[[str], object]
) -> dict[str, float]:
    """Of each kind of key, the median; they take turns, so that whatever else happens meets all alike."""
    taken: dict[str, list[float]] = {name: [] for name in tries}
    for _ in range(400):
        for name, make in tries.items():
            key = make()
            begin = time.perf_counter()
            ask(key)
            taken[name].append(time.perf_counter() - begin)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


@pytest.mark.slow
def test_the_time_of_a_refusal_does_not_tell_how_much_of_a_key_was_right(api, anonymous):
    """A key is looked up by its digest: one that begins like a real one is as far from it as any other."""
    right = api.key

    def begins_right() -> str:
        return f"{right[:-4]}{secrets.token_hex(2)}"

    def all_wrong() -> str:
        return f"traitly_{secrets.token_hex(20)}"

    def ask(key: str) -> None:
        response = anonymous.get(
            "customer", {"limit": 1}, headers={"Authorization": f"Token {key}"}
        )
        assert response.status == 401

    seconds = _median_seconds({"begins right": begins_right, "all wrong": all_wrong}, ask)

    assert abs(seconds["begins right"] / seconds["all wrong"] - 1) < 0.1, seconds
