"""The operators' admin as a whole: under which policy, what it loads, what its sidebar leads to."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from tests.factories import UserFactory

PAGES = [
    "/admin/",
    "/admin/accounts/account/",
    "/admin/events/event/",
    "/admin/accounts/apikey/add/",
]


@pytest.mark.parametrize("path", PAGES)
def test_the_admins_policy_names_no_other_host_and_no_inline_script(
    operator: Client, path: str
) -> None:
    policy = operator.get(path).headers["Content-Security-Policy"]
    directives = dict(
        part.strip().split(" ", 1) for part in policy.split(";") if " " in part.strip()
    )
    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["style-src"] == "'self'"
    assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
    assert "http" not in policy


def test_other_pages_keep_the_strict_policy(operator: Client) -> None:
    for path in ("/login/", "/docs/", "/2fa/"):
        assert "unsafe" not in operator.get(path).headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_no_inline_script_and_loads_nothing_from_elsewhere(
    operator: Client, path: str
) -> None:
    page = operator.get(path).content.decode()
    loaded = re.findall(r"<(?:script|link|img)[^>]*?(?:src|href)=\"([^\"]*)", page)
    assert loaded
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded)
    assert not re.search(r"<script(?![^>]*src=)(?![^>]*application/json)", page)
    assert "<style" not in page


def test_every_link_of_the_sidebar_opens(operator: Client) -> None:
    links = _sidebar(operator)
    assert len(links) == 14
    for address, title in links:
        assert operator.get(address).status_code == 200, title


def test_names_are_plain(operator: Client) -> None:
    page = operator.get("/admin/").content.decode()
    assert "Team members" in page
    assert "Groups" not in page
    assert operator.get("/admin/auth/group/").status_code == 404
    assert "Team members" in operator.get("/admin/accounts/user/").content.decode()
    assert "0 rejections" in operator.get("/admin/rejections/rejection/").content.decode()


def test_the_sidebar_has_what_an_operator_may_see(db: None) -> None:
    operator = UserFactory.create(is_staff=True)
    operator.user_permissions.add(
        Permission.objects.get(codename="view_account", content_type__app_label="accounts")
    )
    client = Client()
    client.force_login(operator)
    assert [title for _, title in _sidebar(client)] == ["Dashboard", "Accounts"]


def test_a_password_is_changed_in_the_portal(operator: Client) -> None:
    assert operator.get("/admin/password_change/").headers["Location"] == "/password/change/"


def test_who_logs_out_is_where_everyone_logs_in(operator: Client) -> None:
    assert operator.get("/admin/logout/").status_code == 405
    assert operator.post("/admin/logout/").headers["Location"] == "/login/"
    assert operator.get("/admin/").status_code == 302


def test_times_are_shown_in_an_order_that_sorts(operator: Client) -> None:
    assert re.search(
        r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b",
        operator.get("/admin/accounts/user/").content.decode(),
    )


def _sidebar(client: Client) -> list[tuple[str, str]]:
    """The addresses and titles of its links."""
    page = client.get("/admin/").content.decode()
    sidebar = page.partition('id="nav-sidebar-apps"')[2].partition('class="who"')[0]
    return re.findall(r"<a href=\"([^\"]*)\".*?<span>([^<]*)</span>\s*</a>", sidebar, re.DOTALL)
