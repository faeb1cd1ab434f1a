import pytest
from django.core.management import CommandError, call_command

from accounts.management.commands import distribute
from accounts.management.commands.distribute import _tables
from tests.cluster import NEEDS_CITUS, PLAIN_ONLY
from traitly.db import citus

WORKER = citus.Node(2, "worker-1", 5432, 1, holds=True)


@PLAIN_ONLY
@pytest.mark.django_db
def test_without_citus_it_says_what_is_needed() -> None:
    with pytest.raises(
        CommandError, match=r"does not have the extension Citus.*CREATE EXTENSION citus"
    ):
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


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"wal_level": "replica"},
            r"every node needs wal_level = logical; worker-1:5432 has replica\.",
        ),
        (
            {"wal_level": "logical", "output_plugin_libraries": "pgoutput, test_decoding"},
            r"worker-1:5432 does not.*SET output_plugin_libraries = pgoutput, test_decoding, citus",
        ),
    ],
)
def test_what_copying_under_load_needs_is_said_before(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], said: str
) -> None:
    monkeypatch.setattr(distribute, "check_cluster", lambda: [WORKER])
    monkeypatch.setattr(
        citus, "_setting_of_nodes", lambda name: {str(WORKER): values.get(name, "")}
    )

    with pytest.raises(CommandError, match=said):
        call_command("distribute", "--concurrently")


@pytest.mark.parametrize(
    "values", [{}, {"output_plugin_libraries": "pgoutput, test_decoding, citus"}]
)
def test_nodes_that_allow_it_may_copy_under_load(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    values = {"wal_level": "logical"} | values
    monkeypatch.setattr(
        citus, "_setting_of_nodes", lambda name: {str(WORKER): values.get(name, "")}
    )

    citus.check_moves_online()


@PLAIN_ONLY
@pytest.mark.django_db
def test_what_the_cluster_refuses_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribute, "check_cluster", lambda: [WORKER])

    with pytest.raises(
        CommandError, match=r"The cluster refused: (?s:.)*citus_tables(?s:.)*Nothing has changed\."
    ):
        call_command("distribute")
