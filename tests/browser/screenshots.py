"""``make screenshots``: the pictures in docs/images, of the server that ``make run`` started and ``make demo`` filled."""

import os
import shutil
import sys
from pathlib import Path
from typing import Literal

import django
from playwright.sync_api import Page, ViewportSize, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traitly.settings")
IMAGES = Path(__file__).parents[2] / "docs" / "images"
DESKTOP = ViewportSize(width=1280, height=860)
PHONE = ViewportSize(width=390, height=844)
PICTURES: list[tuple[str, str, ViewportSize, Literal["light", "dark"]]] = [
    ("overview", "/", DESKTOP, "light"),
    ("quickstart", "/quickstart/", DESKTOP, "light"),
    ("live-events", "/events/?paused=1", DESKTOP, "dark"),
    ("customer-phone", "/customers/customer/?id=demo-1", PHONE, "light"),
]
OPERATORS_PICTURES: list[tuple[str, str, ViewportSize, Literal["light", "dark"]]] = [
    ("admin", "/admin/?count=1", DESKTOP, "light"),
    ("admin-customers", "/admin/customers/customer/", DESKTOP, "dark"),
]


def welcome_path() -> str:
    """The address that logs the first account's owner in."""
    django.setup()
    from accounts.first_login import make_token
    from accounts.models import User

    owner = (
        User.objects.filter(memberships__role="owner", is_staff=False)
        .order_by("memberships__account_id")
        .first()
    )
    if owner is None:
        sys.exit("There is no account to show: start make run, then make demo.")
    return f"/welcome/{make_token(owner)}/"


def operators_session() -> str:
    """A session in which an operator is logged in; one is made if there is none."""
    from django.test import Client

    from accounts.models import User

    operator = User.objects.filter(is_superuser=True, is_active=True).first()
    client = Client()
    client.force_login(operator or User.objects.create_superuser("operator@example.com"))
    return client.cookies["sessionid"].value


def take(
    page: Page, server: str, pictures: list[tuple[str, str, ViewportSize, Literal["light", "dark"]]]
) -> None:
    """Take some pictures."""
    for name, address, viewport, scheme in pictures:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        page.goto(server + address, wait_until="networkidle")
        page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    """Take them."""
    server, path = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}", welcome_path()
    session = operators_session()
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=DESKTOP)
        page.goto(server + path)
        page.goto(f"{server}/customers/")  # shows the message of the log-in, which is then gone
        take(page, server, PICTURES)
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": server}])
        take(page, server, OPERATORS_PICTURES)
        browser.close()


if __name__ == "__main__":
    main()
