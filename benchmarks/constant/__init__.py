"""The same workers answering a constant: no framework at all here, Traitly's framework and key check in ``urls``."""

from collections.abc import Callable, Iterable

RESPONSE = (
    b'{"data":[{"customer_id":"customer-1234","name":"Created project","created_at":"1700000000","success":1,'
    b'"id":"018bcfe5-6800-7000-8000-000000000000","custom_attributes":{"order":100000000000,"plan":"Starter",'
    b'"source":"web","amount":99.5,"country":"DE","first":false}}],"metadata":{},"created":"1700000000",'
    b'"object":"event"}'
)


def application(
    _environ: dict[str, object], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """The least that a WSGI application can do."""
    start_response(
        "201 Created",
        [("Content-Type", "application/json"), ("Content-Length", str(len(RESPONSE)))],
    )
    return [RESPONSE]
