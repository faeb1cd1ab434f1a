"""Whatever is sent: only 2xx, 207 or a well-formed 4xx comes back, and what was acknowledged reads back equal."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from customers.models import Customer
from events.models import Event
from tests.client import check_error, check_errors
from tests.factories import a_customer, an_event

KINDS = st.sampled_from(["customer", "event"])
CUSTOMER_FIELDS = {"name", "email", "plan", "location", "phone_number", "organisation_id"}

# Text with all that is known to make trouble: NUL, surrogates (as \ud800 in JSON), other scripts,
# quotes, controls.
texts = st.text(st.characters(codec=None), max_size=20) | st.text(max_size=300)
clean_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
numbers = (
    st.integers()
    | st.integers(-(10**4200), 10**4200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [1e15, 1e16, 1e22, 5e-324, 1.7976931348623157e308, 2**63, -(2**63) - 1, 2**53 + 1]
    )
)


def values(strings: st.SearchStrategy[str], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | numbers | strings,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


clean_keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
anything = values(texts, texts) | st.floats()
names = st.sampled_from(
    [
        "customer_id",
        "name",
        "email",
        "plan",
        "created_at",
        "id",
        "monthly_payment_amount",
        "location",
        "success",
        "custom_attributes",
        "phone_number",
        "organisation_id",
        "updated_at",
    ]
)
objects = st.dictionaries(names | texts, anything, max_size=8)
items = st.fixed_dictionaries({"customer_id": anything, "name": anything}) | objects | anything


def check(response: Any) -> None:
    """One of the answers that the contract knows, in its form."""
    assert response.status in {200, 201, 207, 400, 413, 415}, response
    if "data" not in response.json:
        check_error(response)
        return
    accepted = 0
    for index, row in enumerate(response.data):
        if "errors" in row:
            assert (row["success"], row["index"]) == (0, index)
            check_errors(row["errors"])
        else:
            accepted += 1
    rejected = len(response.data) - accepted
    assert response.status == (400 if not accepted else 207) or not rejected
    assert accepted or response.status == 400
    if rejected:
        assert response.json["metadata"]["accepted"] == accepted
        assert response.json["metadata"]["rejected"] == rejected


def read_back(api: Any, response: Any, kind: str) -> None:
    """Each acknowledged row is found, equal to the last byte: what follows it in the same batch may have changed it."""
    if response.status >= 400:
        return
    key = "id" if kind == "event" else "customer_id"
    for row in {row[key]: row for row in response.data if "errors" not in row}.values():
        stored = (Event if kind == "event" else Customer).objects.get(**{key: row[key]})
        assert stored.customer_id == row["customer_id"]
        listed = api.get(kind, {"customer_id": row["customer_id"], "name": row["name"]})
        assert [seen for seen in listed.data if same(seen, row)], (row, listed)


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: 1, 1.0 and true are three values."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


@given(kind=KINDS, body=items | st.lists(items, max_size=5))
@example(kind="event", body=[{"customer_id": 10**4299, "name": 10**4299}])
@example(kind="customer", body=[[[[]]], {}, None])
def test_arbitrary_json(api, kind, body):
    response = api.post(kind, body)

    check(response)
    read_back(api, response, kind)


@given(
    kind=KINDS,
    body=st.binary(max_size=200),
    content_type=st.sampled_from(["application/json", "application/x-ndjson"]),
)
def test_arbitrary_bytes(api, kind, body, content_type):
    check(api.post(kind, body, content_type=content_type))


@given(kind=KINDS, body=items, data=st.data())
def test_json_with_a_byte_changed(api, kind, body, data):
    text = bytearray(json.dumps([body, an_event()]).encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))

    response = api.post(kind, bytes(text))

    check(response)
    read_back(api, response, kind)


@given(
    body=st.binary(max_size=200),
    encoding=st.sampled_from(["gzip", "x-gzip", "identity", "deflate"]),
)
def test_arbitrary_bytes_said_to_be_compressed(api, body, encoding):
    check(api.post("event", body, headers={"Content-Encoding": encoding}))


@given(
    kind=KINDS, attributes=st.dictionaries(clean_keys, values(clean_texts, clean_texts), max_size=5)
)
def test_attributes_read_back_equal(api, kind, attributes):
    """Any attributes that fit, integers as integers of the same size and floats as the same floats."""
    make = a_customer if kind == "customer" else an_event
    Customer.objects.all().delete()
    kept = {key: value for key, value in attributes.items() if kind == "event" or value is not None}

    response = api.post(
        kind,
        make("1", id="e", custom_attributes=attributes)
        if kind == "event"
        else make("1", custom_attributes=attributes),
    )

    assert response.status == 201, response
    assert same(response.row["custom_attributes"], kept)
    address = "customer/1" if kind == "customer" else f"event/{response.row['id']}"
    assert same(api.get(address).row["custom_attributes"], kept)
    Event.objects.all().delete()


@given(
    first=st.dictionaries(clean_keys, values(clean_texts, clean_texts), max_size=4),
    second=st.dictionaries(clean_keys, values(clean_texts, clean_texts), max_size=4),
)
def test_merging_is_per_key(api, first, second):
    Customer.objects.all().delete()
    api.post("customer", a_customer("1", custom_attributes=first))
    response = api.post("customer", a_customer("1", custom_attributes=second))

    merged = {key: value for key, value in (first | second).items() if value is not None}
    assert same(response.row["custom_attributes"], merged)


@given(
    address=st.sampled_from(["customer", "event", "customer/1/event"]),
    query=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "customer_id",
                    "name",
                    "limit",
                    "sort",
                    "cursor",
                    "created_at[gte]",
                    "updated_at[lt]",
                ]
            )
            | st.sampled_from(["monthly_payment_amount[gt]", "custom_attributes[a]", "plan"])
            | st.text(st.characters(codec="utf-8"), max_size=10).map("custom_attributes[{}]".format)
            | st.text(st.characters(codec="utf-8"), max_size=10),
            st.text(st.characters(codec="utf-8"), max_size=30)
            | st.integers().map(str)
            | st.floats().map(str),
        ),
        max_size=5,
    ),
)
def test_arbitrary_parameters(api, address, query):
    response = api.get(address, query)

    assert response.status in {200, 400, 404}, response
    assert response.status == 200 or response.errors


@given(
    kind=st.sampled_from(["customer", "event", "customer/{}/event"]),
    identifier=st.text(st.characters(codec="utf-8"), min_size=1, max_size=300),
    method=st.sampled_from(["GET", "PATCH", "DELETE"]),
)
def test_arbitrary_identifiers_in_addresses(api, kind, identifier, method):

    quoted = quote(identifier, safe="")
    address = kind.format(quoted) if "{}" in kind else f"{kind}/{quoted}"

    response = api.send(method, address, {})

    assert response.status in {404, 405}, response
    check_error(response)
