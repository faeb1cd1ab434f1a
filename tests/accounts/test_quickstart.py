"""What `make run` prints, and the link in it."""

import re

import pytest
from django.core.management import call_command
from django.test import Client

from accounts import keys
from accounts.first_login import LINK_LIVES_SECONDS, UsedLinkError, make_token, use_token
from accounts.models import ApiKey, User
from accounts.services import rotate_key
from tests.factories import UserFactory


@pytest.fixture
def said(db, capsys):
    def run(*arguments):
        call_command("quickstart", *arguments)
        return capsys.readouterr().out

    return run


def link(text):
    [path] = re.findall(r"http://127.0.0.1:8000(/welcome/\S+)", text)
    return path


def test_the_key_is_shown_when_it_is_made_and_when_it_is_asked_for(said):
    first = said()
    key = keys.decrypt(ApiKey.objects.get().encrypted)
    assert f"Your API key: {key}\n" in first
    second = said()
    assert key not in second
    assert ApiKey.objects.get().masked in second
    assert key in said("--show-key")
    assert ApiKey.objects.count() == 1


def test_the_link_logs_in_to_the_first_account_once(said):
    path = link(said())
    browser = Client()
    response = browser.get(path, follow=True)
    assert response.redirect_chain[-1][0] == "/quickstart/"
    page = response.content.decode()
    assert "First account" in page
    assert keys.decrypt(ApiKey.objects.get().encrypted) in page
    assert "Set a password" in page
    other = Client()
    assert other.get(path).headers["Location"] == "/login/"
    assert other.get("/team/").status_code == 302
    assert Client().get(link(said())).headers["Location"] == "/quickstart/"  # the next start's


def test_a_password_can_be_set_and_ends_the_links(said):
    browser = Client()
    browser.get(link(said()))
    before = link(said())
    form = {"password1": "correct horse battery", "password2": "correct horse battery"}
    assert browser.post("/password/set/", form).status_code == 302
    assert User.objects.get().has_usable_password()
    assert Client().get(before).headers["Location"] == "/login/"
    text = said()
    assert "welcome" not in text
    assert "/login/ as owner@example.com" in text


def test_the_admin_is_told_of(said):
    assert "createsuperuser" in said()


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_active": False}])
def test_no_link_logs_in_an_operator_or_someone_who_may_not(db, fields):
    user = UserFactory.create(**fields)
    user.set_unusable_password()
    user.save()
    with pytest.raises(UsedLinkError):
        use_token(make_token(user))


def test_a_link_ends(db, monkeypatch):
    user = User.objects.create_user("a@example.com")
    token = make_token(user)
    now = __import__("time").time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + LINK_LIVES_SECONDS + 1)
    with pytest.raises(UsedLinkError):
        use_token(token)


@pytest.mark.parametrize("token", ["", "x", "x:y:z"])
def test_a_made_up_link_is_none(db, token):
    with pytest.raises(UsedLinkError):
        use_token(token)


def test_a_first_key_that_was_rotated_is_not_shown(said):
    said()
    row = ApiKey.objects.get()
    rotate_key(account_id=row.account_id, key_id=row.pk)
    assert ApiKey.objects.order_by("-id")[0].masked in said()
