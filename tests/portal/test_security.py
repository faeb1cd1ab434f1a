"""Each attack that the portal is to withstand, tried."""

import hashlib
import io
import os
import re
import subprocess
import sys
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from allauth.mfa.totp.internal import auth
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import AuditEntry, Invitation, Membership, User
from tests.factories import CustomerFactory, EventFactory, make_key
from tests.portal.conftest import PASSWORD, Browser, link, person

# What is for everyone.
PUBLIC = {"invitation", "welcome", "offline", "service_worker"}


def pages() -> dict[str, URLPattern]:
    """Every page of the portal's own, by name."""
    [resolver] = [
        inner
        for outer in get_resolver().url_patterns
        if isinstance(outer, URLResolver)
        for inner in outer.url_patterns
        if isinstance(inner, URLResolver) and inner.namespace == "portal"
    ]
    patterns = [pattern for pattern in resolver.url_patterns if isinstance(pattern, URLPattern)]
    return {pattern.name or str(pattern.pattern): pattern for pattern in patterns}


def address(pattern: URLPattern, number: int = 1) -> str:
    return "/" + re.sub(r"<\w+:\w+>", str(number), str(pattern.pattern))


# Log-ins and sessions


@pytest.mark.parametrize("name", sorted(set(pages()) - PUBLIC))
def test_nothing_without_a_log_in(db, name):
    path = address(pages()[name])
    for method in ("get", "post"):
        response = getattr(Client(), method)(path, follow=True)
        final = response.redirect_chain[-1][0] if response.redirect_chain else ""
        assert final.startswith("/login/?next=") or response.status_code in {404, 405}, (
            method,
            path,
            response,
        )


def test_a_session_cannot_be_fixed_beforehand(visitor, owner_user):
    visitor.get("/login/")
    visitor.client.session.save()
    before = visitor.client.cookies.get("sessionid")
    visitor.log_in(owner_user)
    assert visitor.client.cookies["sessionid"].value != (before.value if before else None)


def test_a_session_ends_with_its_log_out(owner):
    stolen = owner.client.cookies["sessionid"].value
    owner.post("/logout/")
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get("/team/").status_code == 302


def test_other_sessions_end_with_a_new_password(owner, owner_user):
    elsewhere = Browser().log_in(owner_user)
    owner.get("/password/change/")
    new = "another good one"
    owner.post("/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert owner.get("/team/").status_code == 200
    assert elsewhere.get("/team/").status_code == 302


def test_cookies_are_for_the_server_alone(owner):
    for name in ("sessionid", "csrftoken"):
        cookie = owner.client.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_cookies_are_secure_behind_tls():
    asked = "from traitly import settings; print(settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE)"
    environment = os.environ | {"HTTPS": "true"}
    said = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout == "True True\n"


def test_hsts_asks_for_the_browsers_list_only_when_it_is_told_to():
    asked = "from traitly import settings; print(settings.SECURE_HSTS_SECONDS > 0, settings.SECURE_HSTS_PRELOAD)"
    for told, expected in (({}, "True False\n"), ({"HSTS_PRELOAD": "true"}, "True True\n")):
        environment = os.environ | {"HTTPS": "true"} | told
        said = subprocess.run(
            [sys.executable, "-c", asked],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout == expected


# A session that somebody left open


@pytest.mark.parametrize(
    "name", ["key_revoke", "team_remove", "key_reveal", "key_rotate", "settings_delete"]
)
def test_what_a_stolen_session_must_not_do_wants_the_password(
    owner, acme, member_user, later, name
):
    key = make_key(acme)
    place = acme.memberships.get(user=member_user)
    path = address(pages()[name], place.pk if name.startswith("team") else key.row.pk)
    later(minutes=16)
    response = owner.post(path, {"confirmation": "Acme", "overlap": "0"})
    assert response.headers["Location"].startswith("/reauthenticate/")
    key.row.refresh_from_db()
    assert key.row.is_active
    assert acme.memberships.filter(pk=place.pk).exists()


# CSRF


@pytest.mark.parametrize(
    "path",
    [
        "/login/",
        "/register/",
        "/logout/",
        "/password/reset/",
        "/password/change/",
        "/email/",
        "/keys/create/",
        "/keys/1/reveal/",
        "/keys/1/rotate/",
        "/keys/1/revoke/",
        "/team/invite/",
        "/team/1/role/",
        "/team/1/remove/",
        "/settings/name/",
        "/settings/retention/",
        "/settings/export/events/",
        "/settings/delete/",
        "/2fa/totp/activate/",
    ],
)
def test_a_post_from_another_site_is_refused(owner, path):
    assert owner.client.post(path).status_code == 403
    assert owner.client.post(path, {"csrfmiddlewaretoken": "x" * 64}).status_code == 403


@pytest.mark.parametrize(
    "name", ["key_reveal", "team_invite", "team_withdraw", "team_role", "settings_name"]
)
def test_a_get_changes_nothing(owner, name):
    assert owner.get(address(pages()[name])).status_code == 405


# Framing, content, scripts


@pytest.mark.parametrize(
    "path", ["/login/", "/register/", "/quickstart/", "/keys/", "/team/", "/settings/", "/2fa/"]
)
def test_pages_cannot_be_framed_nor_scripted(owner, visitor, path):
    browser = visitor if path in {"/login/", "/register/"} else owner
    response = browser.get(path)
    assert response.status_code == 200
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    for directive in (
        "default-src 'none'",
        "frame-ancestors 'none'",
        "script-src 'self'",
        "base-uri 'none'",
    ):
        assert directive in policy
    page = response.content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=\"/static/)", page)
    assert not re.search(r"\s(style|on\w+)=", page)
    assert "<style" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_what_people_type_is_never_markup(owner, owner_user, acme):
    owner.post("/settings/name/", {"company": "<script>alert(1)</script>"})
    make_key(acme, name="<img src=x onerror=alert(1)>")
    EventFactory.create(account=acme, name="<svg onload=alert(1)>")
    for path in (
        "/keys/",
        "/team/",
        "/settings/",
        "/audit/",
        "/quickstart/",
        "/accounts/",
        "/settings/delete/",
    ):
        page = owner.get(path).content.decode()
        for markup in ("<script>alert", "<img src=x", "<svg onload"):
            assert markup not in page, path


# Open redirects


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "https://testserver@evil.example/",
        "\thttps://evil.example",
        "%2F%2Fevil.example/",
    ],
)
def test_next_leads_nowhere_else(visitor, owner_user, target):
    visitor.get("/login/")
    data = {"login": owner_user.email, "password": PASSWORD, "next": target}
    assert stays(visitor.post("/login/", data))
    visitor.get("/logout/")
    assert stays(visitor.post("/logout/", {"next": target}))


def stays(response):
    """Whether a browser that is sent on stays on the site: to it, backslashes are slashes, and tabs are nothing."""
    location = response.headers["Location"].replace("\\", "/").replace("\t", "")
    return urlsplit(urljoin("http://testserver/login/", location))[:2] == ("http", "testserver")


def test_next_leads_on_within_the_site(visitor, owner_user):
    visitor.get("/login/")
    data = {"login": owner_user.email, "password": PASSWORD, "next": "/team/"}
    assert visitor.post("/login/", data).headers["Location"] == "/team/"


# User enumeration


def without_what_varies(response):
    text = re.sub(rb'"\w{64}"|[\w.]+@[\w.]+', b"", response.content)
    return response.status_code, response.headers.get("Location"), text


def test_a_log_in_does_not_say_whether_an_address_is_known(owner_user):
    responses = []
    for email in (owner_user.email, "nobody@acme.example"):
        browser = Browser()
        browser.get("/login/")
        responses.append(
            without_what_varies(browser.post("/login/", {"login": email, "password": "wrong"}))
        )
    assert responses[0] == responses[1]


def test_a_reset_does_not_say_whether_an_address_is_known(owner_user):
    responses = []
    for email in (owner_user.email, "nobody@acme.example"):
        browser = Browser()
        browser.get("/password/reset/")
        responses.append(
            without_what_varies(browser.post("/password/reset/", {"email": email}, follow=True))
        )
    assert responses[0] == responses[1]
    assert "/password/reset/key/" in mail.outbox[0].body
    assert "/password/reset/key/" not in mail.outbox[1].body


def test_a_sign_up_does_not_say_whether_an_address_is_taken(owner_user):
    responses = []
    for email in (owner_user.email, "somebody.new@example.com"):
        browser = Browser()
        browser.get("/register/")
        form = {"company": "X", "email": email, "password1": PASSWORD}
        responses.append(without_what_varies(browser.post("/register/", form, follow=True)))
    assert responses[0] == responses[1]
    assert [message.to for message in mail.outbox] == [
        [owner_user.email],
        ["somebody.new@example.com"],
    ]
    assert "already exists" in mail.outbox[0].body
    assert User.objects.filter(email=owner_user.email).count() == 1
    owner_user.refresh_from_db()
    assert owner_user.check_password(PASSWORD)


@pytest.mark.parametrize("email", ["owner@acme.example", "somebody.new@example.com"])
def test_a_sign_up_hashes_the_password_whether_an_address_is_taken_or_not(
    owner_user, email, monkeypatch
):
    """The time that hashing takes would tell them apart."""
    hashed = []
    encode = MD5PasswordHasher.encode

    def watched(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", watched)
    Browser().post("/register/", {"company": "X", "email": email, "password1": "another good one"})
    assert hashed == ["another good one"]


# Caches


@pytest.mark.parametrize("name", sorted(pages()))
def test_no_page_is_kept_by_a_cache(owner, visitor, name):
    path = address(pages()[name])
    for response in (visitor.get(path), owner.get(path), owner.post(path)):
        assert "no-store" in response.headers["Cache-Control"], response


@pytest.mark.parametrize(
    "path", ["/2fa/", "/2fa/totp/activate/", "/2fa/recovery-codes/", "/login/", "/admin/", "/gone/"]
)
def test_no_page_of_a_library_is_kept_by_a_cache(owner, visitor, path):
    for response in (visitor.get(path), owner.get(path), owner.post(path)):
        assert "no-store" in response.headers["Cache-Control"], response


def test_static_files_are_kept(visitor):
    response = visitor.get("/static/portal/portal.css")
    response.close()
    assert "max-age" in response.headers["Cache-Control"]


# Memory and disk


class Unread:
    """A body that nobody may read."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("It was read.")

    readline = __iter__ = read


_TYPES = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json",
    "text/plain",
    "",
]


@pytest.mark.parametrize("content_type", _TYPES)
@pytest.mark.parametrize(
    "path", ["/login/", "/register/", "/admin/login/", "/gone/", "/", "/events/rejected/1/"]
)
def test_a_body_of_more_than_1_mib_is_refused_before_it_is_read(db, path, content_type):
    environ: Any = {
        "CONTENT_LENGTH": str(1024 * 1024 + 1),
        "CONTENT_TYPE": content_type,
        "wsgi.input": Unread(),
    }
    response = Client().post(path, **environ)
    assert response.status_code == 413
    assert "at most 1 MiB" in response.content.decode()


def test_a_body_without_a_length_is_refused(db):
    environ: Any = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": Unread()}
    response = Client().post("/login/", **environ)
    assert response.status_code == 411


def test_a_form_of_1_mib_is_read(visitor):
    response = visitor.post(
        "/login/", {"login": "a@example.com", "password": "x" * (1024 * 1024 - 1000)}
    )
    assert response.status_code == 200


def test_a_form_that_is_cut_off_is_refused(db):
    environ: Any = {"CONTENT_LENGTH": "100", "wsgi.input": io.BytesIO(b"login=a")}
    response = Client().post("/login/", content_type="application/x-www-form-urlencoded", **environ)
    assert response.status_code == 400


def test_a_large_form_is_parsed_while_no_other_is(visitor, monkeypatch):
    """Decoding takes 80 bytes for each that was percent-encoded."""
    held = []

    class Watched:
        def __enter__(self) -> None:
            held.append("held")

        def __exit__(self, *_: object) -> None:
            held.append("released")

    monkeypatch.setattr("portal.middleware._large_forms", Watched())
    content_type = "application/x-www-form-urlencoded"
    visitor.client.post("/login/", b"login=" + b"%41" * 20_000, content_type)
    assert not held
    visitor.client.post("/login/", b"login=" + b"%41" * 30_000, content_type)
    assert held == ["held", "released"]


def test_a_file_that_nobody_asked_for_is_not_kept(visitor, tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "there is none"
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    large = SimpleUploadedFile("large", b"x" * 1001)
    assert (
        visitor.post(
            "/login/", {"login": "a@example.com", "password": "x", "file": large}
        ).status_code
        == 200
    )


# Brute force


def guess(user, address="192.0.2.1", password="wrong", browser=None):
    response = (browser or Browser()).post(
        "/login/", {"login": user.email, "password": password}, REMOTE_ADDR=address
    )
    return "Too many attempts" not in response.content.decode() and response


def test_guessing_a_password_is_stopped(owner_user):
    for _ in range(5):
        assert guess(owner_user)
    assert not guess(owner_user, password=PASSWORD)


def test_guessing_a_password_does_not_lock_its_owner_out_elsewhere(owner_user):
    for _ in range(6):
        guess(owner_user)
    assert guess(owner_user, "198.51.100.7", PASSWORD).status_code == 302


@pytest.mark.slow
def test_guessing_from_many_addresses_is_stopped(owner_user):
    for number in range(100):
        assert guess(owner_user, f"192.0.2.{number}")
    assert not guess(owner_user, "198.51.100.7", PASSWORD)


@pytest.mark.slow
def test_a_known_browser_gets_in_while_others_guess_from_the_same_address_too(owner_user):
    known = Browser().log_in(owner_user)
    known.post("/logout/")
    for _ in range(6):
        guess(owner_user)
    for number in range(101):
        guess(owner_user, f"192.0.2.{number}")
    assert guess(owner_user, "192.0.2.1", PASSWORD, known).status_code == 302


def test_a_known_browser_does_not_guess_for_ever(owner_user):
    known = Browser().log_in(owner_user)
    known.post("/logout/")
    for _ in range(5):
        assert guess(owner_user, browser=known)
    assert not guess(owner_user, password=PASSWORD, browser=known)


def test_a_browser_is_known_for_its_own_user_alone(owner_user, globex):
    attacker = person(globex, "attacker@globex.example")
    known = Browser().log_in(attacker)
    known.post("/logout/")
    [name] = [name for name in known.client.cookies if name.startswith("known_")]
    victims = f"known_{hashlib.sha256(owner_user.email.encode()).hexdigest()[:16]}"
    known.client.cookies[victims] = known.client.cookies[name].value
    for _ in range(5):
        guess(owner_user, browser=known)
    assert not guess(owner_user, browser=known)
    assert not guess(owner_user)


@pytest.mark.slow
def test_who_resets_the_password_gets_in_whatever_others_guess(owner_user):
    for number in range(101):
        guess(owner_user, f"192.0.2.{number}")
    browser = Browser()
    browser.get("/password/reset/")
    browser.post("/password/reset/", {"email": owner_user.email})
    path = browser.get(link(), follow=True).redirect_chain[-1][0]
    browser.post(path, {"password1": "another good one", "password2": "another good one"})
    assert guess(owner_user, "192.0.2.1", "another good one", browser).status_code == 302


def test_guessing_many_addresses_passwords_is_stopped(db):
    for number in range(10):
        Browser().post("/login/", {"login": f"person{number}@example.com", "password": "wrong"})
    response = Browser().post("/login/", {"login": "person99@example.com", "password": "wrong"})
    assert "Too many attempts" in response.content.decode()


def test_a_forged_address_of_the_client_does_not_help(db):
    for number in range(11):
        browser = Browser()
        response = browser.post(
            "/login/",
            {"login": f"person{number}@example.com", "password": "wrong"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        )
    assert "Too many attempts" in response.content.decode()


def test_guessing_in_a_stolen_session_is_stopped(owner, later):
    later(minutes=16)
    for _ in range(11):
        owner.get("/reauthenticate/")
        response = owner.post("/reauthenticate/", {"password": "wrong"})
    assert response.status_code == 429 or "many" in response.content.decode()


def test_attempts_are_counted_for_all_processes_together(settings):
    assert settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"


def test_the_admin_has_no_log_in_of_its_own(visitor):
    assert visitor.get("/admin/login/", follow=True).redirect_chain[-1][0].startswith("/login/")


# Other people's accounts


@pytest.fixture
def foreign(acme, owner_user):
    """Something of Acme's of every kind that an address can name."""
    key = make_key(acme, name="Foreign")
    CustomerFactory.create(account=acme)
    return {
        "key": key.row.pk,
        "membership": acme.memberships.get(user=owner_user).pk,
        "invitation": Invitation.objects.create(account=acme, email="x@example.com").pk,
        "account": acme.pk,
    }


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("key_reveal", "key", {}),
        ("key_rotate", "key", {"overlap": "0"}),
        ("key_revoke", "key", {}),
        ("team_withdraw", "invitation", {}),
        ("team_role", "membership", {"role": "member"}),
        ("team_remove", "membership", {}),
        ("account_switch", "account", {}),
    ],
)
def test_another_accounts_things_are_not_there(globex_owner, acme, foreign, name, kind, data):
    entries = AuditEntry.objects.count()
    response = globex_owner.post(address(pages()[name], foreign[kind]), data)
    assert response.status_code == 404
    assert AuditEntry.objects.count() == entries
    assert acme.api_keys.get(pk=foreign["key"]).is_active
    assert Invitation.objects.filter(pk=foreign["invitation"]).exists()
    assert Membership.objects.get(pk=foreign["membership"]).is_owner


def test_a_session_that_names_another_account_is_not_believed(globex_owner, acme):
    session = globex_owner.client.session
    session["account_id"] = acme.pk
    session.save()
    assert "Globex" in globex_owner.get("/team/").content.decode()
    assert "Acme" not in globex_owner.get("/team/").content.decode()


@pytest.mark.parametrize(
    "name",
    [
        "keys",
        "key_create",
        "key_reveal",
        "key_rotate",
        "key_revoke",
        "settings",
        "settings_name",
        "settings_retention",
        "settings_export",
        "settings_delete",
        "audit",
        "team_invite",
        "team_withdraw",
    ],
)
def test_members_are_kept_from_what_is_the_owners(member, acme, name):
    key = make_key(acme)
    path = address(pages()[name], key.row.pk)
    assert 403 in {member.get(path).status_code, member.post(path).status_code}
    assert {member.get(path).status_code, member.post(path).status_code} <= {403, 405}


def test_the_second_factor_is_asked_for(acme):
    user = person(acme, "careful@acme.example")
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(user, secret)
    browser = Browser()
    assert (
        browser.post("/login/", {"login": user.email, "password": PASSWORD}).headers["Location"]
        == "/2fa/authenticate/"
    )
    assert browser.get("/team/").status_code == 302
    browser.get("/2fa/authenticate/")
    browser.post("/2fa/authenticate/", {"code": "000000"})
    assert browser.get("/team/").status_code == 302
    browser.get("/2fa/authenticate/")
    code = auth.format_hotp_value(
        auth.hotp_value(secret, next(auth.yield_hotp_counters_from_time()))
    )
    browser.post("/2fa/authenticate/", {"code": code})
    assert browser.get("/team/").status_code == 200
