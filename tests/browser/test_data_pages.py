"""The pages of data in a real browser: events that arrive while one looks, search as one types, mending what was refused."""

import contextlib
import json
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE

JOHN = {"customer_id": "123", "name": "John Smith", "email": "john@example.com", "plan": "Starter"}
PAGES = [
    "/",
    "/?days=90",
    "/events/",
    "/events/?name=nothing&paused=1",
    "/customers/",
    "/customers/?q=smith",
    "/customers/?q=nobody",
    "/customers/customer/?id=123",
]


class Sender:
    """Sends to the API with the account's key, while the browser stays where it is."""

    def __init__(self, visitor):
        visitor.open("/quickstart/")
        self.key, self.server = visitor.key(), visitor.server

    def __call__(self, kind, *items):
        headers = {"Authorization": f"Token {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.server.address}/api/v1/{kind}", json.dumps(items).encode(), headers)
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
    assert page.evaluate("document.activeElement.textContent") == "First"  # a new list leaves the focus where it was


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
    page.get_by_label("Event name").press_sequentially("Paid")
    expect(page.get_by_role("link", name="Left")).to_have_count(0)
    expect(page.get_by_role("link", name="Paid")).to_be_visible()
    expect(page).to_have_url(f"{visitor.server.address}/events/?name=Paid")
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
    send("customer", JOHN, JOHN | {"customer_id": "456", "name": "Alice Brown", "email": "alice@example.com"})
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
    time = page.locator("tbody time").last
    assert "14 Nov 2023, 22:13:20 UTC" in time.get_attribute("title")
    page.locator(".menu summary").click()
    visitor.press("Times in my time zone")
    assert "15 Nov 2023, 07:13:20 Asia/Tokyo" in time.get_attribute("title")
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
    send("event", *(event(f"Event {number}") for number in range(7)), event(created_at="x", note="y" * 300))
    page = visitor.open("/events/")
    opened = [page.get_by_role("link", name=name).first.get_attribute("href") for name in ("Event 1", "Fix")]
    for path in [*PAGES, *opened]:
        visitor.open(path)
        for summary in page.locator("details.behind > summary").all():
            summary.click()
        visitor.check_accessibility()
        visitor.check_width()
