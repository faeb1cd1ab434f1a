"""Uses the JavaScript client, as it was built, in Chromium: ``python -m tests.clients python -m tests.clients.browser``.

The page has the origin of the fault proxy, and so of the API; its files come from
clients/javascript/dist.
"""

import json
import os
import shutil
import sys
import time
import urllib.request
import uuid
from pathlib import Path

from playwright.sync_api import Page, Route, sync_playwright

DIST = Path(__file__).parents[2] / "clients" / "javascript" / "dist" / "esm"
PROXY, KEY = os.environ["TRAITLY_TEST_PROXY"], os.environ["TRAITLY_TEST_KEY"]

SEND_AND_READ = """async ([url, key, customer_id]) => {
    const { Traitly } = await import("/_client/index.js");
    const traitly = new Traitly({ url, key });
    await traitly.events.send({ customer_id, name: "sent" });
    const names = [];
    for await (const event of traitly.customers.events(customer_id)) names.push(event.name);
    return names;
}"""
ERRORS = """async ([url, key]) => {
    const { Traitly, BadRequestError, Webhook } = await import("/_client/index.js");
    try {
        await new Traitly({ url, key }).events.send({ customer_id: "1", name: " " });
    } catch (error) {
        return [error instanceof BadRequestError, error.errors[0].attr];
    }
}"""
VERIFY = """async () => {
    const { Webhook } = await import("/_client/index.js");
    return await new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", { tolerance: Infinity }).verify(
        '{"test": 2432232314}',
        new Headers({
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }),
    );
}"""
QUEUE = """async ([url, key, customer_id]) => {
    const { Traitly } = await import("/_client/index.js");
    const batcher = new Traitly({ url, key }).batcher({ interval: 3600 });
    await batcher.send({ customer_id, name: "queued" });
}"""


def _serve(route: Route) -> None:
    name = route.request.url.rsplit("/", 1)[1]
    if name == "page":
        route.fulfill(body="<!doctype html><title>Test</title>", content_type="text/html")
    else:
        route.fulfill(body=(DIST / name).read_bytes(), content_type="text/javascript")


def _names(customer_id: str) -> list[str]:
    """The events of the customer that are stored."""
    url = f"{os.environ['TRAITLY_TEST_URL']}/api/v1/customer/{customer_id}/event"
    request = urllib.request.Request(url, headers={"Authorization": f"Token {KEY}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return [event["name"] for event in json.load(response)["data"]]


def _check(page: Page) -> None:
    page.route("**/_client/*", _serve)
    page.goto(f"{PROXY}/_client/page")
    customer_id = str(uuid.uuid4())
    faults = json.dumps([{"fault": "cut after"}, {"fault": "status", "status": 503}]).encode()
    urllib.request.urlopen(f"{PROXY}/_faults", faults, timeout=10).close()
    assert page.evaluate(SEND_AND_READ, [PROXY, KEY, customer_id]) == ["sent"]
    assert page.evaluate(ERRORS, [PROXY, KEY]) == [True, "name"]
    assert page.evaluate(VERIFY) == {"test": 2432232314}
    page.evaluate(QUEUE, [PROXY, KEY, customer_id])
    assert _names(customer_id) == ["sent"]
    page.goto("about:blank")  # the page is left, and with it its queue is sent
    deadline = time.monotonic() + 10
    while sorted(_names(customer_id)) != ["queued", "sent"]:
        assert time.monotonic() < deadline, "what was queued is lost when the page is left"
        time.sleep(0.1)


def main() -> None:
    """Check, or say that there is no browser."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        print(
            "Chromium is missing: the JavaScript client was not tried in a browser.",
            file=sys.stderr,
        )
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        _check(browser.new_page())
        browser.close()
    print(
        "In a browser: sent, retried, read, refused, verified, and sent the queue when the page was left."
    )


if __name__ == "__main__":
    main()
