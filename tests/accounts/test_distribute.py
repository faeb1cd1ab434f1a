import pytest
from django.core.management import CommandError, call_command

from accounts.management.commands.distribute import _tables
from tests.cluster import NEEDS_CITUS, PLAIN_ONLY


@PLAIN_ONLY
@pytest.mark.django_db
def test_without_citus_it_says_what_is_needed() -> None:
    with pytest.raises(CommandError, match=r"does not have the extension Citus.*CREATE EXTENSION citus"):
        call_command("distribute")


def test_every_accounts_data_is_distributed_customers_first() -> None:
    assert _tables()[0] == "customers_customer"
    assert {"customers_customer", "events_event"} <= set(_tables())


@NEEDS_CITUS
@pytest.mark.django_db
def test_what_is_distributed_already_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("distribute")
    steps = capsys.readouterr().out.splitlines()[1:]
    assert len(steps) == len(_tables())
    assert all(step.endswith("is already distributed.") for step in steps)
