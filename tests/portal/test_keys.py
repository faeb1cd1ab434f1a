import datetime

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from accounts.authentication import find_credential
from accounts.keys import decrypt
from accounts.models import ApiKey, AuditEntry
from tests.factories import make_key
from tests.portal.conftest import PASSWORD


@pytest.fixture
def key(acme):
    return make_key(acme, name="Website")


def actions(account):
    entries = AuditEntry.objects.filter(account=account, action__startswith="key.").order_by("id")
    return list(entries.values_list("action", flat=True))


def shown(browser):
    return browser.get("/keys/").content.decode()


def test_keys_are_masked(owner, key):
    page = shown(owner)
    assert key.row.masked in page
    assert key.key not in page


def test_revealed_once_and_recorded(owner, owner_user, key, acme):
    response = owner.post(f"/keys/{key.row.pk}/reveal/")
    assert response.headers["Location"] == "/keys/"
    assert key.key in shown(owner)
    assert key.key not in shown(owner)
    entry = AuditEntry.objects.get(account=acme, action="key.revealed")
    assert (entry.actor_email, entry.ip, entry.detail["key"]) == (
        owner_user.email,
        "127.0.0.1",
        key.row.masked,
    )
    assert key.key not in str(entry.detail)


def test_pages_with_keys_are_not_cached(owner, key):
    assert "no-store" in owner.get("/keys/").headers["Cache-Control"]
    assert "no-store" in owner.get("/quickstart/").headers["Cache-Control"]


def test_an_old_log_in_gives_the_password_again(owner, key, acme, later):
    later(minutes=16)
    response = owner.post(f"/keys/{key.row.pk}/reveal/")
    assert (
        response.headers["Location"] == f"/reauthenticate/?next=%2Fkeys%2F{key.row.pk}%2Freveal%2F"
    )
    assert "key.revealed" not in actions(acme)
    owner.get(response.headers["Location"])
    again = owner.post(
        "/reauthenticate/", {"password": "wrong", "next": f"/keys/{key.row.pk}/reveal/"}
    )
    assert again.status_code == 200
    assert key.key not in shown(owner)
    owner.get(response.headers["Location"])
    owner.post("/reauthenticate/", {"password": PASSWORD, "next": f"/keys/{key.row.pk}/reveal/"})
    assert key.key in shown(owner)  # done as it was asked for, without a second click
    assert "key.revealed" in actions(acme)


@pytest.mark.parametrize("action", ["create", "1/rotate"])
def test_what_shows_a_new_key_wants_a_fresh_log_in_too(owner, key, later, action):
    later(minutes=16)
    address = f"/keys/{action}/".replace("1", str(key.row.pk))
    assert owner.get(address).headers["Location"].startswith("/reauthenticate/")


def test_create(owner, acme):
    owner.get("/keys/create/")
    owner.post("/keys/create/", {"name": "Reader", "scopes": ["read"], "expires": "30"})
    row = ApiKey.objects.get(account=acme, name="Reader")
    assert row.scopes == ["read"]
    assert row.expires_at is not None
    assert abs(row.expires_at - timezone.now() - datetime.timedelta(days=30)) < datetime.timedelta(
        minutes=1
    )
    assert decrypt(row.encrypted) in shown(owner)


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"scopes": []}, {"scopes": ["admin"]}, {"expires": "7000"}]
)
def test_create_refuses(owner, acme, fields):
    before = ApiKey.objects.count()
    owner.get("/keys/create/")
    response = owner.post(
        "/keys/create/", {"name": "Reader", "scopes": ["read"], "expires": ""} | fields
    )
    assert response.status_code == 200
    assert 'class="errors"' in response.content.decode()
    assert ApiKey.objects.count() == before


def test_rotate_with_overlap(owner, acme, key):
    owner.get(f"/keys/{key.row.pk}/rotate/")
    owner.post(f"/keys/{key.row.pk}/rotate/", {"overlap": "24"})
    new = ApiKey.objects.get(account=acme, name="Website", expires_at=None)
    assert decrypt(new.encrypted) in shown(owner)
    old = ApiKey.objects.get(pk=key.row.pk)
    assert old.is_active
    assert old.expires_at is not None
    assert abs(old.expires_at - timezone.now() - datetime.timedelta(hours=24)) < datetime.timedelta(
        minutes=1
    )
    assert actions(acme)[-1] == "key.rotated"


def test_rotate_at_once(owner, key):
    owner.get(f"/keys/{key.row.pk}/rotate/")
    owner.post(f"/keys/{key.row.pk}/rotate/", {"overlap": "0"})
    assert find_credential(key.key, {}) is None


def test_revoke_asks_first(owner, acme, key):
    assert "Revoke Website?" in owner.get(f"/keys/{key.row.pk}/revoke/").content.decode()
    assert find_credential(key.key, {})
    owner.post(f"/keys/{key.row.pk}/revoke/")
    assert not ApiKey.objects.get(pk=key.row.pk).is_active
    assert actions(acme)[-1] == "key.revoked"
    assert owner.get(f"/keys/{key.row.pk}/rotate/").status_code == 404


def test_when_and_from_where_it_was_used(owner, key):
    find_credential(key.key, {"REMOTE_ADDR": "192.0.2.7"})
    page = shown(owner)
    assert "from 192.0.2.7" in page
    assert "last used" in page


def test_a_key_of_a_lost_secret_can_be_rotated(owner, key):
    lost = Fernet(Fernet.generate_key()).encrypt(key.key.encode())
    ApiKey.objects.filter(pk=key.row.pk).update(encrypted=lost)
    owner.post(f"/keys/{key.row.pk}/reveal/")
    assert "Rotate it" in shown(owner)
    assert owner.get("/quickstart/").status_code == 200
