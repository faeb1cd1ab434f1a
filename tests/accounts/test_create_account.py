"""``manage.py create_account``: for people, and for scripts that want the key."""

import os
import re
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, ApiKey, Membership, User
from tests.client import Api
from tests.factories import UserFactory


def create(capsys, **options):
    call_command("create_account", **({"email": "jane@example.com", "company": "Acme"} | options))
    return capsys.readouterr()


def test_the_key_alone_goes_to_stdout(db, capsys):
    out, err = create(capsys)

    assert re.fullmatch(r"traitly_[0-9A-Za-z]{40}\n", out)
    assert "Acme" in err
    assert "jane@example.com" in err
    assert out.strip() not in err


def test_the_key_works_at_once(db, capsys):
    out, _ = create(capsys)

    assert Api(out.strip()).get("customer").status == 200


def test_it_makes_the_account_and_its_owner(db, capsys):
    create(capsys, email="Jane@Example.com", company="  Acme  ")

    membership = Membership.objects.get()
    assert membership.account.name == "Acme"
    assert membership.user.email == "jane@example.com"
    assert membership.role == "owner"
    assert set(ApiKey.objects.get().scopes) == {"read", "write"}


def test_a_new_owner_cannot_log_in_until_a_password_is_set(db, capsys):
    create(capsys)

    assert not User.objects.get().has_usable_password()


def test_a_user_that_is_there_becomes_the_owner(db, capsys):
    jane = UserFactory.create(email="jane@example.com")

    create(capsys, email="JANE@example.com")

    assert list(Account.objects.get().members.all()) == [jane]


@pytest.mark.parametrize(
    "options",
    [{"email": "nope"}, {"email": ""}, {"company": ""}, {"company": " "}, {"company": "x" * 256}],
)
def test_what_is_wrong_is_said_and_nothing_is_made(db, capsys, options):
    with pytest.raises(CommandError):
        create(capsys, **options)

    assert capsys.readouterr().out == ""
    assert not Account.objects.exists()
    assert not User.objects.exists()


def test_an_error_of_the_real_command_leaves_stdout_empty():
    done = subprocess.run(
        [sys.executable, "manage.py", "create_account", "--email", "nope", "--company", "Acme"],
        capture_output=True,
        check=False,
        env=os.environ,
    )

    assert done.returncode != 0
    assert done.stdout == b""
    assert b"nope" in done.stderr
    assert b"Traceback" not in done.stderr
