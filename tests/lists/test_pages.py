"""Pages and cursors (contract, "Lists")."""

import base64
import re
from urllib.parse import parse_qsl, quote, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.models import Change, Customer
from events.models import Event
from tests.factories import CustomerFactory, EventFactory, a_customer, an_event
from traitly.lists import pages as lists

SORTS = ["created_at", "updated_at", "customer_id", "monthly_payment_amount"]
ALL_SORTS = SORTS + [f"-{sort}" for sort in SORTS]
EVENTS = {"customer_id": "1", "name": "in"}


def walk(api, address, query):
    """Every row, page by page, following ``next``; each page is full but the last."""
    limit = int(query.get("limit", 100))
    rows = []
    response = api.get(address, query)
    while True:
        assert response.status == 200, response
        rows += response.data
        assert len(rows) <= 1000, "the pages never end"
        metadata = response.json["metadata"]
        if not metadata:
            assert "Link" not in response.headers
            return rows
        assert len(response.data) == limit
        assert list(metadata) == ["next_cursor", "next"]
        assert response.headers["Link"] == f'<{metadata["next"]}>; rel="next"'
        parts = urlsplit(metadata["next"])
        assert (parts.scheme, parts.netloc) == ("http", "testserver")
        assert dict(parse_qsl(parts.query))["cursor"] == metadata["next_cursor"]
        response = api.get(f"{parts.path}?{parts.query}")


@pytest.fixture
def hundred(api, acme):
    """Customers with many ties in everything but customer_id."""
    customers = [
        a_customer(
            f"{i:03}",
            created_at=i // 10,
            monthly_payment_amount=i % 7 / 4 if i % 3 else None,
            plan="AB"[i % 2],
        )
        for i in range(100)
    ]
    for start in range(0, 100, 25):
        api.post("customer", customers[start : start + 25])


@pytest.mark.usefixtures("hundred")
@pytest.mark.parametrize("sort", ALL_SORTS)
@pytest.mark.parametrize("limit", [1, 7, 50, 99, 100, 1000])
def test_pages_of_customers_are_the_whole_list(api, sort, limit):
    whole = api.get("customer", {"sort": sort, "limit": 1000}).data

    assert len(whole) == 100
    assert walk(api, "customer", {"sort": sort, "limit": limit}) == whole


@pytest.mark.usefixtures("hundred")
def test_pages_keep_the_filters(api):
    query = {"plan": "A", "monthly_payment_amount[gte]": "0.25", "created_at[lt]": "9", "limit": 3}

    rows = walk(api, "customer", query)

    assert rows == api.get("customer", query | {"limit": 1000}).data
    assert 0 < len(rows) < 50


@pytest.mark.usefixtures("hundred")
def test_pages_of_repeated_parameters(api):
    query = [("plan", "A"), ("plan", "B"), ("sort", "-monthly_payment_amount"), ("limit", "9")]
    seen: list[str] = []
    cursor: list[tuple[str, str]] = []
    while True:
        response = api.get("customer", query + cursor)
        seen += [row["customer_id"] for row in response.data]
        if not response.json["metadata"]:
            break
        cursor = [("cursor", response.json["metadata"]["next_cursor"])]

    assert seen == [
        row["customer_id"] for row in api.get("customer", [*query[:3], ("limit", "1000")]).data
    ]


@pytest.mark.parametrize("address", ["event", "customer/1/event"])
@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_pages_of_events_are_the_whole_list(api, address, sort, limit):
    api.post(
        "event",
        [an_event("1", name="in", created_at=i // 3, id=f"{i * 7 % 20}") for i in range(20)],
    )
    query = (EVENTS if address == "event" else {}) | {"sort": sort}
    whole = api.get(address, query).data

    assert len(whole) == 20
    assert walk(api, address, query | {"limit": limit}) == whole


@pytest.mark.parametrize(
    "query", [{}, {"created_at[gte]": "20", "created_at[lt]": "50"}, {"name": ["0", "7", "149"]}]
)
@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
def test_a_timeline_of_many_names_some_of_them_frequent(api, query, sort):
    names = [str(i % 151 if i % 3 == 0 else 0 if i % 4 else i % 10) for i in range(700)]
    events = [
        an_event("1", name=name, created_at=i // 7, id=f"{i * 7 % 1000:03}")
        for i, name in enumerate(names)
    ]
    api.post("event", [*events, an_event("2", name="0", created_at=30)])
    expected = [
        event for event in events if 20 <= event["created_at"] < 50 or "created_at[lt]" not in query
    ]
    expected = [event for event in expected if event["name"] in query.get("name", names)]
    expected.sort(
        key=lambda event: (event["created_at"], event["id"]), reverse=sort == "-created_at"
    )

    streamed = api.get(
        "customer/1/event", query | {"sort": sort}, headers={"Accept": "application/x-ndjson"}
    ).lines
    assert len(set(names)) > 100
    assert [row["id"] for row in streamed] == [event["id"] for event in expected]
    assert walk(api, "customer/1/event", query | {"sort": sort, "limit": 30}) == streamed


def test_more_customers_and_names_than_a_page_has_rows(api):
    api.post(
        "event",
        [an_event(str(i % 20), name=str(i % 7), created_at=i, id=f"{i:03}") for i in range(300)],
    )
    query = {"customer_id": [str(i) for i in range(20)], "name": [str(i) for i in range(7)]}

    assert [row["id"] for row in walk(api, "event", query | {"limit": 10})] == [
        f"{i:03}" for i in range(300)
    ]


def test_amounts_that_a_double_cannot_tell_apart_are_paged(api):
    amounts = [f"999999999999.{i:04}" for i in range(9980, 10_000)]
    api.post(
        "customer", [a_customer(f"{i:02}", monthly_payment_amount=a) for i, a in enumerate(amounts)]
    )

    for sort in ("monthly_payment_amount", "-monthly_payment_amount"):
        rows = walk(api, "customer", {"sort": sort, "limit": 1})
        assert sorted(row["customer_id"] for row in rows) == [f"{i:02}" for i in range(20)]


def test_integers_that_no_double_holds_are_paged(api):
    attributes = {"n": 10**400, "m": -(10**20)}
    api.post("customer", [a_customer(str(i), custom_attributes=attributes) for i in range(3)])
    api.post(
        "event",
        [
            an_event("1", name="in", id=str(i), created_at=5, custom_attributes=attributes)
            for i in range(3)
        ],
    )

    assert [row["customer_id"] for row in walk(api, "customer", {"limit": 1})] == ["0", "1", "2"]
    assert [row["id"] for row in walk(api, "event", EVENTS | {"limit": 1})] == ["0", "1", "2"]


def test_times_to_the_microsecond_are_paged(api):
    api.post(
        "event",
        [
            an_event("1", name="in", created_at=f"253402300799.99998{i}", id=str(i))
            for i in range(10)
        ],
    )

    assert [row["id"] for row in walk(api, "event", EVENTS | {"limit": 1})] == list("0123456789")


def test_strange_customer_ids_are_paged(api):
    ids = ["a'b", 'a"b', "a\\b", "a\nb", "😀", "é", " ", "%", "a/b", "null", "\x7f"]
    api.post("customer", [a_customer(i, created_at=5) for i in ids])

    assert sorted(row["customer_id"] for row in walk(api, "customer", {"limit": 1})) == sorted(ids)


@pytest.mark.usefixtures("hundred")
def test_the_default_limit_is_100(api):
    assert api.get("customer").json["metadata"] == {}
    api.post("customer", a_customer("more"))
    response = api.get("customer")

    assert len(response.data) == 100
    assert response.json["metadata"]["next_cursor"]


def test_a_page_of_large_rows_ends_at_some_16_mebibytes(api, acme):
    for i in range(300):
        CustomerFactory.create(
            account=acme, customer_id=f"{i:03}", custom_attributes={"x": "x" * 120_000}
        )

    first = api.get("customer", {"sort": "customer_id", "limit": 1000})
    second = api.get(
        "customer",
        {"sort": "customer_id", "limit": 1000, "cursor": first.json["metadata"]["next_cursor"]},
    )

    assert 100 < len(first.data) < 150
    assert len(first.content) < 17 * 2**20
    assert [row["customer_id"] for row in first.data + second.data] == [
        f"{i:03}" for i in range(len(first.data + second.data))
    ]


@pytest.mark.parametrize("sort", ["created_at", "-updated_at"])
@pytest.mark.parametrize("limit", [1, 2, 7, 50, 1000])
def test_pages_that_end_early_are_the_whole_list(api, monkeypatch, sort, limit):
    monkeypatch.setattr(lists, "_MAX_BYTES", 3000)
    monkeypatch.setattr(lists, "_FIRST_ROWS", 3)
    for start in (0, 25):
        api.post(
            "customer",
            [
                a_customer(f"{i:02}", created_at=i // 10, x="x" * (i * 97 % 1500))
                for i in range(start, 50)
            ],
        )
    pages = []
    cursor: dict[str, str] = {}
    while True:
        response = api.get("customer", {"sort": sort, "limit": limit} | cursor)
        pages.append(response.data)
        if not response.json["metadata"]:
            break
        cursor = {"cursor": response.json["metadata"]["next_cursor"]}

    monkeypatch.undo()
    assert [row for page in pages for row in page] == api.get("customer", {"sort": sort}).data
    assert all(1 <= len(page) <= limit for page in pages)
    assert limit < 50 or len(pages) > 5


@pytest.mark.parametrize(
    "limit", ["0", "-1", "1001", "1.5", "x", "", "1e2", " 5", "٣", "9" * 30, "0x5", "+5"]
)
@pytest.mark.parametrize("address", ["customer", "event"])
def test_other_limits_are_400(api, address, limit):
    assert api.get(address, EVENTS | {"limit": limit}).errors == [("invalid", "limit")]


@pytest.mark.usefixtures("hundred")
@pytest.mark.parametrize("limit", [1, 1000])
def test_the_ends_of_limit(api, limit):
    assert len(api.get("customer", {"limit": limit}).data) == min(limit, 100)


# Cursors
# --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cursor(api, hundred):
    """A cursor of the plain list with pages of 10."""
    return api.get("customer", {"limit": 10}).json["metadata"]["next_cursor"]


def test_a_cursor_is_opaque_and_safe_in_an_address(cursor):
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)


def test_the_limit_may_change_between_pages(api, cursor):
    assert [
        row["customer_id"] for row in api.get("customer", {"limit": 3, "cursor": cursor}).data
    ] == [*("010", "011", "012")]


@pytest.mark.parametrize(
    "other",
    [
        {"sort": "-created_at"},
        {"sort": "customer_id"},
        {"plan": "A"},
        {"created_at[gte]": "0"},
        {"custom_attributes[a]": "1"},
        {"customer_id": "011"},
    ],
)
def test_a_cursor_is_bound_to_the_sort_and_the_filters(api, cursor, other):
    assert api.get("customer", {"cursor": cursor} | other).errors == [("invalid", "cursor")]


def test_a_cursor_is_bound_to_the_list(api, cursor):
    assert api.get("event", EVENTS | {"cursor": cursor}).errors == [("invalid", "cursor")]


def test_a_cursor_of_one_timeline_is_none_of_another(api):
    api.post("event", [an_event(customer, name="in", created_at=5) for customer in "1122"])
    cursor = api.get("customer/1/event", {"limit": 1}).json["metadata"]["next_cursor"]

    assert api.get("customer/1/event", {"cursor": cursor}).status == 200
    assert api.get("customer/2/event", {"cursor": cursor}).errors == [("invalid", "cursor")]


BROKEN = [
    "x",
    "%",
    "é",
    "A" * 3000,
    "====",
    "-",
    "bnVsbA",
    "W10",
    "MQ",
    "e30",
    "WzEsMiwzXQ",
    "W251bGxd",
    "\0",
    " ",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_cursor_is_400(api, cursor, broken):
    assert api.get("customer", {"cursor": broken}).errors == [("invalid", "cursor")]


def test_a_changed_cursor_is_400(api, cursor):
    for changed in (cursor[:-2], cursor[1:], cursor[::-1], cursor + "AAAA", cursor.swapcase()):
        assert api.get("customer", {"cursor": changed}).errors == [("invalid", "cursor")]


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("value", [None, 5, {}, [], "\0", "x", 1e300, True, "x" * 5000])
def test_a_cursor_that_somebody_else_wrote_is_400(api, cursor, position, value):
    padded = cursor + "=" * (-len(cursor) % 4)
    parts = orjson.loads(base64.urlsafe_b64decode(padded))
    parts[position] = value
    forged = base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")

    assert api.get("customer", {"cursor": forged}).errors == [("invalid", "cursor")]


def test_a_cursor_is_signed(api, cursor, settings):
    settings.SECRET_KEY = "another"

    assert api.get("customer", {"cursor": cursor}).errors == [("invalid", "cursor")]


def test_a_cursor_of_another_account_shows_nothing_of_it(api, globex_api, cursor):
    globex_api.post("customer", [a_customer(f"g{i}", created_at=50) for i in range(3)])

    response = globex_api.get("customer", {"cursor": cursor})

    assert response.status in {200, 400}
    assert response.status == 400 or {row["customer_id"] for row in response.data} <= {
        "g0",
        "g1",
        "g2",
    }


# While others write
# ---------------------------------------------------------------------------------------------------


def some_ids():
    """The same in every run: hypothesis must find again what it found."""
    return (f"{number * 7 % 1009:04}" for number in range(1009))


@given(data=st.data())
def test_no_row_that_was_there_throughout_is_missed_or_repeated(api, acme, data):
    """Random inserts and deletes between pages of random size, in every order."""
    Customer.objects.all().delete()
    Change.objects.all().delete()
    draw = data.draw
    sort = draw(st.sampled_from(ALL_SORTS))
    numbers = st.integers(0, 3)
    ids = some_ids()

    def insert(count):
        for _ in range(count):
            CustomerFactory.create(
                account=acme,
                customer_id=next(ids),
                created_at=f"2020-01-01T00:00:0{draw(numbers)}Z",
                updated_at=f"2020-01-01T00:00:0{draw(numbers)}Z",
                monthly_payment_amount=draw(st.sampled_from([None, 0, 1, "1.5"])),
            )

    insert(draw(st.integers(0, 15)))
    there = set(Customer.objects.values_list("customer_id", flat=True))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        response = api.get("customer", {"sort": sort, "limit": draw(st.integers(1, 5))} | cursor)
        seen += [row["customer_id"] for row in response.data]
        if not response.json["metadata"]:
            break
        cursor = {"cursor": response.json["metadata"]["next_cursor"]}
        insert(draw(st.integers(0, 2)))
        for customer in draw(st.lists(st.sampled_from(sorted(there)), max_size=2)) if there else []:
            Customer.objects.filter(account=acme, customer_id=customer).delete()
            Change.objects.filter(
                account=acme, customer_id=customer
            ).delete()  # together, as every erasure does
            there.discard(customer)

    assert len(seen) == len(set(seen))
    assert there <= set(seen)


@given(data=st.data())
def test_no_event_that_was_there_throughout_is_missed_or_repeated(api, acme, data):
    Event.objects.all().delete()
    draw = data.draw
    ids = some_ids()

    def insert(count):
        for _ in range(count):
            created_at = f"2020-01-01T00:00:0{draw(st.integers(0, 3))}Z"
            EventFactory.create(
                account=acme, id=next(ids), customer_id="1", name="in", created_at=created_at
            )

    insert(draw(st.integers(1, 15)))
    there = set(Event.objects.values_list("id", flat=True))
    query = EVENTS | {"sort": draw(st.sampled_from(["created_at", "-created_at"]))}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        response = api.get("event", query | {"limit": draw(st.integers(1, 5))} | cursor)
        seen += [row["id"] for row in response.data]
        if not response.json["metadata"]:
            break
        cursor = {"cursor": response.json["metadata"]["next_cursor"]}
        insert(draw(st.integers(0, 2)))
        for event in draw(st.lists(st.sampled_from(sorted(there)), max_size=2)) if there else []:
            Event.objects.filter(account=acme, id=event).delete()
            there.discard(event)

    assert len(seen) == len(set(seen))
    assert there <= set(seen)


@pytest.mark.parametrize(
    "customer_id", ["a b", "a?b#c", "100%", "%2F", "é😀", "x/event", "x/", "/x", "&=+"]
)
def test_the_next_page_of_any_customers_timeline(api, customer_id):
    api.post(
        "event", [an_event(customer_id, id=str(number), created_at=number) for number in range(3)]
    )

    pages = walk(api, f"customer/{quote(customer_id, safe='')}/event", {"limit": "1"})

    assert [row["id"] for row in pages] == ["0", "1", "2"]
