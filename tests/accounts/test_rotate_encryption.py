from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from accounts import keys
from accounts.models import Account
from tests.client import Api
from tests.factories import UserFactory, make_key


def _new_encryption_key() -> str:
    return Fernet.generate_key().decode()


def test_keys_are_readable_under_the_new_encryption_key_alone(
    acme: Account, settings: Any, capsys: Any
) -> None:
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


def test_second_factors_are_kept_encrypted_and_work_on(db: None, settings: Any) -> None:
    old, new = _new_encryption_key(), _new_encryption_key()
    settings.API_KEY_ENCRYPTION_KEYS = [old]
    user, secret = UserFactory.create(), auth.generate_totp_secret()
    auth.TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    settings.API_KEY_ENCRYPTION_KEYS = [new, old]
    call_command("rotate_encryption")
    settings.API_KEY_ENCRYPTION_KEYS = [new]
    totp, recovery = (
        Authenticator.objects.get(type=kind).wrap() for kind in ("totp", "recovery_codes")
    )
    assert totp.validate_code(
        auth.format_hotp_value(auth.hotp_value(secret, next(auth.yield_hotp_counters_from_time())))
    )
    assert recovery.get_unused_codes() == codes
    assert recovery.validate_code(codes[0])
