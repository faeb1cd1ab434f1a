"""The pages of /docs/ in a browser: on a phone and a desk, in the light and the dark, with scripts and without."""

import pytest

from tests.browser.conftest import DESKTOP, PHONE

PAGES = [
    "/docs/",
    "/docs/events/",
    "/docs/errors/",
    "/docs/guides/quickstart/",
    "/docs/search/?q=cursor",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desk"])
def test_a_page_fits_and_is_accessible(new_visitor, path, scheme, viewport):
    visitor = new_visitor(viewport=viewport, color_scheme=scheme)
    visitor.open(path)

    visitor.check_width()
    visitor.check_accessibility()


def test_without_scripts_a_page_reads_and_the_language_changes(new_visitor):
    page = new_visitor(java_script_enabled=False).open("/docs/events/")
    page.get_by_role("link", name="Python").first.click()

    assert page.locator("#create-an-event pre[data-of=python]").first.is_visible()
    assert not page.locator("#create-an-event pre[data-of=curl]").first.is_visible()
    assert (
        page.get_by_role("navigation", name="Contents")
        .get_by_role("link", name="Customers")
        .is_visible()
    )


def test_the_language_is_kept_from_page_to_page(visitor):
    page = visitor.open("/docs/events/")
    page.locator("[data-tab=javascript]").first.click()
    page = visitor.open("/docs/customers/")

    assert page.locator("pre[data-of=javascript]").first.is_visible()


def test_the_theme_is_kept(visitor):
    page = visitor.open("/docs/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page = visitor.open("/docs/errors/")

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_search_shows_what_it_finds_while_one_types(visitor):
    page = visitor.open("/docs/")
    page.keyboard.press("/")
    page.keyboard.type("erase customer")
    page.locator("#found-box a").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url("**/docs/customers/#erase-a-customer")


def test_an_owner_tries_a_request_with_the_key_that_is_filled_in(visitor):
    visitor.sign_up()
    key = visitor.key()
    page = visitor.open("/docs/events/#create-an-event")
    place = page.locator("#create-an-event .try")

    assert key in page.locator("#create-an-event pre[data-of=curl]").first.text_content()
    place.get_by_text("Try it").click()
    place.get_by_role("button", name="Send POST").click()
    place.locator(".result .status.good").wait_for()
    assert place.locator(".result .status").text_content() == "201"
    assert '"success": 1' in place.locator(".result pre").text_content()
    visitor.check_accessibility()
