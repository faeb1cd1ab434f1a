"""/mcp as assistants use it: by the protocol's official client where it is about the protocol."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from django.test import Client
from mcp.client import Client as McpClient
from mcp.client.streamable_http import streamable_http_client

from tests.factories import a_customer, an_event, make_key
from tests.server import Server, running_server

pytestmark = pytest.mark.xdist_group("server")
TOOLS = ["find_customers", "get_customer_timeline", "count_events", "list_rejected_items"]


class Assistant:
    """Speaks JSON-RPC with a key, without a socket."""

    def __init__(self, key: str | None) -> None:
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def post(self, method: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return Client().post(
            "/mcp", json.dumps(body), content_type="application/json", headers=self.headers
        )

    def call(self, name: str, **arguments: Any) -> Any:
        result = self.post("tools/call", {"name": name, "arguments": arguments}).json()["result"]
        assert not result["isError"], result
        return result["structuredContent"]

    def complaint(self, name: str, **arguments: Any) -> str:
        result = self.post("tools/call", {"name": name, "arguments": arguments}).json()["result"]
        assert result["isError"], result
        return str(result["content"][0]["text"])


@pytest.fixture
def assistant(acme: Any) -> Assistant:
    return Assistant(make_key(acme, scopes=["read"]).key)


def test_customers_are_found_by_the_beginning_of_what_is_known(api, assistant):
    api.post(
        "customer",
        [a_customer("1", name="Ada Lovelace", plan="Atom"), a_customer("2", name="Alan Turing")],
    )

    assert [
        row["customer_id"] for row in assistant.call("find_customers", text="lovel")["customers"]
    ] == ["1"]
    assert [
        row["customer_id"] for row in assistant.call("find_customers", plan="Starter")["customers"]
    ] == ["2"]
    assert len(assistant.call("find_customers")["customers"]) == 2
    assert len(assistant.call("find_customers", limit=1)["customers"]) == 1


def test_a_timeline_has_the_customer_and_pages_of_its_events(api, assistant):
    api.post("customer", a_customer("1"))
    api.post("event", [an_event("1", created_at=at, id=str(at)) for at in (10, 20, 30)])
    first = assistant.call("get_customer_timeline", customer_id="1", limit=2)
    second = assistant.call(
        "get_customer_timeline", customer_id="1", limit=2, cursor=first["next_cursor"]
    )

    assert first["customer"]["customer_id"] == "1"
    assert [row["id"] for row in first["events"]] == ["30", "20"]
    assert [row["id"] for row in second["events"]] == ["10"]
    assert second["next_cursor"] is None
    between = assistant.call(
        "get_customer_timeline", customer_id="1", since="20", until="30", names=["Logged in"]
    )
    assert [row["id"] for row in between["events"]] == ["20"]


def test_events_are_counted_of_all_and_of_one(api, assistant):
    now = int(time.time())
    api.post(
        "event",
        [an_event("1", created_at=now), an_event("2", name="Paid", created_at=now), an_event("2")],
    )
    everyone = assistant.call("count_events", days=2)
    one = assistant.call("count_events", days=2, customer_id="2")

    assert everyone["events"] == 3
    assert everyone["names"] == {"Logged in": 2, "Paid": 1}
    assert sum(day["events"] for day in everyone["days"]) == 3
    assert one["events"] == 2
    assert one["names"] == {"Logged in": 1, "Paid": 1}


def test_what_was_refused_comes_with_its_reasons(api, assistant):
    api.post("event", [an_event("1", created_at="yesterday"), {"customer_id": "2"}])
    items = assistant.call("list_rejected_items")["items"]

    assert {item["errors"][0]["code"] for item in items} == {"invalid", "required"}
    [item] = assistant.call("list_rejected_items", customer_id="1")["items"]
    assert json.loads(item["sent"])["created_at"] == "yesterday"


def test_mistakes_are_told_to_the_assistant(assistant):
    assert "No customer and no event" in assistant.complaint(
        "get_customer_timeline", customer_id="nobody"
    )
    assert "created_at[gte]" in assistant.complaint(
        "get_customer_timeline", customer_id="1", since="yesterday"
    )
    assert "cursor" in assistant.complaint(
        "get_customer_timeline", customer_id="1", cursor="broken"
    )
    assert "unknown field" in assistant.complaint("find_customers", query="x")
    assert "Invalid arguments" in assistant.complaint("find_customers", text="\0")
    assert "Invalid arguments" in assistant.complaint("count_events", days=100_000)


def test_nothing_of_another_account_is_seen(globex_api, assistant):
    globex_api.post("customer", a_customer("1", name="Secret"))
    globex_api.post("event", [an_event("1"), {"customer_id": "1"}])

    assert assistant.call("find_customers")["customers"] == []
    assert "No customer and no event" in assistant.complaint(
        "get_customer_timeline", customer_id="1"
    )
    assert assistant.call("count_events")["events"] == 0
    assert assistant.call("count_events", customer_id="1")["events"] == 0
    assert assistant.call("list_rejected_items")["items"] == []


def test_only_tools_that_read_are_offered(assistant):
    tools = assistant.post("tools/list", {}).json()["result"]["tools"]

    assert [tool["name"] for tool in tools] == TOOLS
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
    assert all(
        tool["description"] and tool["inputSchema"] and tool["outputSchema"] for tool in tools
    )


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("key", [None, "traitly_unknown"])
def test_without_a_key_it_is_401(key):
    response = Assistant(key).post("tools/list", {})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["object"] == "error"


def test_a_key_that_may_only_write_is_refused(acme):
    assert Assistant(make_key(acme, scopes=["write"]).key).post("tools/list", {}).status_code == 403


def test_the_rate_limit_of_the_key_holds_here_too(acme, settings):
    settings.API_RATE_LIMIT = (2, 3600)
    assistant = Assistant(make_key(acme).key)
    answers = [assistant.post("tools/list", {}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_other_methods_and_pages_of_other_sites_are_refused(assistant):
    assert Client().get("/mcp", headers=assistant.headers).status_code == 405
    assistant.headers["Origin"] = "https://evil.example"
    assert assistant.post("tools/list", {}).status_code == 403


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("mcp")) as running:
        yield running


@pytest.mark.slow
def test_the_official_client_asks_a_real_server(server):
    """The newest revision of the protocol, which it tries first, and the one before, which begins with a handshake."""

    async def ask(mode: str) -> Any:
        headers = {"Authorization": f"Bearer {server.key}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            McpClient(
                streamable_http_client(f"{server.url}/mcp", http_client=http), mode=mode
            ) as client,
        ):
            tools = await client.list_tools()
            counted = await client.call_tool("count_events", {"days": 7})
            refused = await client.call_tool("get_customer_timeline", {"customer_id": "nobody"})
        return [tool.name for tool in tools.tools], counted, refused

    for mode in ("auto", "legacy"):
        names, counted, refused = asyncio.run(ask(mode))

        assert names == TOOLS
        assert counted.structured_content == {
            "events": 0,
            "days": [],
            "names": {},
            "complete": True,
        }
        assert refused.is_error
