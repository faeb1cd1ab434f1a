"""The whole product as it is installed, a real gunicorn over a database of its own, and Chromium in front of it.

Tests touch it by the browser, by curl and by the mail that it sends; nothing is mocked. Without a
browser they are skipped, except in CI, where they fail.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

PROJECT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 860}
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_serial = count(1)


class Server:
    """A running server: its address, and the mail that it sent."""

    def __init__(self, address: str, mailbox: Path, environment: dict[str, str]) -> None:
        self.address = address
        self.mailbox = mailbox
        self.environment = environment

    def manage(self, *arguments: str, **environment: str) -> None:
        """Run a command of manage.py beside it."""
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment | environment,
            check=True,
            capture_output=True,
        )

    def mail_to(self, email: str) -> str:
        """The newest mail to the address."""
        files = sorted(self.mailbox.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        mails = [
            mail
            for file in files
            for mail in file.read_text().split("-" * 79)
            if f"To: {email}" in mail
        ]
        assert mails, f"no mail to {email}"
        return mails[-1]

    def code_for(self, email: str) -> str:
        """The code in it."""
        [code] = re.findall(
            r"^([A-Z0-9]+(?:-[A-Z0-9]+)*)$", self.mail_to(email).partition("\n\n")[2], re.MULTILINE
        )
        return str(code)

    def link_for(self, email: str) -> str:
        """The link in it."""
        text = self.mail_to(email).replace("=\n", "")
        match = re.search(rf"{re.escape(self.address)}/\S+", text)
        assert match, text
        return match[0]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("data")
    mailbox = tmp_path_factory.mktemp("mail")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    environment |= {
        "TRAITLY_DATA_DIR": str(data_dir),
        "PORT": str(port),
        "EMAIL_URL": f"filemail:///{mailbox}",
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], cwd=PROJECT, env=environment, check=True
    )
    log = (data_dir / "gunicorn.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "traitly.wsgi"],
        cwd=PROJECT,
        env=environment,
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(
            lambda: urllib.request.urlopen(f"{address}/health", timeout=5).status == 200, seconds=60
        )
        yield Server(address, mailbox, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log.close()


def wait_for(question: Callable[[], bool], *, seconds: float) -> None:
    """Ask until the answer is yes; an error is a no."""
    ends = time.monotonic() + seconds
    while True:
        try:
            if question():
                return
        except OSError:
            pass
        assert time.monotonic() < ends, "it never came true"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        message = f"There is no browser: install one of {', '.join(_NAMES)}."
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """A person with a browser window. What the browser complains of fails the test."""

    def __init__(self, server: Server, context: BrowserContext) -> None:
        self.server = server
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.page.on("console", self._check_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._check_host)

    def _check_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _check_host(self, request: Request) -> None:
        if not request.url.startswith(self.server.address):
            self.complaints.append(f"asked another host: {request.url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.server.address + path)
        return self.page

    def press(self, name: str, **options: Any) -> None:
        """A button or link, by what it says."""
        self.page.get_by_role("button", name=name, **options).or_(
            self.page.get_by_role("link", name=name, **options)
        ).first.click()

    def fill(self, **fields: str) -> None:
        """Fields, by the names of their labels."""
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=False).first.fill(value)

    def sign_up(self, company: str = "Initech") -> str:
        """A new account; gives the email."""
        email = f"person{next(_serial)}-{os.getpid()}@initech.example"
        self.open("/register/")
        self.fill(Company=company, Email=email, Password=PASSWORD)
        self.press("Sign up")
        self.page.wait_for_url("**/confirm-email/**")
        self.fill(Code=self.server.code_for(email))
        self.press("Confirm")
        self.page.wait_for_url("**/quickstart/")
        return email

    def log_in_operator(self) -> None:
        """As a superuser that ``manage.py createsuperuser`` makes, with the code that the first log-in asks for."""
        email = f"operator{next(_serial)}-{os.getpid()}@initech.example"
        self.server.manage(
            "createsuperuser", "--noinput", "--email", email, DJANGO_SUPERUSER_PASSWORD=PASSWORD
        )
        self.open("/admin/")
        self.fill(Email=email, Password=PASSWORD)
        self.press("Log in")
        self.page.wait_for_url("**/confirm-email/**")
        self.fill(Code=self.server.code_for(email))
        self.press("Confirm")
        self.page.wait_for_url("**/admin/")

    def key(self) -> str:
        """The key that the page shows."""
        text = self.page.locator("#key").text_content()
        assert text
        assert re.fullmatch(r"traitly_[0-9A-Za-z]{40}", text)
        return text

    def send(self, path: str, *items: dict[str, Any]) -> None:
        """Send items to the API with the key that the quick start shows."""
        self.open("/quickstart/")
        headers = {"Authorization": f"Token {self.key()}", "Content-Type": "application/json"}
        address = f"{self.server.address}/api/v1/{path}"
        urllib.request.urlopen(
            urllib.request.Request(address, json.dumps(items).encode(), headers)
        ).close()

    def send_something(self) -> None:
        """A customer, two events of it, and one that is refused."""
        customer = {
            "customer_id": "123",
            "name": "John Smith",
            "email": "john@example.com",
            "plan": "Starter",
        }
        event = {"customer_id": "123", "name": "Logged in"}
        self.send(
            "customer",
            customer | {"monthly_payment_amount": 199, "custom_attributes": {"role": "manager"}},
        )
        self.send(
            "event", event, event | {"name": "Logged out"}, event | {"created_at": "yesterday"}
        )

    def check_accessibility(self, *without: str) -> None:
        """No violation that axe-core can find, but of the rules that are named."""
        results = Axe().run(
            self.page, options={"rules": {rule: {"enabled": False} for rule in without}}
        )
        assert results.violations_count == 0, f"{self.page.url}\n{results.generate_report()}"

    def check_width(self) -> None:
        """Nothing sticks out to the side."""
        out = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert out <= 0, f"{self.page.url} is {out} px too wide"


@pytest.fixture
def new_visitor(server: Server, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors, each with cookies of its own."""
    visitors: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        context = chromium.new_context(
            **{"viewport": DESKTOP, "permissions": ["clipboard-read", "clipboard-write"], **options}
        )
        visitors.append(Visitor(server, context))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.context.close()
    assert not [complaint for visitor in visitors for complaint in visitor.complaints]


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    return new_visitor()
