"""A client of the API for tests: bytes out, JSON in, through the whole of Django but without a socket."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.test import Client

ERROR_TYPES = {"validation_error", "client_error", "server_error"}


def read_json(text: bytes | str) -> Any:
    """The JSON, with integers that are too long for Python's ``int()`` as ``Decimal``."""
    return json.loads(
        text, parse_int=lambda digits: int(digits) if len(digits) <= 4300 else Decimal(digits)
    )


@dataclass
class Response:
    """What came back."""

    response: HttpResponseBase

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def headers(self) -> Any:
        return self.response.headers

    @cached_property
    def content(self) -> bytes:
        return self.response.getvalue()  # streamed or not

    @cached_property
    def json(self) -> Any:
        return read_json(self.content)

    @property
    def data(self) -> list[Any]:
        """The rows of an envelope."""
        return self.json["data"]  # type: ignore[no-any-return]

    @property
    def row(self) -> dict[str, Any]:
        """The one row of an envelope."""
        [row] = self.data
        return row  # type: ignore[no-any-return]

    @property
    def lines(self) -> list[Any]:
        """The rows of NDJSON."""
        return [read_json(line) for line in self.content.splitlines()]

    @property
    def errors(self) -> list[tuple[str, str | None]]:
        """Code and attr of each error of the error object, whose shape is checked on the way."""
        check_error(self)
        return [(error["code"], error["attr"]) for error in self.json["errors"]]

    @property
    def details(self) -> str:
        """What the error object says."""
        check_error(self)
        return " ".join(error["detail"] for error in self.json["errors"])

    def __repr__(self) -> str:
        return f"<{self.status} {self.content[:500]!r}>"


def check_error(answer: Response) -> None:
    """The contract's error object, with nothing in it that a client should not see."""
    assert answer.status >= 400, answer
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json
    assert list(body) == ["object", "type", "errors", "metadata"], answer
    assert body["object"] == "error"
    assert body["type"] in ERROR_TYPES
    assert (body["type"] == "server_error") == (answer.status >= 500)
    assert body["metadata"] == {"request_id": answer.headers["X-Request-ID"]}
    assert body["errors"], answer
    check_errors(body["errors"])


def check_errors(errors: Any) -> None:
    """A list of the contract's errors."""
    for error in errors:
        assert list(error) == ["code", "detail", "attr"], error
        assert isinstance(error["code"], str), error
        assert error["code"], error
        assert isinstance(error["detail"], str), error
        assert error["detail"], error
        assert error["attr"] is None or isinstance(error["attr"], str), error
        for leak in (
            "Traceback",
            "psycopg",
            "SELECT ",
            "INSERT ",
            "site-packages",
            ".py",
            "pydantic",
        ):
            assert leak not in error["detail"], error


class Api:
    """Speaks for one key, or for none. Addresses are those below /api/v1/ unless they begin with a slash."""

    def __init__(self, key: str | None = None) -> None:
        self.key = key
        self.client = Client(raise_request_exception=False)

    def send(
        self,
        method: str,
        address: str,
        body: Any = b"",
        *,
        query: Any = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        **environ: str,
    ) -> Response:
        """Send ``body``: bytes as they are, anything else as JSON. ``query``: a mapping, or pairs."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if not address.startswith("/"):
            address = f"/api/v1/{address}"
        if query:
            address += "?" + urlencode(query, doseq=True)
        environ.setdefault("RAW_URI", address)  # as gunicorn does
        headers = dict(headers or {})
        if self.key is not None:
            headers.setdefault("Authorization", f"Token {self.key}")
        return Response(
            self.client.generic(
                method,
                address,
                body,
                content_type=content_type,
                headers=headers,
                **environ,  # type: ignore[arg-type]
            )
        )

    def get(self, address: str, query: Any = None, **options: Any) -> Response:
        return self.send("GET", address, query=query, **options)

    def post(self, address: str, body: Any, **options: Any) -> Response:
        return self.send("POST", address, body, **options)

    def patch(self, address: str, body: Any, **options: Any) -> Response:
        return self.send("PATCH", address, body, **options)

    def delete(self, address: str, **options: Any) -> Response:
        return self.send("DELETE", address, **options)
