"""What each field takes, and how it is stored and answered (contract, "Values"). Written once, read back twice."""

import json
import math
from decimal import Decimal

import pytest
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st

from customers.models import Customer
from events.models import Event
from tests.factories import a_customer, an_event
from traitly.input.values import _PLAIN_EMAIL

YEAR_10000 = 253_402_300_800


def stored_customer(api, **fields):
    """The customer as the POST answers it, after the list was seen to answer the same."""
    response = api.post("customer", a_customer(**fields))
    assert response.status == 201, response
    assert api.get("customer").data == [response.row]
    return response.row


def stored_event(api, **fields):
    """The event as the POST answers it, after the list was seen to answer the same."""
    response = api.post("event", an_event(**fields))
    assert response.status == 201, response
    row = response.row
    assert api.get("event", {"customer_id": row["customer_id"], "name": row["name"]}).data == [row]
    return row


STORED = {"customer": stored_customer, "event": stored_event}
both = pytest.mark.parametrize("kind", ["customer", "event"])


def refused(api, kind, **fields):
    """Code and attr of the errors that the object gets, of which nothing is stored."""
    response = api.post(kind, (a_customer if kind == "customer" else an_event)(**fields))
    assert response.status == 400, response
    assert response.json["type"] == "validation_error"
    assert not Customer.objects.exists()
    assert not Event.objects.exists()
    return response.errors


# customer_id
# ----------------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("123", "123"),
        (123, "123"),
        (0, "0"),
        (2**63, "9223372036854775808"),
        (10**254, "1" + "0" * 254),
        ("x", "x"),
        ("é" * 255, "é" * 255),
        ("😀" * 255, "😀" * 255),
        (" 1 ", " 1 "),
        ("007", "007"),
        ("a/b?c#d%20\n\u2028'\"\\", "a/b?c#d%20\n\u2028'\"\\"),
    ],
)
def test_a_customer_id_is_a_string_or_an_integers_digits(api, kind, sent, stored):
    assert STORED[kind](api, customer_id=sent)["customer_id"] == stored


@both
@pytest.mark.parametrize(
    "sent",
    ["", "x" * 256, 10**255, 10**4200, 1.0, 1.5, True, False, None, [], {}, ["1"], {"id": 1}],
)
def test_other_customer_ids_are_refused(api, kind, sent, huge_json):
    body = huge_json((a_customer if kind == "customer" else an_event)(sent))
    response = api.post(kind, body)

    assert response.status == 400
    assert [attr for _, attr in response.errors] == ["customer_id"]


# name, plan
# -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["name", "plan"])
@pytest.mark.parametrize(
    "value", ["x", "x" * 255, "😀" * 255, " padded ", 'O\'Brien "q" \\ <b>', "日本語"]
)
def test_a_customers_name_and_plan_are_kept_as_sent(api, field, value):
    assert stored_customer(api, **{field: value})[field] == value


def test_an_events_name_is_kept_as_sent(api):
    assert stored_event(api, name="😀" * 255)["name"] == "😀" * 255


@pytest.mark.parametrize(
    "value", ["", " ", "\t\n", "\u00a0", "\u3000\u2003", "x" * 256, 5, 1.5, True, None, [], {}]
)
def test_other_names_and_plans_are_refused(api, value):
    assert [attr for _, attr in refused(api, "customer", name=value)] == ["name"]
    assert [attr for _, attr in refused(api, "customer", plan=value)] == ["plan"]
    assert [attr for _, attr in refused(api, "event", name=value)] == ["name"]


def test_codes_of_refused_names(api):
    assert refused(api, "customer", name="") == [("blank", "name")]
    assert refused(api, "customer", name=" ") == [("blank", "name")]
    assert refused(api, "customer", name="x" * 256) == [("max_length", "name")]
    assert refused(api, "customer", name=None) == [("null", "name")]
    assert refused(api, "customer", name=5) == [("invalid", "name")]


# email
# ----------------------------------------------------------------------------------------------------------------

LONGEST_EMAIL = f"{'a' * 64}@{'.'.join(['b' * 61] * 3)}.com"


@pytest.mark.parametrize(
    "email",
    [
        "john.smith@example.com",
        "John.Smith@Example.COM",
        "a+b@sub.example.co.uk",
        "user@münchen.de",
        f"{LONGEST_EMAIL[:-4]}.com",
    ],
)
def test_an_email_is_kept_as_sent(api, email):
    assert stored_customer(api, email=email)["email"] == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nope",
        "@example.com",
        "a@",
        "a b@example.com",
        "a@b",
        " a@example.com",
        "a@example.com\n",
        "a@b@example.com",
        5,
        None,
        "a" * 64 + "@" + ".".join(["b" * 60] * 4) + ".com",
    ],
)
def test_other_emails_are_refused(api, email):
    assert {attr for _, attr in refused(api, "customer", email=email)} == {"email"}


@given(st.from_regex(_PLAIN_EMAIL, fullmatch=True))
def test_what_passes_for_a_plain_email_is_one(email):
    validate_email(email)


def test_an_email_of_254_characters(api):
    local = f"{'a' * 64}@"
    domain = ".".join(["b" * 63] * 2 + ["c" * (254 - 65 - 128 - 4)]) + ".com"
    email = local + domain

    assert len(email) == 254
    assert stored_customer(api, email=email)["email"] == email


# created_at
# -----------------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (0, "0"),
        ("0", "0"),
        (1493933699, "1493933699"),
        ("1493933699", "1493933699"),
        (1493933699.0, "1493933699"),
        ("1493933699.000", "1493933699"),
        (1493933699.5, "1493933699.5"),
        ("1493933699.123456", "1493933699.123456"),
        (1493933699.25, "1493933699.25"),
        ("1.5e9", "1500000000"),
        (1.5e9, "1500000000"),
        ("0.000001", "0.000001"),
        ("2017-05-04T21:34:59Z", "1493933699"),
        ("2017-05-04T21:34:59", "1493933699"),
        ("2017-05-04T21:34:59+00:00", "1493933699"),
        ("2017-05-04T23:34:59+02:00", "1493933699"),
        ("2017-05-04 21:34:59.5Z", "1493933699.5"),
        ("2017-05-04T21:34:59.123456Z", "1493933699.123456"),
        ("2017-05-04", "1493856000"),
        ("1970-01-01T00:00:00Z", "0"),
        ("1969-12-31T23:00:00-01:00", "0"),
        (YEAR_10000 - 1, str(YEAR_10000 - 1)),
        ("253402300799.999999", "253402300799.999999"),
        ("9999-12-31T23:59:59Z", str(YEAR_10000 - 1)),
        ("9999-12-31T23:59:59.999999+00:00", "253402300799.999999"),
    ],
)
def test_a_time_is_unix_seconds_or_iso_8601(api, kind, sent, answered):
    assert STORED[kind](api, created_at=sent)["created_at"] == answered


@both
@pytest.mark.parametrize(
    "digits", ["99999999999.1234567", "1493933699.0000005", "253402300799.9999999"]
)
def test_more_than_six_decimals_are_rounded_to_a_time_that_is_allowed(api, kind, digits):
    answered = Decimal(STORED[kind](api, created_at=digits)["created_at"])

    assert abs(answered - Decimal(digits)) <= Decimal("0.000001")
    assert answered < YEAR_10000


@both
@pytest.mark.parametrize(
    "sent",
    [
        -1,
        "-1",
        -0.5,
        "-1e-9",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        YEAR_10000,
        str(YEAR_10000),
        "99999-01-01T00:00:00Z",
        "10000-01-01",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+23:59",
        10**400,
        "1e9999",
        "",
        " ",
        "now",
        "yesterday",
        "2017-13-01",
        "2017-02-30T00:00:00",
        "1493933699s",
        "0x10",
        "1_000",
        "١٢٣",
        "NaN",
        "Infinity",
        True,
        False,
        None,
        [],
        {},
        [1493933699],
    ],
)
def test_other_times_are_refused(api, kind, sent):
    assert [attr for _, attr in refused(api, kind, created_at=sent)] == ["created_at"]


@both
@pytest.mark.parametrize(
    ("sent", "unit"),
    [
        (1493933699000, "milliseconds"),
        ("1493933699000", "milliseconds"),
        (1493933699000000, "microseconds"),
        (1493933699000000000, "nanoseconds"),
    ],
)
def test_a_time_in_another_unit_is_refused_by_its_name(api, kind, sent, unit):
    response = api.post(kind, (a_customer if kind == "customer" else an_event)(created_at=sent))

    assert response.status == 400
    assert [attr for _, attr in response.errors] == ["created_at"]
    assert unit in response.details


# monthly_payment_amount
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("199", "199"),
        ("0", "0"),
        ("-0.0", "0"),
        ("199.0", "199"),
        ("99.5", "99.5"),
        ("0.0001", "0.0001"),
        ("1e2", "100"),
        ("100", "100"),
        ('"199"', "199"),
        ('"99.5000"', "99.5"),
        ('"99.50000000"', "99.5"),
        ('"1e2"', "100"),
        ('"0099"', "99"),
        ("999999999999", "999999999999"),
        ('"999999999999.9999"', "999999999999.9999"),
        ("1e11", "100000000000"),
    ],
)
def test_an_amount_is_a_number_or_a_numeric_string(api, sent, answered):
    body = json.dumps(a_customer())[:-1] + f', "monthly_payment_amount": {sent}}}'
    response = api.post("customer", body.encode())

    assert response.status == 201
    assert f'"monthly_payment_amount":{answered},'.encode() in response.content
    assert f'"monthly_payment_amount":{answered},'.encode() in api.get("customer").content


def test_an_amount_that_was_never_sent_is_null(api):
    assert stored_customer(api)["monthly_payment_amount"] is None


@pytest.mark.parametrize(
    "sent",
    [
        "-1",
        "-0.0001",
        "1e12",
        "1000000000000",
        "0.00001",
        "1.23456",
        '"12,5"',
        '"abc"',
        '""',
        '"NaN"',
        '"Infinity"',
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        '"1e400"',
        "9" * 400,
        "9" * 5000,
        "true",
        "[]",
        "{}",
        '"1e-5"',
        '" 5"',
    ],
)
def test_other_amounts_are_refused(api, sent):
    body = json.dumps(a_customer())[:-1] + f', "monthly_payment_amount": {sent}}}'
    response = api.post("customer", body.encode())

    assert response.status == 400
    assert [attr for _, attr in response.errors] == ["monthly_payment_amount"]


# location, phone_number, organisation_id
# ------------------------------------------------------------------------------

texts = pytest.mark.parametrize("field", ["location", "phone_number", "organisation_id"])


@texts
@pytest.mark.parametrize("value", ["San Francisco", "", "x" * 255, "😀" * 255, None])
def test_a_text_is_kept_as_sent(api, field, value):
    assert stored_customer(api, **{field: value})[field] == value


@texts
def test_a_text_that_was_never_sent_is_null(api, field):
    assert stored_customer(api)[field] is None


@texts
@pytest.mark.parametrize("value", ["x" * 256, 5, True, [], {}])
def test_other_texts_are_refused(api, field, value):
    assert [attr for _, attr in refused(api, "customer", **{field: value})] == [field]


# custom_attributes
# ----------------------------------------------------------------------------------------------------


@both
def test_attributes_default_to_an_empty_object(api, kind):
    assert STORED[kind](api)["custom_attributes"] == {}
    assert (
        b'"custom_attributes":{}'
        in api.post(kind, (a_customer if kind == "customer" else an_event)("other")).content
    )


@both
@pytest.mark.parametrize(
    "value",
    [
        "text",
        "",
        "\u2028\u0001\x7f\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        True,
        False,
        0,
        -1,
        2**31,
        2**53 + 1,
        -(2**63),
        2**63,
        2**64,
        10**399 + 7,
        -(10**4000 + 1),
        0.1,
        1.0,
        100.0,
        1e15,
        1e16,
        1e17,
        123456789012345680.0,
        1e22,
        1e23,
        1.7976931348623157e308,
        5e-324,
        2.2250738585072014e-308,
        1e-7,
        -1.5,
        [],
        {},
        [1, "a", None, [True], {"b": [{}]}],
        {"a": {"b": {"c": None}}},
        {"": ""},
        {"x" * 300: 1},
    ],
    ids=lambda value: repr(value)[:20],
)
def test_attributes_come_back_equal(api, kind, value):
    seen = STORED[kind](api, custom_attributes={"key": value})["custom_attributes"]

    assert seen == {"key": value}
    assert type(seen["key"]) is type(value)


@both
@pytest.mark.parametrize(
    "digits", ["9" * 400, "9" * 4300, "9" * 4301, "1" + "0" * 5000, "-" + "8" * 60_000]
)
def test_long_integers_come_back_exactly(api, kind, digits):
    body = (
        json.dumps((a_customer if kind == "customer" else an_event)())[:-1]
        + f', "custom_attributes": {{"n": {digits}}}}}'
    )
    response = api.post(kind, body.encode())

    assert response.status == 201
    assert f'"n":{digits}'.encode() in response.content.replace(b'"n": ', b'"n":')
    listed = api.get(
        kind, {"customer_id": response.row["customer_id"], "name": response.row["name"]}
    )
    assert f'"n":{digits}'.encode() in listed.content.replace(b'"n": ', b'"n":')


def test_a_null_attribute_of_an_event_is_kept(api):
    assert stored_event(api, custom_attributes={"a": None})["custom_attributes"] == {"a": None}


@both
@pytest.mark.parametrize("value", ["text", 5, True, [], None])
def test_attributes_that_are_no_object_are_refused(api, kind, value):
    assert [attr for _, attr in refused(api, kind, custom_attributes=value)] == [
        "custom_attributes"
    ]


@both
@pytest.mark.parametrize("key", ["x", "x" * 255, "😀" * 255, " ", "a.b", "$", "__proto__", "name"])
def test_keys_of_1_to_255_characters(api, kind, key):
    assert STORED[kind](api, custom_attributes={key: 1})["custom_attributes"] == {key: 1}


@both
@pytest.mark.parametrize("key", ["", "x" * 256])
def test_other_keys_are_refused(api, kind, key):
    assert refused(api, kind, custom_attributes={key: 1}) == [
        ("invalid_key", f"custom_attributes.{key}")
    ]
    assert refused(api, kind, **{key: 1}) == [("invalid_key", key)]


@both
def test_64_kib_of_attributes(api, kind):
    most = {"a": "x" * (64 * 1024 - len('{"a":""}'))}

    assert STORED[kind](api, custom_attributes=most)["custom_attributes"] == most


@both
def test_more_attributes_than_64_kib_are_refused(api, kind):
    more = {"a": "x" * (64 * 1024 + 1 - len('{"a":""}'))}

    assert refused(api, kind, custom_attributes=more) == [("max_length", "custom_attributes")]


# NUL, surrogates, NaN, fields that are not part of the object
# ---------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        "customer_id",
        "name",
        "email",
        "plan",
        "location",
        "phone_number",
        "organisation_id",
        "created_at",
    ],
)
def test_nul_in_a_customers_field_is_refused(api, field):
    assert [attr for _, attr in refused(api, "customer", **{field: "a\0b"})] == [field]


@pytest.mark.parametrize("field", ["customer_id", "name", "id", "created_at"])
def test_nul_in_an_events_field_is_refused(api, field):
    assert [attr for _, attr in refused(api, "event", **{field: "a\0b"})] == [field]


@both
@pytest.mark.parametrize("value", ["a\0", ["\0"], {"a": {"\0": 1}}, [[{"a": ["x\0x"]}]]])
def test_nul_in_an_attribute_is_refused(api, kind, value):
    assert refused(api, kind, custom_attributes={"a": value, "b": 1}) == [
        ("null_characters_not_allowed", "custom_attributes.a")
    ]
    assert refused(api, kind, other=value) == [("null_characters_not_allowed", "other")]


@both
def test_nul_in_a_key_is_refused(api, kind):
    assert [code for code, _ in refused(api, kind, custom_attributes={"a\0b": 1})] == [
        "null_characters_not_allowed"
    ]


@both
@pytest.mark.parametrize(
    "text", [r'"\ud800"', r'"\udc00x"', r'["\ud83d"]', r'{"\ud800": 1}', r'"\udc00\ud800"']
)
@pytest.mark.parametrize("field", ["name", "a", "custom_attributes"])
def test_lone_surrogates_are_refused(api, kind, field, text):
    response = api.post(kind, f'{{"customer_id": "1", "{field}": {text}}}'.encode())

    assert response.status == 400
    assert response.errors == [("parse_error", None)]


@both
def test_surrogates_in_a_body_with_a_long_integer_are_refused(api, kind):
    response = api.post(kind, rf'{{"customer_id": "1", "n": {"9" * 5000}, "a": "\ud800"}}'.encode())

    assert response.errors == [("parse_error", None)]


@both
def test_a_surrogate_pair_is_one_character(api, kind):
    body = json.dumps((a_customer if kind == "customer" else an_event)("\U0001f600"))

    assert r"\ud83d\ude00" in body
    assert api.post(kind, body.encode()).row["customer_id"] == "\U0001f600"


@both
@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "[1, NaN]", '{"x": [1e999]}']
)
def test_numbers_that_are_not_finite_are_refused(api, kind, text):
    whole = json.dumps((a_customer if kind == "customer" else an_event)())[:-1]

    for field in ('"custom_attributes": {"a": %s}', '"a": %s'):
        response = api.post(kind, (f"{whole}, {field % text}}}").encode())
        assert response.status == 400
        assert not Customer.objects.exists()
        assert not Event.objects.exists()


@both
def test_numbers_to_double_precision(api, kind):
    seen = STORED[kind](
        api,
        custom_attributes={"pi": 3.141592653589793, "third": 1 / 3, "max": 1.7976931348623157e308},
    )

    assert seen["custom_attributes"] == {
        "pi": math.pi,
        "third": 1 / 3,
        "max": 1.7976931348623157e308,
    }


def test_further_fields_of_an_event_are_attributes(api):
    """The reference's own example."""
    row = stored_event(
        api,
        name="Customer C",
        monthly_payment_amount=99,
        location="New York",
        plan="Atom",
        email="support@company.com",
    )

    assert row["custom_attributes"] == {
        "monthly_payment_amount": 99,
        "location": "New York",
        "plan": "Atom",
        "email": "support@company.com",
    }


def test_further_fields_of_a_customer_are_attributes(api):
    row = stored_customer(api, role="manager", custom_attributes={"account_type": "admin"})

    assert row["custom_attributes"] == {"role": "manager", "account_type": "admin"}


@both
def test_further_fields_of_every_type_come_back_equal(api, kind):
    further = {"a": [1, 2.5, None], "b": {"c": True}, "d": None, "e": 10**50, "f": "x", "g": 1e300}

    kept = STORED[kind](api, **further)["custom_attributes"]

    # A null removes a customer's attribute; an event's is kept.
    assert kept == (
        further if kind == "event" else {k: v for k, v in further.items() if v is not None}
    )


@both
@pytest.mark.parametrize(("outer", "inner"), [(1, 2), (1, 1), (None, 1)])
def test_a_field_that_also_stands_in_custom_attributes_is_refused(api, kind, outer, inner):
    errors = refused(api, kind, role=outer, custom_attributes={"role": inner})

    assert [attr for _, attr in errors] == ["role"]


@both
def test_every_error_is_listed(api, kind):
    errors = refused(
        api,
        kind,
        customer_id="",
        name=" ",
        created_at=-1,
        custom_attributes={"": 1},
        location="\0",
        again="\0",
    )

    assert sorted(str(attr) for _, attr in errors) == [
        "again",
        "created_at",
        "custom_attributes.",
        "customer_id",
        "location",
        "name",
    ]
