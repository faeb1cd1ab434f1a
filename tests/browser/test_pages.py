"""What holds for every page: accessible, narrow enough for a phone, light, still, and usable without a mouse or scripts."""

import pytest

from tests.browser.conftest import DESKTOP, PASSWORD, PHONE

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them

ANONYMOUS = [
    "/login/",
    "/register/",
    "/password/reset/",
    "/password/reset/done/",
    "/invitation/none/",
    "/nowhere/",
]
OWNERS = [
    "/",
    "/events/",
    "/customers/",
    "/customers/?q=john",
    "/customers/customer/?id=123",
    "/quickstart/",
    "/quickstart/?language=python",
    "/quickstart/?language=javascript",
    "/keys/",
    "/keys/create/",
    "/team/",
    "/settings/",
    "/settings/delete/",
    "/audit/",
    "/accounts/",
    "/email/",
    "/password/change/",
    "/2fa/",
    "/2fa/totp/activate/",
    "/reauthenticate/",
]


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
def test_accessible_and_not_too_wide(new_visitor, viewport, scheme):
    visitor = new_visitor(viewport=viewport, color_scheme=scheme)
    for path in ANONYMOUS:
        visitor.open(path)
        visitor.check_accessibility()
        visitor.check_width()
    visitor.complaints.clear()  # the 404s above
    visitor.sign_up("A company with quite a long name, as some have")
    visitor.send_something()
    for path in [*OWNERS, *linked(visitor)]:
        visitor.open(path)
        visitor.check_accessibility()
        visitor.check_width()


def linked(visitor):
    """The pages whose addresses name a row: a key's, a member's, an event's, a rejected item's."""
    addresses = []
    for path, words in (("/keys/", "the key"), ("/team/", "Leave"), ("/events/", "Logged")):
        visitor.open(path)
        links = visitor.page.locator("main").get_by_role("link", name=words).all()
        assert links, path
        addresses += [link.get_attribute("href") for link in links]
    return addresses


def test_what_errors_look_like_is_accessible(visitor):
    visitor.open("/login/")
    visitor.fill(Email="nobody@example.com", Password="wrong")
    visitor.press("Log in")
    visitor.page.get_by_role("alert").wait_for()
    visitor.check_accessibility()
    visitor.open("/register/")
    visitor.fill(Company="X", Email="x@example.com", Password="short")
    visitor.press("Sign up")
    visitor.page.get_by_text("too short").wait_for()
    visitor.check_accessibility()


def test_the_keyboard_does_everything(visitor):
    email = visitor.sign_up()
    page = visitor.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    visitor.open("/quickstart/")
    focus(page, "summary")
    page.keyboard.press("Enter")
    page.locator(".menu-items").wait_for()
    page.keyboard.press("Escape")
    assert not page.locator(".menu-items").is_visible()
    page.keyboard.press("Enter")
    focus(page, ".menu-items form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/**")
    focus(page, "[name=login]")
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".side").wait_for()
    focus(page, ".side [href='/keys/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/keys/")
    focus(page, "form[action*=reveal] button")
    assert (
        page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    )  # it can be seen
    page.keyboard.press("Enter")
    page.locator("#key").wait_for()


def focus(page, selector):
    """Press Tab until the element has the focus."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} cannot be reached by Tab")


def test_everything_works_without_scripts(new_visitor):
    visitor = new_visitor(java_script_enabled=False)
    visitor.sign_up()
    page = visitor.page
    assert page.get_by_role("link", name="Look again").is_visible()
    assert not page.get_by_role(
        "button", name="Copy"
    ).count()  # a button that does nothing is not shown
    visitor.key()
    page.get_by_role("link", name="JavaScript").click()
    assert "fetch(" in page.locator(".code").first.inner_text()
    visitor.open("/keys/create/")
    visitor.fill(Name="Website")
    visitor.press("Create key")
    visitor.key()
    page.locator(".menu summary").click()
    visitor.press("Log out")
    page.get_by_role("heading", name="Log in").wait_for()


# Sums what crosses the network, and how much of what was painted moved, and what it was.
WEIGHT = "performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0)"
SHIFT = """new Promise(resolve => {
  let shift = 0, moved = [];
  const told = (rect) => [rect.x, rect.y, rect.width, rect.height].map(Math.round).join(",");
  new PerformanceObserver(list => list.getEntries().forEach(entry => {
    shift += entry.value;
    entry.sources.forEach(({node, previousRect, currentRect}) => moved.push(
      `${(node && (node.outerHTML || node.textContent).slice(0, 80))}: ${told(previousRect)} to ${told(currentRect)}`));
  })).observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve([shift, moved]), 500);
})"""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_light_and_still(new_visitor, viewport):
    visitor = new_visitor(viewport=viewport)
    page = visitor.open("/register/")
    assert 0 < page.evaluate(WEIGHT) < 100_000
    visitor.sign_up()
    visitor.send_something()
    for path in OWNERS:
        visitor.open(path)
        assert page.evaluate(WEIGHT) < 100_000, path
        shift, moved = page.evaluate(SHIFT)
        assert shift < 0.001, (path, moved)
