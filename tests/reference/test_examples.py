"""Every example of the document is what the server answers. RECORD_EXAMPLES=1 writes down what it answers now."""

import json
import os
import re
from typing import Any

import pytest
from django.db import OperationalError
from django.urls import get_resolver

from customers import queries
from reference.openapi.examples import EXAMPLES_FILE, Example, load_examples
from tests.client import Api, Response
from tests.factories import make_key

RECORD = os.environ.get("RECORD_EXAMPLES") == "1"
HEADERS = ("Allow", "Link", "Retry-After", "WWW-Authenticate")
HOST = "api.traitly.com"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_VOLATILE = [  # what is another at each run, and what it looks like
    (UUID, "<uuid>"),
    (re.compile(r"whsec_[\w+/=]+"), "<secret>"),
    (re.compile(r"1[6-9][0-9]{8}(\.[0-9]{1,6})?"), "<now>"),
    (re.compile(r"(?<=cursor=)[\w-]+"), "<cursor>"),
]


def settled(value: Any, key: str = "") -> Any:
    """An answer with placeholders where it is another each time."""
    if isinstance(value, dict):
        return {name: settled(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [settled(inner) for inner in value]
    if key == "next_cursor":
        return "<cursor>"
    if key in {"created", "retrieved", "updated", "deleted"}:
        return "<now>"
    if isinstance(value, str):
        for pattern, placeholder in _VOLATILE:
            value = pattern.sub(placeholder, value)
    return value


def written(answer: Response) -> dict[str, Any]:
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    return (
        {"status": answer.status}
        | ({"headers": headers} if headers else {})
        | {"body": answer.json}
    )


class Reader:
    """Sends the examples as a reader of the document would."""

    def __init__(self, api: Api, acme: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
        self.api = api
        self.acme = acme
        self.monkeypatch = monkeypatch
        self.settings = settings
        self.settings.ALLOWED_HOSTS = [HOST]
        self.ids: dict[str, str] = {}

    def send(self, example: Example) -> dict[str, Any]:
        body = example.body
        data = (
            b""
            if body is None
            else body.encode()
            if isinstance(body, str)
            else json.dumps(body).encode()
        )
        headers = dict(example.headers)
        options: dict[str, Any] = {
            "SERVER_NAME": HOST,
            "wsgi.url_scheme": "https",
            "SERVER_PORT": "443",
        }
        if "Content-Type" in headers:
            options["content_type"] = headers.pop("Content-Type")
        with self.monkeypatch.context() as patch:
            api = self.given(example.given, patch)
            if api is not self.api and example.given == "body too large":
                data = b" " * (self.settings.MAX_BODY_BYTES + 1)
            return written(
                api.send(example.method, self.path(example), data, headers=headers, **options)
            )

    def learn(self, shown: Any, answer: Any) -> None:
        """The ids that the server made this time, in the places of those that are written down."""
        self.ids |= dict(
            zip(UUID.findall(json.dumps(shown)), UUID.findall(json.dumps(answer)), strict=False)
        )

    def path(self, example: Example) -> str:
        return UUID.sub(lambda found: self.ids.get(found[0], found[0]), example.path)

    def given(self, what: str, patch: pytest.MonkeyPatch) -> Api:
        """The client with which it is so."""
        match what:
            case "":
                return self.api
            case "body too large":
                return Api(self.api.key)
            case "key that may only read":
                return Api(make_key(self.acme, scopes=["read"]).key)
            case "rate limit used up":
                from accounts.throttling import Allowance, KeyRateThrottle

                def used_up(throttle: Any, *_: Any) -> bool:
                    throttle.allowance = Allowance(600, 0, 30)
                    return False

                patch.setattr(KeyRateThrottle, "allow_request", used_up)
                patch.setattr("customers.views.CustomerViewSet.throttle_classes", [KeyRateThrottle])
            case "server fails":
                patch.setattr(queries, "LIST", None)
            case "database away":
                patch.setattr("traitly.http.views.page", raising(OperationalError("gone")))
            case _:
                raise LookupError(what)
        return self.api


def raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


@pytest.mark.django_db(transaction=True)  # the feed shows what is committed
def test_every_example_is_what_the_server_answers(api, acme, monkeypatch, settings):
    get_resolver()
    reader = Reader(api, acme, monkeypatch, settings)
    examples = load_examples()
    answers = []
    for example in examples:
        answers.append(reader.send(example))
        reader.learn(example.response, answers[-1])

    if RECORD:
        record(examples, answers)
    for example, answer in zip(load_examples(), answers, strict=True):
        assert settled(answer) == settled(example.response), example.name


def record(examples: list[Example], answers: list[dict[str, Any]]) -> None:
    """Write the answers down; those that say nothing new stay as they are."""
    entries = json.loads(EXAMPLES_FILE.read_text())
    for entry, example, answer in zip(entries, examples, answers, strict=True):
        if settled(answer) != settled(example.response):
            entry["response"] = answer
    EXAMPLES_FILE.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
