"""What a stolen copy of the database holds of sessions."""

import base64

import pytest
from cryptography.fernet import Fernet
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts import keys
from accounts.sessions import SessionStore
from tests.factories import UserFactory


@pytest.fixture
def browser(db):
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def test_a_stolen_row_opens_no_session(browser):
    stored = Session.objects.get()
    assert browser.get("/admin/").status_code == 200
    thief = Client()
    thief.cookies["sessionid"] = stored.session_key
    assert thief.get("/admin/").status_code == 302


def test_no_cookie_stands_in_the_database(browser):
    cookie = browser.cookies["sessionid"].value
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(session::text, '') FROM django_session AS session")
        text = cursor.fetchone()[0]
    assert cookie not in text
    assert len(Session.objects.get().session_key) == 40


def test_what_is_kept_in_a_session_cannot_be_read_in_the_database(db):
    session = SessionStore()
    session["invitation"] = "a link that was followed"
    session.save()
    data = Session.objects.get().session_data
    assert "link" not in data
    assert b"link" not in base64.urlsafe_b64decode(data)
    assert keys.decrypt(data.encode()) == '{"invitation":"a link that was followed"}'
    assert SessionStore(session.session_key)["invitation"] == "a link that was followed"


def test_a_key_that_a_client_made_up_becomes_no_session(db):
    session = SessionStore("0123456789abcdef0123456789abcdef")
    assert session.load() == {}
    assert session.session_key is None


def test_sessions_end_as_others_do(browser, settings):
    cookie = browser.cookies["sessionid"].value
    SessionStore(cookie).delete()
    assert not Session.objects.exists()
    assert browser.get("/admin/").status_code == 302


def test_a_session_whose_encryption_key_is_gone_is_empty(browser, settings):
    settings.API_KEY_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert browser.get("/admin/").status_code == 302


def test_expired_sessions_can_be_cleared(db):
    session = SessionStore()
    session.set_expiry(-1)
    session.save()
    assert SessionStore(session.session_key).load() == {}
    call_command("clearsessions")
    assert not Session.objects.exists()
