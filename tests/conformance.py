#!/usr/bin/env python3
"""Run the published reference's own commands, with the real curl, against a running server.

    TRAITLY_URL=http://127.0.0.1:8000 TRAITLY_KEY=... python3 conformance.py [reference.md]

The account behind the key must be empty of the customers 15 and 123. Prints a line per check and
`N passed, M failed` last; exits 1 if any failed. Needs nothing but Python 3.11 and curl.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

URL = os.environ["TRAITLY_URL"].rstrip("/")
KEY = os.environ["TRAITLY_KEY"]
REFERENCE = Path(
    sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "docs/api-reference.md"
)
PUBLISHED_HOST = "https://api.traitly.com"

passed = failed = 0


def check(what: str, good: bool, seen: object = "") -> None:
    global passed, failed
    if good:
        passed += 1
        print(f"ok      {what}")
    else:
        failed += 1
        print(f"FAILED  {what}   {str(seen)[:300]}")


def curl(*arguments: str) -> tuple[int, dict[str, str], object]:
    """Status, headers (lower-case names) and decoded JSON body of one curl call."""
    done = subprocess.run(
        ["curl", "-sS", "-g", "-i", "--max-time", "20", *arguments],
        capture_output=True,
        check=False,
    )
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    while head.startswith("HTTP/1.1 100"):
        head, _, body = body.partition("\r\n\r\n")
    lines = head.split("\r\n")
    status = int(lines[0].split()[1]) if lines[0] else 0
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    try:
        return status, headers, json.loads(body)
    except ValueError:
        return status, headers, body


def published() -> tuple[list[list[str]], list[dict]]:
    """The reference's curl commands as argument lists, and the JSON answers that it prints, in order."""
    text = REFERENCE.read_text()
    commands = []
    for block in re.findall(r"```shell\n(.*?)```", text, re.S):
        code = "\n".join(line for line in block.splitlines() if not line.startswith("#"))
        if "<end-point>" in code:
            continue
        arguments = shlex.split(code.replace("\n", " "))[1:]
        commands.append(
            [a.replace(PUBLISHED_HOST, URL).replace("<insert-token-here>", KEY) for a in arguments]
        )
    answers = [
        json.loads(re.sub(r",(\s*[\]}])", r"\1", block))
        for block in re.findall(r"```json\n(.*?)```", text, re.S)
    ]
    return commands, answers


def same_shape(seen: object, shown: dict, verb: str) -> str:
    """Why the answer does not have the shape that the reference shows; empty where it has."""
    if not isinstance(seen, dict):
        return f"not an object: {seen!r}"
    if list(seen) != list(shown):
        return f"envelope keys {list(seen)}, not {list(shown)}"
    if seen["object"] != shown["object"] or seen["metadata"] != {}:
        return f"object/metadata {seen['object']!r} {seen['metadata']!r}"
    if not (isinstance(seen[verb], str) and abs(int(seen[verb]) - time.time()) < 60):
        return f"{verb} is not now in unix seconds as a string: {seen[verb]!r}"
    if not isinstance(seen["data"], list) or not seen["data"]:
        return f"data {seen['data']!r}"
    fields = list(shown["data"][0])
    for row in seen["data"]:
        if list(row)[: len(fields)] != fields:
            return f"fields {list(row)}, not first {fields}"
        for field in fields:
            kind, example = row[field], shown["data"][0][field]
            if example is None or kind is None:
                continue
            if isinstance(example, (int, float)) != isinstance(kind, (int, float)) or (
                isinstance(example, (str, dict)) and type(example) is not type(kind)
            ):
                return f"{field} is {kind!r}, shown as {example!r}"
        if not re.fullmatch(r"\d+", row["created_at"]):
            return f"created_at {row['created_at']!r}"
    return ""


def errors(seen: object) -> list[str]:
    return (
        sorted(str(e.get("attr")) for e in seen["errors"])
        if isinstance(seen, dict) and "errors" in seen
        else []
    )


def main() -> None:
    (create_event, list_events, create_customer, list_customers), answers = published()

    status, _, seen = curl(*create_event)
    check("create an event, as printed: 201", status == 201, (status, seen))
    why = same_shape(seen, answers[0], "created")
    check("create an event: the answer's shape", not why, why)
    if not why:
        row = seen["data"][0]
        check(
            "create an event: what was sent",
            (row["customer_id"], row["name"], row["success"]) == ("15", "Customer C", 1),
            row,
        )
        check(
            "create an event: the further fields are kept",
            row.get("custom_attributes", {}).get("plan") == "Atom",
            row,
        )

    status, _, seen = curl(*list_events)
    check(
        "list events, as printed, lacks both required parameters: 400 that names them",
        status == 400 and errors(seen) == ["customer_id", "name"],
        (status, seen),
    )
    at = next(i for i, a in enumerate(list_events) if a.startswith("http"))
    asked = list(list_events)
    asked[at] += "?customer_id=15&name=Customer%20C"
    status, _, seen = curl(*asked)
    check("list events with them: 200", status == 200, (status, seen))
    why = same_shape(seen, answers[1], "retrieved")
    check("list events: the answer's shape", not why, why)

    status, _, seen = curl(*create_customer)
    check("create a customer, as printed: 201", status == 201, (status, seen))
    why = same_shape(seen, answers[2], "created")
    check("create a customer: the answer's shape", not why, why)
    status, _, seen = curl(*create_customer)
    check("the same again updates: 200", status == 200, (status, seen))
    check("... and is still one customer", isinstance(seen, dict) and len(seen["data"]) == 1, seen)

    status, _, seen = curl(*list_customers)
    check("list customers, as printed: 200", status == 200, (status, seen))
    why = same_shape(seen, answers[3], "retrieved")
    check("list customers: the answer's shape", not why, why)
    for query, there in (
        ("customer_id=123", True),
        ("name=John%20Smith", True),
        ("plan=Starter", True),
        ("plan=Nothing", False),
        ("customer_id=123&plan=Starter", True),
    ):
        at = next(i for i, a in enumerate(list_customers) if a.startswith("http"))
        asked = list(list_customers)
        asked[at] += "?" + query
        status, _, seen = curl(*asked)
        ids = (
            [row["customer_id"] for row in seen["data"]]
            if isinstance(seen, dict) and "data" in seen
            else None
        )
        check(
            f"list customers by {query}",
            status == 200 and ids is not None and ("123" in ids) == there,
            (status, ids),
        )

    auth = ["-H", f"Authorization: Token {KEY}"]
    status, _, seen = curl(
        f"{URL}/api/event", *auth, "--data", '{"customer_id": "15", "name": "added user"}'
    )
    check("POST /api/event, the address without a version: 201", status == 201, (status, seen))
    status, headers, _ = curl(
        f"{URL}/api/v1/event/", *auth, "--data", '{"customer_id": "15", "name": "added user"}'
    )
    check(
        "a trailing slash is no redirect",
        status == 201 and "location" not in headers,
        (status, headers),
    )
    status, _, seen = curl(
        f"{URL}/api/v1/event",
        *auth,
        "-H",
        "Content-Type: application/json",
        "--data",
        '[{"customer_id": "1", "name": "Logged in", "created_at": "1493933699"},'
        ' {"customer_id": 1, "name": "Logged in", "created_at": 1494020099}]',
    )
    check(
        "an array makes several",
        status == 201 and [r["created_at"] for r in seen["data"]] == ["1493933699", "1494020099"],
        (status, seen),
    )
    status, _, seen = curl(f"{URL}/api/v1/event?customer_id=1&name=Logged%20in", *auth)
    check(
        "they come back oldest first",
        [r["created_at"] for r in seen["data"]][:2] == ["1493933699", "1494020099"],
        seen,
    )
    status, _, seen = curl(
        f"{URL}/api/v1/event",
        *auth,
        "--data",
        '[{"customer_id": "1", "name": "x"}, {"customer_id": "1"}]',
    )
    check(
        "a mixed array: 207, one stored, one refused with its index",
        status == 207
        and [r["success"] for r in seen["data"]] == [1, 0]
        and seen["data"][1]["index"] == 1,
        (status, seen),
    )

    for what, headers_sent in (
        ("no key", []),
        ("an unknown key", ["-H", "Authorization: Token nope"]),
        ("no scheme", ["-H", f"Authorization: {KEY}"]),
    ):
        status, headers, seen = curl(f"{URL}/api/v1/customer", *headers_sent)
        check(
            f"{what}: 401 with WWW-Authenticate",
            status == 401
            and headers.get("www-authenticate", "").startswith("Token")
            and errors(seen) != [],
            (status, seen),
        )
    status, headers, seen = curl(f"{URL}/api/v1/event", *auth, "--request", "PUT", "--data", "{}")
    check(
        "another method: 405 with Allow",
        status == 405 and "POST" in headers.get("allow", ""),
        (status, headers),
    )
    status, _, seen = curl(f"{URL}/api/v1/nothing", *auth)
    check(
        "an unknown address: 404, an error object",
        status == 404 and isinstance(seen, dict) and seen.get("object") == "error",
        (status, seen),
    )
    status, _, seen = curl(
        f"{URL}/api/v1/customer", *auth, "--data", '{"customer_id": "9", "email": "nope"}'
    )
    check(
        "a bad customer: 400, every error of it",
        status == 400 and errors(seen) == ["email", "name", "plan"],
        (status, seen),
    )
    status, _, seen = curl(f"{URL}/api/v1/customer", *auth, "--data", "{oops")
    check(
        "broken JSON: 400, an error object",
        status == 400 and isinstance(seen, dict) and seen.get("object") == "error",
        (status, seen),
    )

    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
