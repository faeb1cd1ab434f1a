"""Segment's library for browsers, in Chromium, on a page of another origin."""

import http.server
import json
import shutil
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.browser.conftest import _ARGUMENTS, _NAMES
from tests.clients.faults import FaultProxy, fault_proxy
from tests.sdks.test_sdks import PROGRAMS, break_things, get
from tests.server import Server, running_server

TRACKS = 40


class _Site(http.server.BaseHTTPRequestHandler):
    """A page with the library in it, as a company's own site would have."""

    def __init__(self, settings: dict[str, object], *arguments: object) -> None:
        self.settings = settings
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path == "/browser.js":
            content, kind = (PROGRAMS / "node" / "browser.js").read_bytes(), "text/javascript"
        else:
            page = f"<!doctype html><body>waiting<script>window.settings = {json.dumps(self.settings)}</script>"
            content, kind = f'{page}<script src="/browser.js"></script>'.encode(), "text/html"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
        """Quiet."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("browser")) as server:
        yield server


@pytest.fixture
def page() -> Iterator[Page]:
    browser = next(filter(None, map(shutil.which, _NAMES)), None)
    if browser is None or not (PROGRAMS / "node" / "browser.js").exists():
        pytest.skip("Chromium and node are needed.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=_ARGUMENTS)
        yield chromium.new_page()
        chromium.close()


def _through(proxy: FaultProxy, route: Route) -> None:
    response = route.fetch()
    settings = response.json()
    settings["integrations"]["Segment.io"]["apiHost"] = f"{proxy.url.removeprefix('http://')}/v1"
    route.fulfill(response=response, json=settings)


def _counted(server: Server) -> list[int]:
    events = get(server, server.key, "customer/user-1/event", name="Counted", limit=1000)
    return [event["custom_attributes"]["number"] for event in events]


def test_the_library_for_browsers(server, page):
    setup = (
        "from accounts.models import Account; from accounts.services import create_key; "
        "account = Account.objects.get(); account.browser_origins = [{origin!r}]; account.save(); "
        "print(create_key(account=account, name='page', scopes=['write']).key)"
    )
    settings: dict[str, object] = {"host": server.url, "tracks": TRACKS}
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Site, settings))
    origin = f"http://localhost:{site.server_address[1]}"
    settings["key"] = server.manage("shell", "-v", "0", "-c", setup.format(origin=origin)).strip()
    threading.Thread(target=site.serve_forever, daemon=True).start()
    with fault_proxy(server.port) as proxy:
        settings["host"] = proxy.url
        # The library learns from the settings where to send: that is the server, so the proxy's
        # address is put in.
        page.route("**/settings", partial(_through, proxy))
        page.goto(origin)
        page.wait_for_function("document.body.textContent !== 'waiting'", timeout=60_000)
        harm = threading.Thread(target=break_things, args=(server, proxy))
        harm.start()
        expect(page.locator("body")).to_have_text("done", timeout=90_000)
        harm.join()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(_counted(server)) < TRACKS:
            page.wait_for_timeout(1_000)  # what failed is sent again
    site.shutdown()
    site.server_close()

    [customer] = get(server, server.key, "customer/user-1")
    assert {field: customer[field] for field in ("name", "email", "plan", "organisation_id")} == {
        "name": "Ann Lee",
        "email": "ann@example.com",
        "plan": "Grow",
        "organisation_id": "org-7",
    }
    events = get(server, server.key, "customer/user-1/event", limit=1000)
    names = [event["name"] for event in events]
    assert {"Signed Up", "Viewed Docs Index Page", "Viewed App Home Screen"} <= set(names)
    assert sorted(_counted(server)) == list(range(TRACKS))
    assert any(
        alias["reason"] == "identify" for alias in get(server, server.key, "customer/user-1/alias")
    )
