"""The reference's commands, ready to be pasted: in curl as it prints them, in Python and JavaScript as they come."""

from string import Template
from typing import NamedTuple

LANGUAGES = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}


class Command(NamedTuple):
    """A command, and what it does."""

    title: str
    text: str


_EVENT = (
    '{"customer_id": "15", "name": "Customer C", "monthly_payment_amount": 99, '
    '"location": "New York", "plan": "Atom", "email": "support@company.com"}'
)
_CUSTOMER = (
    '{"customer_id": "123", "name": "John Smith", "monthly_payment_amount": 199, '
    '"location": "San Francisco", "plan": "Starter", "email": "john.smith@example.com"}'
)

_POST = {
    "curl": """\
curl "$address" \\
    --request POST \\
    --data '$body' \\
    -H "Authorization: Token $key" \\
    -H "Content-Type: application/json"
""",
    "python": """\
import json, urllib.request

request = urllib.request.Request(
    "$address",
    data=json.dumps($body).encode(),
    headers={
        "Authorization": "Token $key",
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer))
""",
    "javascript": """\
fetch("$address", {
  method: "POST",
  headers: {
    "Authorization": "Token $key",
    "Content-Type": "application/json",
  },
  body: JSON.stringify($body),
})
  .then((answer) => answer.json())
  .then((answer) => console.log(answer));
""",
}

_GET = {
    "curl": """\
curl "$address" \\
    --request GET \\
    -H "Authorization: Token $key" \\
    -H "Content-Type: application/json"
""",
    "python": """\
import json, urllib.request

request = urllib.request.Request(
    "$address",
    headers={"Authorization": "Token $key"},
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer))
""",
    "javascript": """\
fetch("$address", {
  headers: { "Authorization": "Token $key" },
})
  .then((answer) => answer.json())
  .then((answer) => console.log(answer));
""",
}

_BREAK = {"curl": "\n            ", "python": "\n        ", "javascript": "\n    "}


def commands(language: str, *, address: str, key: str) -> list[Command]:
    """The four commands of the reference in one of ``LANGUAGES``, for the API below ``address``.

    Listing events names a customer and an event, which the reference's table requires.
    """

    def post(path: str, body: str) -> str:
        broken = body.replace(', "', f',{_BREAK[language]}"')
        return Template(_POST[language]).substitute(address=f"{address}/{path}", body=broken, key=key)

    def get(path: str) -> str:
        return Template(_GET[language]).substitute(address=f"{address}/{path}", key=key)

    return [
        Command("Send an event", post("event", _EVENT)),
        Command("Create a customer", post("customer", _CUSTOMER)),
        Command("List the customer's events", get("event?customer_id=15&name=Customer%20C")),
        Command("List customers", get("customer")),
    ]
