"""Requests as commands that can be pasted: curl, Python and JavaScript."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from reference.openapi.document import PUBLISHED_SERVER
from reference.openapi.examples import Example

LANGUAGES = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}
PLACEHOLDER = "insert-token-here"  # for the key: the published reference's own
_WIDTH = 64  # of a line of JSON


class Request(NamedTuple):
    """What a command sends."""

    method: str
    url: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: Any


def commands(example: Example) -> dict[str, str]:
    """The command of an example in each of ``LANGUAGES``, for the published server and ``PLACEHOLDER`` as the key."""
    path, _, query = example.path.partition("?")
    headers = {"Authorization": f"Token {PLACEHOLDER}"} | dict(example.headers)
    pairs = parse_qsl(query, keep_blank_values=True)
    request = Request(example.method, PUBLISHED_SERVER + path, pairs, headers, example.body)
    return {"curl": _curl(request), "python": _python(request), "javascript": _javascript(request)}


def _curl(request: Request) -> str:
    lines = [f'curl "{request.url}"']
    if request.query:
        lines += [
            "--get",
            *(f"--data-urlencode {_quoted(f'{name}={value}')}" for name, value in request.query),
        ]
    if request.method != "GET":
        lines.append(f"--request {request.method}")
    headers = dict(request.headers)
    if request.body is not None:
        headers.setdefault("Content-Type", "application/json")
    lines += [f'-H "{name}: {value}"' for name, value in headers.items()]
    if request.body is not None:
        lines.append(f"--data {_quoted(_json(request.body, 2))}")
    return " \\\n  ".join(lines)


def _quoted(text: str) -> str:
    """The text as a word of the shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _python(request: Request) -> str:
    arguments = [f'"{request.url}"']
    if request.query:
        arguments.append(f"params={_mapping(request.query)}")
    arguments.append(f"headers={_python_value(dict(request.headers), 4)}")
    if request.body is not None:
        arguments.append(f"json={_python_value(request.body, 4)}")
    lines = "".join(f"    {argument},\n" for argument in arguments)
    call = f"response = requests.{request.method.lower()}(\n{lines})"
    return f"import requests\n\n{call}\nprint(response.json())"


def _mapping(query: list[tuple[str, str]]) -> str:
    return _python_value(dict(query), 4)


def _python_value(value: Any, indent: int) -> str:
    text = _json(value, 4).replace("\n", "\n" + " " * indent)
    return re.sub(
        r"(?<=: )(true|false|null)\b",
        lambda word: {"true": "True", "false": "False"}.get(word[0], "None"),
        text,
    )


def _javascript(request: Request) -> str:
    lines = []
    address = f'"{request.url}"'
    if request.query:
        lines.append(f"const query = new URLSearchParams({_json(dict(request.query), 2)});")
        address = f"`{request.url}?${{query}}`"
    headers = dict(request.headers)
    options = [] if request.method == "GET" else [f'method: "{request.method}"']
    if request.body is not None:
        headers.setdefault("Content-Type", "application/json")
    options.append(f"headers: {_indented(headers)}")
    if request.body is not None:
        options.append(f"body: JSON.stringify({_indented(request.body)})")
    inner = "".join(f"  {option},\n" for option in options)
    lines += [
        f"const response = await fetch({address}, {{\n{inner}}});",
        "console.log(await response.json());",
    ]
    return "\n".join(lines)


def _indented(value: Any) -> str:
    return _json(value, 2).replace("\n", "\n  ")


def _json(value: Any, indent: int) -> str:
    """JSON on one line where it is short, else an entry a line."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _WIDTH:
        return text
    pad = " " * indent
    if isinstance(value, dict):
        inner = [
            f"{json.dumps(key, ensure_ascii=False)}: {_json(entry, indent)}"
            for key, entry in value.items()
        ]
        first, last = "{", "}"
    elif isinstance(value, list):
        inner = [_json(entry, indent) for entry in value]
        first, last = "[", "]"
    else:
        return text
    body = ",\n".join(pad + entry.replace("\n", "\n" + pad) for entry in inner)
    return f"{first}\n{body}\n{last}"


def pretty(value: Any) -> str:
    """An answer's JSON as it is shown."""
    return _json(value, 2)
