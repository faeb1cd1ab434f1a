"""Every regular expression of the project, on the texts that it takes longest for.

A search holds the interpreter's lock: one that backtracks stops all requests of a worker. So each
takes a time that is linear in what a client may send. One that is new fails a test until it stands
here.
"""

import ast
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from events.schemas import read_events
from rejections.services import MAX_PAYLOAD_CHARACTERS
from traitly.input.errors import InputError
from traitly.input.parsing import Body
from traitly.input.values import MAX_DIGITS

ROOT = Path(__file__).parent.parent

BODY = 16 * 2**20  # the largest
LINE = 8192  # of a request's head: gunicorn takes no longer ones
HEAD = 100 * LINE
TEXT = 254  # longer fields are refused before

# Each compiled pattern by its name: how it is asked, and what takes it longest.
WORST_CASES: dict[str, tuple[str, list[Any]]] = {
    "traitly.input.parsing._LONG_NUMBER": (
        "subn",
        [
            b"1" * BODY,
            (b"1" * MAX_DIGITS + b",") * (BODY // MAX_DIGITS),
            (b"1" * (MAX_DIGITS + 1) + b",") * (BODY // MAX_DIGITS),
        ],
    ),
    "traitly.input.values._NUMBER": (
        "fullmatch",
        ["1" * MAX_DIGITS + "x", "1." + "1" * LINE + "x", "1e" + "1" * LINE, "." * LINE],
    ),
    "traitly.input.values._PLAIN_EMAIL": (
        "fullmatch",
        [
            "a" * TEXT,
            "a." * (TEXT // 2) + "@",
            "a@" + "a." * 125 + "1",
            "a@" + "-" * 252,
            "a@" + "a" * 252,
            "a@" + ("a" + "-" * 61 + "a.") * 3 + "1",
            "a@" + ("a" * 20 + ".") * 12,
        ],
    ),
    "traitly.http.middleware._SANE": ("fullmatch", ["a" * LINE]),
    "traitly.http.middleware._AUTHORITY": (
        "subn",
        ["a" * LINE, "a:" * (LINE // 2), "a://" * (LINE // 4)],
    ),
    "traitly.http.middleware._ENCODED_SLASH": (
        "split",
        ["%" * LINE, "%2" * (LINE // 2), "%2f" * (LINE // 3)],
    ),
    "traitly.server.incoming._HEADERS": (
        "findall",
        [
            b"\r\nauthorization" + b" " * HEAD,
            b"\r\nauthorization:" + b" " * HEAD + b"\r",
            b"\r\nauthorization" * (HEAD // 15),
            b"\r\n" * (HEAD // 2),
        ],
    ),
    "traitly.server.incoming._STREAMED": ("search", [b"nd" * (HEAD // 2), b"text/" * (HEAD // 5)]),
    "traitly.server.incoming._WRITE": (
        "match",
        [b"POST " + b"/api" * (HEAD // 4), b"POST " * (HEAD // 5)],
    ),
    "traitly.server.incoming._BARE_LINE_FEED": ("search", [b"\r\n" * (HEAD // 2)]),
    "traitly.log_contents._KEY": ("subn", ["traitly_" * (LINE // 8), "traitly_" + "a" * LINE]),
    "traitly.log_contents._INVALID_REQUEST": (
        "subn",
        ["Invalid request from ip=" * (LINE // 24), "Invalid request from ip=" + ": " * LINE],
    ),
    "rejections.unreadable._KEY": (
        "subn",
        [
            "traitly_" * (MAX_PAYLOAD_CHARACTERS // 8),
            "traitly_" + "a" * MAX_PAYLOAD_CHARACTERS,
            "traitly_aaa" * (MAX_PAYLOAD_CHARACTERS // 11),
        ],
    ),
    "traitly.http.urls._API": ("match", ["/" * LINE, "/api" * (LINE // 4)]),
    "portal.forms._ORIGIN": (
        "fullmatch",
        ["https://" + "a" * LINE, "https://" + "a:" * (LINE // 2)],
    ),
    "traitly.http.bodies._FORM_DATA": ("match", [b"a" * BODY, b"a" * 255 + b"a="]),
    "traitly.lists.parameters._PARAMETER": (
        "fullmatch",
        ["a" * LINE, "a" + "[" * LINE, "a[" + "]" * LINE + "x"],
    ),
    "traitly.lists.parameters._WHOLE_NUMBER": ("fullmatch", ["1" * LINE]),
}

# Those that no client's text comes near: our own statements and addresses, a folder of the
# operator's.
OUR_OWN = {
    "feed.schemas.read",  # [0-9]{1,9}, of a whole text
    "traitly.db.prepared._PLACEHOLDER",
    "traitly.http.urls._GROUP",
    "traitly.postgres.dump.found",
    "traitly.postgres.server.PLAIN_PATH",
}


def _compiled() -> set[str]:
    """The names of the patterns that the project compiles; one without a name has its function's."""
    found = set()
    for path in ROOT.glob("*/**/*.py"):
        relative = path.relative_to(ROOT)
        if relative.parts[0] in {
            "tests",
            "benchmarks",
            ".venv",
            "clients",
            "reference",
        }:  # that reads our own documents
            continue
        module = ".".join(relative.with_suffix("").parts)
        tree = ast.parse(path.read_text())
        named = {
            id(node.value): target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        inside = {
            id(node): function.name
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)
        }
        found |= {
            f"{module}.{named.get(id(node)) or inside[id(node)]}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr
            in {
                "compile",
                "search",
                "match",
                "fullmatch",
                "split",
                "sub",
                "subn",
                "findall",
                "finditer",
            }
        }
    return found


def test_every_pattern_has_its_worst_case():
    assert _compiled() == WORST_CASES.keys() | OUR_OWN


@pytest.mark.parametrize("name", WORST_CASES)
def test_no_pattern_takes_longer_than_its_text_is_long(name):
    module, _, attribute = name.rpartition(".")
    pattern = getattr(import_module(module), attribute)
    method, texts = WORST_CASES[name]
    arguments = (b"0" if isinstance(pattern.pattern, bytes) else "0",) if method == "subn" else ()

    for text in texts:
        begin = time.thread_time()
        getattr(pattern, method)(*arguments, text)
        assert time.thread_time() - begin < 0.02 + 0.1 * len(text) / 2**20, text[:50]


@pytest.mark.parametrize(
    "address",
    [
        "a@" + "a." * 159,
        "a@" + "-" * 318,
        "a" * 320,
        "a." * 150 + "@a.com",
        '"' + "\\a" * 150 + "@a.com",
        "a@[" + "1:" * 150,
    ],
)
def test_what_django_makes_of_an_email_is_bounded(address):
    begin = time.thread_time()
    with pytest.raises(ValidationError):
        validate_email(address)
    assert time.thread_time() - begin < 0.2


LONG = b"1" * (MAX_DIGITS + 1)  # is read by Python's own parser, with everything beside it


@pytest.mark.parametrize(
    ("numbers", "times"),
    [
        (b"1" * MAX_DIGITS + b",", BODY // MAX_DIGITS - 2),
        (b"2." + b"25" * 380 + b"e-300,", 20_000),
        (b"1" * (BODY - 10_000) + b",", 1),
        (b"0." + b"1" * (BODY - 10_000) + b",", 1),
        (b"-" * (BODY - 10_000) + b",", 1),
    ],
    ids=[
        "as long as the fast parser reads",
        "long fractions",
        "one number",
        "one fraction",
        "signs",
    ],
)
def test_a_body_of_numbers_takes_seconds_at_most(numbers, times):
    """25 KB of gzip, that is 16 MiB of digits, took 47 s; four of them, and both workers were killed."""
    body = Body(
        b'[{"customer_id": 1, "name": "a", "a": [' + numbers * times + LONG + b"]}]", lines=False
    )

    begin = time.thread_time()
    with suppress(InputError):
        read_events(body)
    assert time.thread_time() - begin < 4
