"""Lists as NDJSON and CSV (contract, "Lists"): every matching row, and what goes out can come in again."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test import RequestFactory
from rest_framework.exceptions import AuthenticationFailed

from accounts.services import revoke_key
from customers.models import Customer
from events.models import Event
from events.queries import TIMELINE
from tests.client import Api
from tests.factories import CustomerFactory, a_customer, an_event, make_key
from traitly.lists.definition import ListQuery
from traitly.lists.pages import pages
from traitly.wsgi import application

NDJSON = {"Accept": "application/x-ndjson"}
CSV = {"Accept": "text/csv"}
QUERY = {"customer_id": "1", "name": "in"}


@pytest.fixture
def customers(api):
    """More than two pages of the largest size, with ties in the order."""
    for start in range(0, 2500, 1250):
        answer = api.post(
            "customer",
            [a_customer(f"{i:04}", created_at=i // 9) for i in range(start, start + 1250)],
        )
        assert answer.status == 201


def test_ndjson_has_every_row_in_order(api, customers):
    answer = api.get("customer", headers=NDJSON)

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    assert answer.response.streaming
    assert [row["customer_id"] for row in answer.lines] == [f"{i:04}" for i in range(2500)]
    assert answer.content.endswith(b"}\n")
    assert answer.lines[:100] == api.get("customer").data


def test_head_of_a_stream_reads_no_rows(api, customers):
    """Django's own client would take the body away, gunicorn does so only after it has read all of it."""
    asked = RequestFactory().head(
        "/api/v1/customer", headers=NDJSON | {"Authorization": f"Token {api.key}"}
    )

    answer = application.get_response(asked)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.getvalue() == b""


def test_a_stream_is_cut_when_its_key_is_revoked(acme, customers, settings):
    """Who reads slowly would otherwise read on, also what came after."""
    settings.API_KEY_CACHE_SECONDS = 0
    new = make_key(acme)
    chunks = iter(Api(new.key).get("customer", headers=NDJSON).response)
    assert next(chunks).count(b"\n") == 101
    assert next(chunks).count(b"\n") == 1000

    revoke_key(account_id=acme.pk, key_id=new.row.pk)

    with pytest.raises(AuthenticationFailed):
        next(chunks)


def test_csv_has_every_row_in_order(api, customers):
    answer = api.get("customer", {"sort": "-created_at"}, headers=CSV)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert [row["customer_id"] for row in rows] == [f"{i:04}" for i in reversed(range(2500))]
    assert list(rows[0]) == list(api.get("customer", {"limit": 1}).row)


def test_a_stream_keeps_filters_and_sort(api):
    api.post(
        "customer",
        [a_customer(str(i), plan="AB"[i % 2], monthly_payment_amount=i) for i in range(9)],
    )

    answer = api.get("customer", {"plan": "B", "sort": "-monthly_payment_amount"}, headers=NDJSON)

    assert [row["customer_id"] for row in answer.lines] == ["7", "5", "3", "1"]


@pytest.mark.parametrize("accept", [NDJSON, CSV])
@pytest.mark.parametrize("parameter", ["limit", "cursor"])
def test_a_stream_has_no_pages(api, accept, parameter):
    answer = api.get("customer", {parameter: "5"}, headers=accept)

    assert answer.status == 400
    assert answer.errors[0][1] == parameter


@pytest.mark.parametrize("accept", [NDJSON, CSV])
def test_a_stream_refuses_unknown_parameters_like_a_page(api, accept):
    assert api.get("customer", {"plann": "x"}, headers=accept).errors == [
        ("unknown_parameter", "plann")
    ]
    assert len(api.get("event", headers=accept).errors) == 2


def test_an_empty_stream(api):
    assert api.get("customer", headers=NDJSON).content == b""
    assert api.get("customer", headers=CSV).content.splitlines()[1:] == []
    assert api.get("customer", headers=CSV).content.startswith(b"customer_id,name,created_at,")


@pytest.mark.parametrize("address", ["event", "customer/1/event"])
def test_streams_of_events(api, address):
    api.post("event", [an_event("1", name="in", created_at=i, id=f"{i:03}") for i in range(120)])
    query = QUERY if address == "event" else {}

    answer = api.get(address, query, headers=NDJSON)

    assert [row["id"] for row in answer.lines] == [f"{i:03}" for i in range(120)]
    assert answer.lines[:100] == api.get(address, query).data
    assert len(api.get(address, query, headers=CSV).content.splitlines()) == 121


def test_a_stream_passes_a_long_integer_and_amounts_that_a_double_rounds(api):
    amounts = [f"999999999999.{i:04}" for i in range(8000, 9100)]
    rows = [
        a_customer(f"{i:04}", monthly_payment_amount=a, n=10**400) for i, a in enumerate(amounts)
    ]
    api.post("customer", rows)

    for accept in (NDJSON, CSV):
        answer = api.get("customer", {"sort": "monthly_payment_amount"}, headers=accept)
        assert len(answer.content.splitlines()) == 1100 + (accept is CSV)


@pytest.mark.parametrize(
    "text", ['a"b', "a,b", "a\nb", "a\r\nb", "é😀", "=1+1", "'", "\\", "\t", " a "]
)
def test_raw_csv_says_what_was_sent(api, text):
    api.post(
        "customer", a_customer("1", name=f"{text}.", location=None, phone_number=text, note=text)
    )
    content = api.get("customer", {"raw": 1}, headers=CSV).content.decode()

    [row] = csv.DictReader(io.StringIO(content, newline=""))
    assert row["phone_number"] == text
    assert row["location"] == ""
    assert json.loads(row["custom_attributes"]) == {"note": text}


FORMULAS = ["=1+1", "+49 30", "-5", "@SUM(A1)", "\tx", "\rx", "="]


@pytest.mark.parametrize("query", [{}, {"raw": 0}])
@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_csv_is_a_formula(api, text, query):
    api.post(
        "customer",
        a_customer(text, phone_number=text, location="a=b", monthly_payment_amount=5, note=text),
    )
    content = api.get("customer", query, headers=CSV).content.decode()

    [row] = csv.DictReader(io.StringIO(content, newline=""))
    assert row["customer_id"] == row["phone_number"] == f"'{text}"
    assert (row["location"], row["monthly_payment_amount"]) == ("a=b", "5")
    assert json.loads(row["custom_attributes"]) == {"note": text}


@pytest.mark.parametrize("text", FORMULAS)
def test_no_other_format_is_changed(api, text):
    api.post("customer", a_customer("1", phone_number=text))

    assert api.get("customer", headers=NDJSON).lines[0]["phone_number"] == text
    assert api.get("customer", {"raw": 0}).row["phone_number"] == text


@pytest.mark.parametrize("address", ["event", "customer/1/event", "customer/1/history"])
def test_every_list_has_csv_without_formulas(api, address):
    query = {"customer_id": "1", "name": "=1"} if address == "event" else {}
    api.post("event", an_event("1", name="=1"))
    api.post("customer", a_customer("1", plan="=1"))
    api.post("customer", a_customer("1", plan="x"))

    assert b",'=1," in api.get(address, query, headers=CSV).content
    assert b",=1," in api.get(address, query | {"raw": 1}, headers=CSV).content


@pytest.mark.parametrize("value", ["", "true", "2"])
def test_raw_is_0_or_1(api, value):
    assert api.get("customer", {"raw": value}, headers=CSV).errors == [("invalid_choice", "raw")]


def test_customers_that_go_out_can_come_in_again(api, globex_api):
    rows = [
        a_customer(
            "1",
            created_at="1.5",
            monthly_payment_amount=9.5,
            location="",
            custom_attributes={"a": [1, None]},
        ),
        a_customer("2", created_at=0, phone_number="1", n=10**400, f=1e300),
        a_customer("ä\n", created_at=7),
    ]
    api.post("customer", rows)
    out = api.get("customer", headers=NDJSON)

    answer = globex_api.post("customer", out.content, content_type="application/x-ndjson")

    assert answer.status == 201
    seen = globex_api.get("customer", headers=NDJSON).lines
    assert [row | {"updated_at": ""} for row in seen] == [
        row | {"updated_at": ""} for row in out.lines
    ]


def test_events_that_go_out_can_come_in_again(api, globex_api):
    api.post(
        "event",
        [an_event("1", name="in", created_at=i, a=[None, {"b": i}], n=10**400) for i in range(3)],
    )
    out = api.get("event", QUERY, headers=NDJSON)

    first = globex_api.post("event", out.content, content_type="application/x-ndjson")
    again = globex_api.post("event", out.content, content_type="application/x-ndjson")

    assert first.status == 201
    assert again.json["metadata"] == {"duplicates": 3}
    assert globex_api.get("event", QUERY, headers=NDJSON).content == out.content


@pytest.mark.parametrize("accept", [NDJSON, CSV])
def test_memory_does_not_grow_with_the_list(api, acme, peak_memory, accept):
    CustomerFactory.create(account=acme, customer_id="0", custom_attributes={"x": "x" * 2000})

    def peak(rows):
        """Of a list of so many rows."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO customers_customer (account_id, id, customer_id, name, email, plan, created_at, updated_at, "
                "custom_attributes) SELECT account_id, gen_random_uuid(), n::text, name, email, plan, created_at, "
                "updated_at, custom_attributes FROM customers_customer, generate_series(1, %s) AS n "
                "WHERE customer_id = '0' ON CONFLICT DO NOTHING",
                [rows - 1],
            )
        with peak_memory() as peak:
            sent = sum(chunk.count(b"\n") for chunk in api.get("customer", headers=accept).response)
        assert sent == rows + (accept is CSV)
        return peak.mebibytes

    few = peak(2000)
    many = peak(8000)

    assert many < 1.3 * few


def test_the_first_rows_come_before_the_last_are_read(
    api, customers, django_assert_max_num_queries
):
    with django_assert_max_num_queries(2):
        chunks = iter(api.get("customer", headers=NDJSON).response)
        first = next(chunks)

    assert 0 < first.count(b"\n") < 2500


@pytest.mark.parametrize("accept", [NDJSON, CSV])
def test_parts_of_a_stream_have_fewer_rows_where_they_are_large(api, acme, accept):
    for i in range(300):
        CustomerFactory.create(
            account=acme, customer_id=f"{i:03}", custom_attributes={"x": "x" * 120_000}
        )

    chunks = list(api.get("customer", headers=accept).response)

    assert sum(chunk.count(b"\n") for chunk in chunks) == 300 + (accept is CSV)
    assert max(map(len, chunks)) < 17 * 2**20


def test_a_stream_looks_the_names_of_a_timeline_up_once(api, acme, django_assert_num_queries):
    api.post(
        "event", [an_event("1", name=f"{i % 3}", id=f"{i:04}", created_at=5) for i in range(2001)]
    )

    with django_assert_num_queries(4):  # the names, three pages
        found = list(pages(ListQuery(TIMELINE, {"customer_id": ["1"]}), account_id=acme.pk))
    assert [len(rows) for rows in found] == [101, 1000, 900]


def test_a_stream_does_not_hold_a_transaction_open(api, customers):
    """A slow reader costs the database nothing: rows may change between two chunks."""
    chunks = iter(api.get("customer", headers=NDJSON).response)
    rows = next(chunks).count(b"\n")
    Customer.objects.filter(customer_id__gte="2000").delete()

    assert rows + sum(chunk.count(b"\n") for chunk in chunks) == 2000


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson; charset=utf-8", "application/x-ndjson"),
        ("text/csv, application/json;q=0.5", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv;q=0, application/json;q=0.1", "application/json"),
        ("text/html, application/x-ndjson", "application/x-ndjson"),
        ("TEXT/CSV", "text/csv"),
        ("*/*", "application/json"),
    ],
)
def test_accept_chooses(api, accept, chosen):
    assert (
        api.get("customer", headers={"Accept": accept}).headers["Content-Type"].partition(";")[0]
        == chosen
    )


def test_nothing_of_another_account_is_streamed(api, globex_api, customers):
    assert globex_api.get("customer", headers=NDJSON).content == b""
    assert Event.objects.count() == 0
