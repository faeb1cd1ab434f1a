"""The pages of data in a real browser: events that arrive while one looks, search as one types, mending what was refused."""

import contextlib
import json
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE

JOHN = {"customer_id": "123", "name": "John Smith", "email": "john@example.com", "plan": "Starter"}
PAGES = [
    "/",
    "/?days=90&plot=active",
    "/events/",
    "/events/?name=nothing&paused=1",
    "/customers/",
    "/customers/?q=smith",
    "/customers/?q=nobody",
    "/customers/?plan=Starter&created_at[gte]=2026-01-01",
    "/customers/?created_at[gte]=soon",
    "/events/rejected/",
    "/events/rejected/?customer_id=nobody",
    "/offline/",
    "/customers/customer/?id=123",
]


class Sender:
    """Sends to the API with the account's key, while the browser stays where it is."""

    def __init__(self, visitor):
        visitor.open("/quickstart/")
        self.key, self.server = visitor.key(), visitor.server

    def __call__(self, kind, *items):
        headers = {"Authorization": f"Token {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.server.address}/api/v1/{kind}", json.dumps(items).encode(), headers
        )
        with contextlib.suppress(urllib.error.HTTPError):  # 400 where all of them are refused
            urllib.request.urlopen(request).close()


@pytest.fixture
def send(visitor):
    visitor.sign_up()
    return Sender(visitor)


def event(name="Logged in", customer_id="123", **fields):
    return {"customer_id": customer_id, "name": name} | fields


def test_events_appear_by_themselves(visitor, send):
    page = visitor.open("/events/")
    expect(page.get_by_text("Nothing has arrived yet.")).to_be_visible()
    send("event", event("First"), event("Refused", created_at="yesterday"))
    expect(page.get_by_role("link", name="First", exact=True)).to_be_visible(timeout=4000)
    expect(page.get_by_text("Not a valid time.")).to_be_visible()
    page.get_by_role("link", name="First", exact=True).focus()
    send("event", event("Second"))
    expect(page.get_by_role("link", name="Second", exact=True)).to_be_visible(timeout=4000)
    assert (
        page.evaluate("document.activeElement.textContent") == "First"
    )  # a new list leaves the focus where it was


def test_pausing_holds_the_list_still(visitor, send):
    send("event", event("Before"))
    page = visitor.open("/events/")
    visitor.press("Pause")
    expect(page.get_by_text("Paused")).to_be_visible()
    send("event", event("Meanwhile"))
    page.wait_for_timeout(3000)
    expect(page.get_by_role("link", name="Meanwhile")).to_have_count(0)
    visitor.press("Resume")
    expect(page.get_by_role("link", name="Meanwhile")).to_be_visible()


def test_filters_follow_the_typing_and_the_address(visitor, send):
    send("event", event("Paid", "1"), event("Left", "2"))
    page = visitor.open("/events/")
    page.get_by_label("Event name").press_sequentially("paid")
    expect(page.get_by_role("link", name="Left")).to_have_count(0)
    expect(page.get_by_role("link", name="Paid")).to_be_visible()
    expect(page).to_have_url(f"{visitor.server.address}/events/?name=paid")
    send("event", event("Left", "3"), event("Paid", "4"))
    expect(page.get_by_role("link", name="4", exact=True)).to_be_visible(timeout=4000)
    expect(page.get_by_role("link", name="Left")).to_have_count(0)


def test_a_refused_event_is_mended_with_the_keyboard(visitor, send):
    send("event", event("Paid", created_at="yesterday"))
    page = visitor.open("/events/")
    page.get_by_role("link", name="Fix “Paid”").press("Enter")
    text = page.get_by_label("JSON of one event")
    text.fill('{"customer_id": "123"}')
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This field is required.")
    visitor.check_accessibility()
    visitor.complaints.clear()  # the browser reports the 422
    page.get_by_label("JSON of one event").fill(json.dumps(event("Paid")))
    visitor.press("Send again")
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    visitor.open("/events/")
    expect(page.get_by_role("link", name="Fix")).to_have_count(0)


def test_customers_are_found_while_one_types(visitor, send):
    send(
        "customer",
        JOHN,
        JOHN | {"customer_id": "456", "name": "Alice Brown", "email": "alice@example.com"},
    )
    send("event", event(), event("Paid"))
    page = visitor.open("/customers/")
    page.get_by_label("Search").press_sequentially("smi")
    expect(page.get_by_role("link", name="Alice Brown")).to_have_count(0)
    expect(page.get_by_text("1 customer matches.")).to_be_attached()
    page.get_by_role("link", name="John Smith").press("Enter")
    expect(page.get_by_role("img", name="Events in 90 days")).to_be_visible()
    page.get_by_text("Table of Events in 90 days").press("Enter")
    expect(page.get_by_role("columnheader", name="Paid")).to_be_visible()
    visitor.check_accessibility()


def test_everything_works_without_scripts(new_visitor):
    """But for what arrives by itself: a link looks again."""
    scripted = new_visitor()
    email = scripted.sign_up()
    send = Sender(scripted)
    send("customer", JOHN)
    send("event", event("Paid"))
    visitor = new_visitor(java_script_enabled=False)
    visitor.open("/login/")
    visitor.fill(Email=email, Password="correct horse battery")
    visitor.press("Log in")
    page = visitor.open("/events/")
    visitor.fill(Event_name="Paid")
    visitor.press("Filter")
    expect(page.get_by_role("link", name="Paid")).to_be_visible()
    send("event", event("Paid", "new"))
    visitor.press("Look again")
    expect(page.get_by_role("link", name="new", exact=True)).to_be_visible()
    visitor.open("/customers/")
    visitor.fill(Search="smith")
    visitor.press("Search")
    visitor.press("John Smith")
    expect(page.get_by_role("heading", name="John Smith")).to_be_visible()


def test_rows_are_one_line_and_say_the_whole_on_hover_and_focus(visitor, send):
    long = "a long value that does not fit beside its many fellows " * 3
    send("event", event(note=long, other=long))
    page = visitor.open("/events/?paused=1")
    row, cell = page.locator("tbody tr"), page.locator("td.wide")
    assert row.bounding_box()["height"] < 60
    cell.hover()
    assert "note=a long value" in cell.get_attribute("title")
    page.get_by_role("link", name="Resume").focus()
    page.keyboard.press("Tab")  # the table, which scrolls
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Logged in"
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")


def test_times_are_in_the_readers_zone_by_choice(new_visitor):
    visitor = new_visitor(timezone_id="Asia/Tokyo")
    visitor.sign_up()
    Sender(visitor)("event", event(created_at=1_700_000_000))
    page = visitor.open("/customers/customer/?id=123")
    moment = page.locator("tbody time").last
    assert "14 Nov 2023, 22:13:20 UTC" in moment.get_attribute("title")
    page.locator(".menu summary").click()
    visitor.press("Times in my time zone")
    assert "15 Nov 2023, 07:13:20 Asia/Tokyo" in moment.get_attribute("title")
    visitor.open("/customers/customer/?id=123")  # the choice is kept
    assert "Asia/Tokyo" in page.locator("tbody time").last.get_attribute("title")


def test_the_navigation_opens_and_closes_on_a_phone(new_visitor):
    visitor = new_visitor(viewport=PHONE)
    visitor.sign_up()
    page = visitor.open("/customers/")
    expect(page.locator("#nav")).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).press("Enter")
    expect(page.get_by_role("link", name="Docs")).to_be_visible()
    visitor.check_accessibility()
    page.keyboard.press("Escape")
    expect(page.locator("#nav")).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).press("Enter")
    page.get_by_role("link", name="Live events").press("Enter")
    expect(page.get_by_role("heading", name="Live events")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_accessible_and_not_too_wide(new_visitor, viewport, scheme):
    visitor = new_visitor(viewport=viewport, color_scheme=scheme)
    visitor.sign_up()
    send = Sender(visitor)
    send("customer", JOHN | {"monthly_payment_amount": 199, "role": "manager", "long": "x" * 200})
    send(
        "event",
        *(event(f"Event {number}") for number in range(7)),
        event(created_at="x", note="y" * 300),
    )
    page = visitor.open("/events/")
    opened = [
        page.get_by_role("link", name=name).first.get_attribute("href")
        for name in ("Event 1", "Fix")
    ]
    for path in [*PAGES, *opened]:
        visitor.open(path)
        for summary in page.locator("details.behind > summary").all():
            summary.click()
        for summary in page.locator("details.drop > summary").all():
            summary.click()
            visitor.check_width()
            summary.click()
        visitor.check_accessibility()
        visitor.check_width()


def told(page):
    """What the plot's tip says."""
    return page.locator(".tip").inner_text().replace("\n", " ")


def test_a_plot_tells_a_day_by_pointer_touch_and_keyboard(new_visitor):
    visitor = new_visitor(has_touch=True)
    visitor.sign_up()
    send = Sender(visitor)
    yesterday = time.time() - 86_400
    send("event", event(), event(), event(created_at=yesterday))
    page = visitor.open("/")
    probe, tip = page.get_by_role("slider", name="Events a day, day by day"), page.locator(".tip")
    expect(tip).to_be_hidden()
    box = probe.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 20)
    assert told(page).endswith("so far All 2")
    page.mouse.move(box["x"] + box["width"] - box["width"] / 30 - 3, box["y"] + 20)
    assert told(page).endswith("All 1")
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    page.touchscreen.tap(box["x"] + box["width"] - 3, box["y"] + 40)
    assert told(page).endswith("so far All 2")
    page.locator("h1").click()
    page.get_by_role("link", name="New customers", exact=True).last.focus()
    page.keyboard.press("Tab")
    assert told(page).endswith("so far All 2")
    page.keyboard.press("ArrowLeft")
    assert told(page).endswith("All 1")
    assert probe.get_attribute("aria-valuetext").endswith("All 1")
    visitor.check_accessibility()
    page.keyboard.press("Home")
    assert told(page).endswith("All 0")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_many_rejections_are_fixed_and_dismissed_with_the_keyboard(visitor, send):
    send("event", *(event(name, created_at="yesterday") for name in ("Paid", "Left", "Kept")))
    page = visitor.open("/events/rejected/")
    for name in ("Paid", "Left"):
        page.get_by_label(f"Select {name}").press("Space")
    page.get_by_label("Field", exact=True).fill("created_at")
    page.get_by_label("New value or name").fill("1700000000")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 items stored.")).to_be_visible()
    page.get_by_label("All 1").press("Space")
    page.get_by_role("button", name="Dismiss").press("Enter")
    expect(page.get_by_text("1 item dismissed.")).to_be_visible()
    expect(page.get_by_text("Nothing is rejected.")).to_be_visible()
    visitor.check_accessibility()


def test_the_quick_start_says_that_one_was_refused(visitor, send):
    page = visitor.open("/")
    expect(page.get_by_role("heading", name="Quick start")).to_be_visible()
    send("event", {"customer_id": "1"})
    expect(page.get_by_text("One was rejected")).to_be_visible(timeout=4000)
    visitor.check_accessibility()
    page.get_by_role("link", name="Fix it").press("Enter")
    expect(page.get_by_role("heading", name="Rejected event")).to_be_visible()


def test_customers_are_filtered_and_their_columns_chosen(visitor, send):
    send("customer", JOHN | {"role": "boss"}, JOHN | {"customer_id": "2", "name": "Alice"})
    page = visitor.open("/customers/")
    page.get_by_text("Add a filter").press("Enter")
    page.get_by_label("Field").select_option("Custom attribute")
    page.get_by_label("Value").fill("role=boss")
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(page.get_by_role("link", name="John Smith")).to_be_visible()
    expect(page.get_by_role("link", name="Alice")).to_have_count(0)
    page.get_by_text("The same list by the API").press("Enter")
    expect(page.get_by_text("--data-urlencode 'custom_attributes[role]=boss'")).to_be_visible()
    page.get_by_text("Columns", exact=True).press("Enter")
    page.get_by_label("role", exact=True).press("Space")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_role("cell", name="boss")).to_be_visible()
    page.get_by_role("link", name="role: boss").press("Enter")
    expect(page.get_by_role("link", name="Alice")).to_be_visible()


def test_offline_is_a_page_that_says_so(new_visitor):
    visitor = new_visitor()
    visitor.sign_up()
    page = visitor.open("/events/")
    page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
    visitor.open("/customers/")
    visitor.context.set_offline(True)
    page.get_by_role("link", name="Live events").click()
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    visitor.check_accessibility()
    visitor.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="Live events")).to_be_visible()
    visitor.complaints.clear()  # the browser reports what it could not load


def test_a_list_that_gets_no_answer_says_so(visitor, send):
    send("event", event())
    page = visitor.open("/events/")
    visitor.context.route("**/events/feed/**", lambda route: route.fulfill(status=503))
    expect(page.get_by_text("The server does not answer.")).to_be_visible(timeout=5000)
    visitor.context.unroute("**/events/feed/**")
    expect(page.get_by_text("The server does not answer.")).to_be_hidden(timeout=5000)
    visitor.complaints.clear()  # the browser reports each 503


@pytest.mark.parametrize(
    "path", ["/", "/events/", "/events/rejected/", "/customers/", "/customers/customer/?id=123"]
)
def test_weighs_little_and_stays_where_it_is(visitor, send, path):
    """Compressed, with all that it loads; nothing on it moves while it loads."""
    send("customer", JOHN)
    send("event", *(event(f"Event {number}") for number in range(40)), event(created_at="x"))
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes = []
    session.on("Network.loadingFinished", lambda found: sizes.append(found["encodedDataLength"]))
    page = visitor.open(path)
    page.wait_for_timeout(500)
    assert 0 < sum(sizes) < 150_000
    shift = """new Promise((tell) => {
      let sum = 0;
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
        .observe({ type: "layout-shift", buffered: true });
      setTimeout(() => tell(sum), 300);
    })"""
    assert page.evaluate(shift) == 0
