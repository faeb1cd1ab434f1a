"""Acme's owner and member, and Globex's owner, each in a browser of their own that keeps cookies and checks CSRF."""

import re
import time
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Account, Membership, User
from tests.factories import MembershipFactory

PASSWORD = "correct horse battery"


class Browser:
    """A client that sends forms as a browser does: it loads the page first and sends its token along."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.token = ""

    def get(self, address: str, **options: Any) -> Any:
        response = self.client.get(address, **options)
        if not response.streaming and (
            match := re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', response.content)
        ):
            self.token = match[1].decode()
        return response

    def post(self, address: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        if not self.token:
            self.get("/login/")
        return self.client.post(
            address, {"csrfmiddlewaretoken": self.token} | (data or {}), **options
        )

    def log_in(self, user: User) -> "Browser":
        response = self.post("/login/", {"login": user.email, "password": PASSWORD})
        assert response.status_code == 302, response.content
        self.get("/logout/")  # a log-in changes the token; every page of a form has the new one
        return self


def person(account: Account, email: str, role: str = "owner") -> User:
    """Someone in the account who can log in: the password is set, the address proven."""
    user = User.objects.create_user(email, PASSWORD)
    user.emailaddress_set.create(email=email, verified=True, primary=True)  # type: ignore[attr-defined]
    MembershipFactory.create(account=account, user=user, role=role)
    return user


def code() -> str:
    """The code in the newest mail."""
    match = re.search(r"^\s*([A-Z0-9-]{6,9})\s*$", str(mail.outbox[-1].body), re.MULTILINE)
    assert match, mail.outbox[-1].body
    return match[1]


def link() -> str:
    """The path of the link in the newest mail."""
    match = re.search(r"https?://testserver(/\S+)", str(mail.outbox[-1].body))
    assert match, mail.outbox[-1].body
    return match[1]


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Hashing is slow on purpose, and not what is tested."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def visitor(db: None) -> Browser:
    return Browser()


@pytest.fixture
def owner_user(acme: Account) -> User:
    return person(acme, "owner@acme.example")


@pytest.fixture
def member_user(acme: Account, owner_user: User) -> User:
    return person(acme, "member@acme.example", Membership.Role.MEMBER)


@pytest.fixture
def owner(owner_user: User) -> Browser:
    return Browser().log_in(owner_user)


@pytest.fixture
def member(member_user: User) -> Browser:
    return Browser().log_in(member_user)


@pytest.fixture
def globex_owner(globex: Account) -> Browser:
    return Browser().log_in(person(globex, "owner@globex.example"))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets minutes pass for what asks how old a log-in is."""
    now = time.time

    def pass_minutes(minutes: float) -> None:
        monkeypatch.setattr("portal.access.time.time", lambda: now() + 60 * minutes)

    return pass_minutes
