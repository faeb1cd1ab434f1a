import os
import subprocess
import sys

import pytest
from django.core import mail

from accounts import services
from accounts.authentication import find_credential
from accounts.keys import decrypt
from accounts.models import Account, ApiKey, AuditEntry, Membership, User
from tests.portal.conftest import PASSWORD, Browser, code, link

FORM = {"company": "Initech", "email": "Bill@Initech.example", "password1": PASSWORD}


def sign_up(visitor, **fields):
    visitor.get("/register/")
    return visitor.post("/register/", FORM | fields)


def test_signing_up_makes_user_account_and_first_key(visitor):
    sign_up(visitor)
    user = User.objects.get()
    place = Membership.objects.get(user=user)
    key = ApiKey.objects.get(account=place.account)
    assert (user.email, place.role, place.account.name, key.scopes) == (
        "bill@initech.example",
        "owner",
        "Initech",
        ["read", "write"],
    )
    assert find_credential(decrypt(key.encrypted), {})


def test_the_code_that_is_mailed_lets_in(visitor):
    response = sign_up(visitor)
    assert response.headers["Location"] == "/confirm-email/"
    assert visitor.client.get("/quickstart/").status_code == 302  # not in yet
    visitor.get("/confirm-email/")
    response = visitor.post("/confirm-email/", {"code": code()})
    assert response.headers["Location"] == "/quickstart/"
    page = visitor.get("/quickstart/").content.decode()
    assert decrypt(ApiKey.objects.get().encrypted) in page


@pytest.mark.parametrize("door", ["/register/", "/register/?next=/", "/register/?next=/customers/"])
def test_every_door_leads_to_the_quick_start(visitor, door):
    page = visitor.get(door).content.decode()
    assert 'method="post" action="/register/"' in page
    assert 'name="next"' not in page
    visitor.post("/register/", FORM)
    visitor.get("/confirm-email/")
    assert visitor.post("/confirm-email/", {"code": code()})["Location"] == "/quickstart/"
    assert "Waiting for your first event" in visitor.get("/").content.decode()
    assert not AuditEntry.objects.filter(action=AuditEntry.Action.EMAIL_CHANGED).exists()


def test_messages_are_in_one_voice(visitor, settings):
    sign_up(visitor)
    assert (
        "A code is on its way to bill@initech.example."
        in visitor.get("/confirm-email/").content.decode()
    )
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    other = Browser()
    sign_up(other, email="peter@initech.example")
    page = other.get("/confirm-email/").content.decode()
    assert "This server is not set up to send email." in page
    assert 'class="notice success"' not in page
    assert 'class="notice info"' not in page


def test_labels_are_in_sentence_case(owner):
    page = owner.get("/password/change/").content.decode()
    for label in ("Current password", "New password", "New password again"):
        assert f">{label}</label>" in page


def test_an_operator_without_an_account_is_told_of_the_admin(owner, owner_user):
    Membership.objects.all().delete()
    User.objects.update(is_staff=True)
    page = owner.get("/no-account/").content.decode()
    assert 'href="/admin/"' in page
    assert "removed" not in page


def test_a_wrong_code_does_not_let_in(visitor):
    sign_up(visitor)
    visitor.get("/confirm-email/")
    assert visitor.post("/confirm-email/", {"code": "WRONG1"}).status_code == 200
    assert visitor.client.get("/quickstart/").status_code == 302


def test_codes_cannot_be_guessed_at(visitor):
    sign_up(visitor)
    for _ in range(3):
        visitor.get("/confirm-email/")
        visitor.post("/confirm-email/", {"code": "WRONG1"})
    visitor.get("/confirm-email/")
    visitor.post("/confirm-email/", {"code": code()})
    assert visitor.client.get("/quickstart/").status_code == 302


def test_all_or_nothing(visitor, monkeypatch):
    monkeypatch.setattr(services, "_make_key", lambda *_: 1 / 0)
    visitor.client.raise_request_exception = False
    assert sign_up(visitor).status_code == 500
    assert not User.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"company": ""}, "required"),
        ({"email": "bill"}, "valid email"),
        ({"password1": "short"}, "too short"),
        ({"password1": "password"}, "too common"),
        ({"password1": "81934750192"}, "numeric"),
    ],
)
def test_what_is_wrong_is_said(visitor, fields, words):
    response = sign_up(visitor, **fields)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not User.objects.exists()


def test_log_in_and_out(visitor, owner_user):
    visitor.log_in(owner_user)
    assert visitor.get("/quickstart/").status_code == 200
    assert visitor.post("/logout/").headers["Location"] == "/login/"
    assert visitor.get("/quickstart/").status_code == 302


def test_logging_out_takes_a_post(owner):
    owner.get("/logout/")
    assert owner.get("/quickstart/").status_code == 200


def test_password_reset(visitor, owner_user):
    visitor.get("/password/reset/")
    visitor.post("/password/reset/", {"email": owner_user.email})
    address = visitor.get(link()).headers["Location"]
    visitor.get(address)
    response = visitor.post(
        address, {"password1": "another good one", "password2": "another good one"}
    )
    assert response.headers["Location"] == "/password/reset/key/done/"
    owner_user.refresh_from_db()
    assert owner_user.check_password("another good one")
    assert AuditEntry.objects.filter(
        action="user.password_changed", actor_email=owner_user.email
    ).exists()


def test_a_reset_link_works_once(visitor, owner_user):
    visitor.get("/password/reset/")
    visitor.post("/password/reset/", {"email": owner_user.email})
    used = link()
    address = visitor.get(used).headers["Location"]
    visitor.post(address, {"password1": "another good one", "password2": "another good one"})
    assert "no longer works" in Browser().get(used).content.decode()


def test_changing_the_address_takes_the_code_that_is_mailed_to_it(owner, owner_user):
    owner.get("/email/")
    owner.post("/email/", {"email": "new@acme.example", "action_add": ""})
    owner_user.refresh_from_db()
    assert owner_user.email == "owner@acme.example"
    assert mail.outbox[-1].to == ["new@acme.example"]
    owner.get("/confirm-email/")
    owner.post("/confirm-email/", {"code": code()})
    owner_user.refresh_from_db()
    assert owner_user.email == "new@acme.example"
    assert mail.outbox[-1].to == ["owner@acme.example"]  # the old address is told


def test_without_an_account_one_can_make_a_new_one(owner, owner_user):
    Membership.objects.all().delete()
    assert owner.get("/quickstart/").headers["Location"] == "/no-account/"
    owner.get("/no-account/")
    assert owner.post("/no-account/", {"company": "Again"}).headers["Location"] == "/quickstart/"
    assert owner_user.accounts.get().name == "Again"


def test_the_references_addresses(visitor, owner):
    assert visitor.get("/register/").status_code == 200
    assert owner.get("/apps/data-sources/get_traitly/").headers["Location"] == "/keys/"


# SIGN_UP


def invited(owner, email="bill@initech.example"):
    owner.get("/team/")
    owner.post("/team/invite/", {"email": email, "role": "member"})
    return link()


@pytest.mark.parametrize("mode", ["invite", "closed"])
def test_a_stranger_cannot_sign_up_where_it_is_not_open(visitor, settings, mode):
    settings.SIGN_UP = mode
    assert "By invitation" in visitor.get("/register/").content.decode()
    assert "Sign up" not in visitor.get("/login/").content.decode()
    sign_up(visitor)
    assert not User.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize("query", ["", "?own"])
def test_who_is_invited_may_sign_up_into_that_account_alone(owner, visitor, acme, settings, query):
    settings.SIGN_UP = "invite"
    visitor.get(invited(owner))
    assert "own instead" not in visitor.get("/register/").content.decode()
    visitor.post(f"/register/{query}", {"company": "Initech", "password1": PASSWORD})
    assert [
        place.account for place in Membership.objects.filter(user__email="bill@initech.example")
    ] == [acme]
    assert Account.objects.count() == 1


def test_nobody_signs_up_where_it_is_closed(owner, visitor, settings):
    settings.SIGN_UP = "closed"
    visitor.get(invited(owner))
    visitor.post("/register/", {"password1": PASSWORD})
    assert not User.objects.filter(email="bill@initech.example").exists()


def test_who_was_removed_from_the_last_account_makes_none_where_sign_up_is_not_open(
    owner, acme, settings
):
    settings.SIGN_UP = "invite"
    acme.memberships.all().delete()
    assert "Create account" not in owner.get("/no-account/").content.decode()
    owner.post("/no-account/", {"company": "Mine"})
    assert Account.objects.count() == 1


def test_a_mistyped_mode_stops_the_start():
    environment = os.environ | {"SIGN_UP": "invited"}
    done = subprocess.run(
        [sys.executable, "-c", "from traitly import settings"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert "SIGN_UP must be open, invite or closed" in done.stderr
