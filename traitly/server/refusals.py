"""Answers that the server gives itself, before there is a request that an application could answer."""

import json
import socket
from contextlib import suppress
from http import HTTPStatus


def refusal(status: int, reason: str, detail: str = "", *, retry_after: int = 0) -> bytes:
    """The whole answer, in the API's error shape; the connection ends with it."""
    client_error = status < HTTPStatus.INTERNAL_SERVER_ERROR
    code = {408: "request_timeout", 503: "service_unavailable"}.get(
        status, "bad_request" if client_error else "error"
    )
    body = json.dumps(
        {
            "object": "error",
            "type": "client_error" if client_error else "server_error",
            "errors": [{"code": code, "detail": detail or reason, "attr": None}],
            "metadata": {"request_id": "-"},
        }
    ).encode()
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    if retry_after:
        head += f"Retry-After: {retry_after}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin1") + body


def write_error(client: socket.socket, status: int, reason: str, detail: str) -> None:
    """In gunicorn's place, which has no hook for it and writes HTML (a broken request line, headers too large)."""
    with suppress(BlockingIOError):
        client.send(refusal(status, reason, detail), socket.MSG_DONTWAIT)
