import pytest
from django.core.management import CommandError, call_command

from accounts.management.commands.distribute import _tables


@pytest.mark.django_db
def test_without_citus_it_says_what_is_needed() -> None:
    with pytest.raises(CommandError, match=r"does not have the extension Citus.*CREATE EXTENSION citus"):
        call_command("distribute")


def test_every_accounts_data_is_distributed_customers_first() -> None:
    assert _tables()[0] == "customers_customer"
    assert {"customers_customer", "events_event"} <= set(_tables())
