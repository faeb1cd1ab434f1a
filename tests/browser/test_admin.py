"""The operators' admin in a browser: accessible, as wide as the window, usable by keyboard, in light and dark."""

from typing import Any

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Server, Visitor
from tests.browser.test_pages import focus

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them

WIDE = {"width": 1920, "height": 1080}
LISTS = [
    f"/admin/{path}/"
    for path in (
        "accounts/account",
        "accounts/user",
        "accounts/apikey",
        "customers/customer",
        "events/event",
        "rejections/rejection",
        "feed/webhook",
        "feed/delivery",
        "feed/worker",
        "accounts/auditentry",
        "admin/logentry",
        "account/emailaddress",
        "mfa/authenticator",
    )
]
# Not of this project, and left as they are: django-unfold's scrollers all have one name, and its
# column of buttons that remove a row has none (both are advice, no criterion of WCAG); the field of
# Django's own autocomplete has no name.
WITHOUT = ("landmark-unique", "empty-table-header", "aria-input-field-name")
FORMS = ["/admin/accounts/account/add/", "/admin/accounts/apikey/add/", "/admin/accounts/user/add/"]


@pytest.fixture(scope="module")
def data(server: Server, chromium: Any) -> None:
    """A customer, its events, something refused: the rows of the lists."""
    visitor = Visitor(server, chromium.new_context())
    visitor.sign_up("A company with quite a long name, as some have, and then some more")
    visitor.send_something()
    visitor.context.close()


@pytest.fixture
def operator(server: Server, new_visitor: Any, data: None) -> Any:
    """Makes windows in which an operator is logged in, as everyone logs in."""

    def make(**options: Any) -> Visitor:
        visitor: Visitor = new_visitor(**options)
        visitor.log_in_operator()
        return visitor

    return make


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [(DESKTOP, "light"), (PHONE, "dark"), (WIDE, "dark")],
    ids=["desktop-light", "phone-dark", "wide-dark"],
)
def test_accessible_and_not_too_wide(operator, viewport, scheme):
    visitor = operator(viewport=viewport, color_scheme=scheme)
    page = visitor.open("/admin/")
    page.locator("canvas").first.wait_for()
    visitor.check_accessibility(*WITHOUT)
    visitor.check_width()
    for path in [*LISTS, *FORMS]:
        visitor.open(path)
        visitor.check_accessibility(*WITHOUT)
        visitor.check_width()
        assert page.evaluate(TABLE_OVERFLOW) <= 0, path
    for path in LISTS[:6]:
        visitor.open(path)
        page.locator("#result_list tbody th a").first.click()
        page.wait_for_url("**/change/**")
        visitor.check_accessibility(*WITHOUT)
        visitor.check_width()


# How far the columns of a list stick out of it.
TABLE_OVERFLOW = """(() => {
  const table = document.querySelector('#result_list');
  return table ? table.scrollWidth - table.parentElement.clientWidth : 0;
})()"""


def test_the_plots_are_drawn_and_told(operator):
    page = operator().open("/admin/")
    canvas = page.get_by_role("img", name="Events a day")
    canvas.wait_for()
    # What is not drawn is transparent.
    page.wait_for_function(
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(each => each)",
        arg=canvas.element_handle(),
    )
    page.get_by_text("As a table").first.click()
    assert page.locator("#events ~ details tbody tr").count() == 30
    page.get_by_role("link", name="90 days").click()
    page.wait_for_url("**/admin/?days=90")


def test_the_keyboard_does_everything(operator):
    visitor = operator()
    page = visitor.open("/admin/")
    focus(page, "#nav-sidebar-apps [href='/admin/accounts/apikey/']")
    assert (
        page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    )  # it can be seen
    page.keyboard.press("Enter")
    page.wait_for_url("**/apikey/")
    focus(page, "button.filters")
    page.keyboard.press("Enter")
    page.locator("#changelist-filter a:focus").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("#changelist-filter").wait_for(state="hidden")
    page.locator("button.filters:focus").wait_for()
    focus(page, "tbody .action-select")
    page.keyboard.press("Space")
    focus(page, "select[name=action]")
    page.keyboard.press("R")
    page.wait_for_function("document.activeElement.value.startsWith('rotate')")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("The account's owners see its text.").wait_for()
    focus(page, "[aria-label=Dark]")
    page.keyboard.press("Enter")
    assert "dark" in (page.locator("html").get_attribute("class") or "")
    focus(page, "#logout-form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/")


def test_on_a_phone_the_menu_opens_and_closes(operator):
    page = operator(viewport=PHONE).open("/admin/")
    sidebar = page.locator("#nav-sidebar")
    assert not sidebar.is_visible()
    page.get_by_role("button", name="Open the menu").click()
    sidebar.wait_for()
    page.get_by_role("button", name="Close the menu").click()
    sidebar.wait_for(state="hidden")


def test_a_search_over_all_accounts_leads_to_a_customers_events(operator):
    page = operator().open("/admin/customers/customer/")
    page.get_by_placeholder("A customer_id or an email address").fill("john@example.com")
    page.keyboard.press("Enter")
    page.get_by_text("All accounts were searched.").wait_for()
    page.get_by_role("link", name="Events", exact=True).last.click()
    page.wait_for_url("**/events/event/**")
    assert page.locator("#result_list tbody tr").count() == 2
