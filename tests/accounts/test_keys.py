"""API key material: where it may stand, and where it never does."""

import json
import logging
import re

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, connection

from accounts import keys
from accounts.models import ApiKey
from accounts.services import create_key
from tests.client import Api
from tests.factories import make_key


def test_a_key_is_long_random_and_recognisable():
    made = {keys.generate() for _ in range(100)}

    assert len(made) == 100
    assert all(re.fullmatch(r"traitly_[0-9A-Za-z]{40}", key) for key in made)


def test_an_owner_can_see_a_key_again(acme):
    new = make_key(acme)

    assert keys.decrypt(ApiKey.objects.get(pk=new.row.pk).encrypted) == new.key


def test_the_same_key_encrypted_twice_looks_different():
    assert keys.encrypt("traitly_x") != keys.encrypt("traitly_x")


def test_a_stolen_database_gives_no_usable_key(acme):
    """No column of any table holds the key or enough of it to guess the rest."""
    key = make_key(acme).key
    secret = key.removeprefix(keys.PREFIX)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            rows = [text for (text,) in cursor.fetchall()]
            # Binary columns are hexadecimal in JSON.
            decoded = [
                bytes.fromhex(found)
                for text in rows
                for found in re.findall(r"\\\\x([0-9a-f]+)", text)
            ]
            for haystack in [text.encode() for text in rows] + decoded:
                assert secret[:8].encode() not in haystack
                assert key.encode() not in haystack


def test_the_digest_alone_is_stored_to_look_a_key_up(acme):
    new = make_key(acme)

    assert bytes(new.row.digest) == keys.digest(new.key)
    assert len(new.row.digest) == 32


def test_a_ciphertext_is_useless_without_the_settings(acme, settings):
    row = make_key(acme).row
    settings.API_KEY_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(keys.UnreadableKeyError):
        keys.decrypt(row.encrypted)


def test_rotation_of_the_encryption_key(acme, settings):
    new = make_key(acme)
    [old], young = settings.API_KEY_ENCRYPTION_KEYS, Fernet.generate_key().decode()

    settings.API_KEY_ENCRYPTION_KEYS = [young, old]
    assert keys.decrypt(new.row.encrypted) == new.key
    rotated = keys.rotate(new.row.encrypted)

    settings.API_KEY_ENCRYPTION_KEYS = [young]
    assert keys.decrypt(rotated) == new.key
    with pytest.raises(keys.UnreadableKeyError):
        keys.decrypt(new.row.encrypted)
    with pytest.raises(keys.UnreadableKeyError):
        keys.rotate(new.row.encrypted)


def test_a_key_works_after_the_encryption_key_is_gone(acme, settings):
    """The digest finds it: losing the encryption key locks no client out."""
    new = make_key(acme)
    settings.API_KEY_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert Api(new.key).get("customer").status == 200


def test_a_key_is_masked_where_it_is_shown(acme):
    new = make_key(acme)

    for shown in (
        repr(new),
        str(new),
        repr(new.row),
        str(new.row),
        new.row.masked,
        f"{new.row!r} {[new]!r}",
    ):
        assert new.key not in shown
        assert new.key[8:20] not in shown
    assert new.row.masked.endswith(new.key[-4:])


def test_no_key_in_any_log(acme, caplog, monkeypatch):
    with caplog.at_level(logging.DEBUG):
        new = make_key(acme)
        good, bad = Api(new.key), Api("traitly_" + "x" * 40)
        good.get("customer")
        good.get("nothing")
        good.post("customer", b"{")
        bad.get("customer")
        monkeypatch.setattr("events.views.store_events", lambda **_: 1 / 0)
        good.post("event", {"customer_id": "1", "name": "x"})

    text = caplog.text + json.dumps([str(vars(record)) for record in caplog.records])
    assert new.key not in text
    assert "traitly_xxx" not in text


def test_no_key_in_an_answer(acme):
    key = make_key(acme).key

    for response in (
        Api(key).get("customer"),
        Api(key + "x").get("customer"),
        Api(key).get("nothing"),
    ):
        assert key.encode() not in response.content


def test_a_key_that_was_made_twice_would_be_refused_by_the_database(acme, monkeypatch):
    monkeypatch.setattr(keys, "generate", lambda: "traitly_same")
    create_key(account=acme, name="One")

    with pytest.raises(IntegrityError):
        create_key(account=acme, name="Two")


def test_bad_encryption_keys_stop_the_start(settings):
    settings.API_KEY_ENCRYPTION_KEYS = ["not a key"]

    with pytest.raises(SystemCheckError, match=r"traitly\.E001"):
        call_command("check")
