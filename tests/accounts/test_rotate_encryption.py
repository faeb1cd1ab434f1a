from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from accounts import keys
from accounts.models import Account
from tests.client import Api
from tests.factories import make_key


def _new_encryption_key() -> str:
    return Fernet.generate_key().decode()


def test_keys_are_readable_under_the_new_encryption_key_alone(acme: Account, settings: Any, capsys: Any) -> None:
    old, new = _new_encryption_key(), _new_encryption_key()
    settings.API_KEY_ENCRYPTION_KEYS = [old]
    made = [make_key(acme), make_key(acme)]
    settings.API_KEY_ENCRYPTION_KEYS = [new, old]
    call_command("rotate_encryption")
    assert "Encrypted 2 API keys" in capsys.readouterr().out
    settings.API_KEY_ENCRYPTION_KEYS = [new]
    for key in made:
        key.row.refresh_from_db()
        assert keys.decrypt(key.row.encrypted) == key.key
        assert Api(key.key).get("customer").status == 200


def test_keys_that_cannot_be_read_are_counted_and_left(acme: Account, settings: Any) -> None:
    lost, new = _new_encryption_key(), _new_encryption_key()
    settings.API_KEY_ENCRYPTION_KEYS = [lost]
    made = make_key(acme)
    settings.API_KEY_ENCRYPTION_KEYS = [new]
    make_key(acme)
    with pytest.raises(CommandError, match=r"^1 API keys"):
        call_command("rotate_encryption")
    settings.API_KEY_ENCRYPTION_KEYS = [lost]
    made.row.refresh_from_db()
    assert keys.decrypt(made.row.encrypted) == made.key
