"""manage.py import_data and export_data."""

import gzip
import io
import json
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from customers.models import Customer
from events.models import Event
from events.services import store_events
from tests.client import Api, read_json
from tests.factories import AccountFactory, MembershipFactory, a_customer, an_event
from transfer import kinds
from transfer.management.commands import import_data

pytestmark = pytest.mark.django_db

CUSTOMERS = [
    a_customer("1", created_at="1493933699", monthly_payment_amount=199, custom_attributes={"role": "manager"}),
    a_customer(
        "2",
        name='Ann "Anne"\nO\'Hara, Zoë',
        created_at="1493933699.25",
        monthly_payment_amount=None,
        location="Berlin",
        phone_number="0123456789",
        organisation_id="o-1",
        custom_attributes={"big": 10**400, "text": 'a,b\n"c"', "nested": {"list": [1, 1.5, None, "x"]}, "tiny": 1e-7},
    ),
    a_customer("3", created_at="0", monthly_payment_amount=0),
]  # fmt: skip
EVENTS = [
    an_event(
        "1",
        id="a",
        created_at="1493933699.000001",
        custom_attributes={"plan": "Atom", "n": 12345678901234567890},
    ),
    an_event("1", id="b", created_at="1493933699", custom_attributes={"gone": None}),
    an_event("Zoë, 2", id="c", name="Logged\nin", created_at="5"),
]


def lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def write(file: Path, content: bytes | str) -> str:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def without(key: str, rows: list[Any]) -> list[Any]:
    return [{name: value for name, value in row.items() if name != key} for row in rows]


class Pipes:
    """What goes in by stdin and out by stdout, as bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def run(self, *arguments: Any, stdin: bytes = b"") -> bytes:
        out = io.TextIOWrapper(io.BytesIO())
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._monkeypatch.setattr(sys, "stdout", out)
        call_command(*map(str, arguments))
        return out.buffer.getvalue()


@pytest.fixture
def pipes(monkeypatch: pytest.MonkeyPatch) -> Pipes:
    return Pipes(monkeypatch)


@pytest.mark.parametrize("kind", ["customers", "events"])
@pytest.mark.parametrize("name", ["data.ndjson", "data.csv", "data.ndjson.gz", "data.csv.gz"])
def test_what_is_exported_can_be_imported_and_is_the_same(
    kind: str, name: str, api: Api, acme: Account, globex: Account, pipes: Pipes, tmp_path: Path
) -> None:
    api.post("customer", CUSTOMERS)
    api.post("event", EVENTS)
    file = tmp_path / name

    pipes.run("export_data", kind, file, "--account", acme.pk)
    pipes.run("import_data", kind, file, "--account", globex.pk)

    ours, theirs = (
        pipes.run("export_data", kind, "--account", account.pk) for account in (acme, globex)
    )
    assert without("updated_at", [read_json(line) for line in theirs.splitlines()]) == without(
        "updated_at", [read_json(line) for line in ours.splitlines()]
    )
    assert len(ours.splitlines()) == 3
    assert list(tmp_path.iterdir()) == [file]


def test_stdin_to_stdout_as_csv(acme: Account, pipes: Pipes) -> None:
    pipes.run("import_data", "events", "--account", acme.pk, stdin=lines(EVENTS[:2]))
    assert pipes.run("export_data", "events", "--format", "csv", "--account", acme.pk) == (
        b"customer_id,name,created_at,success,id,custom_attributes\r\n"
        b'1,Logged in,1493933699.000001,1,a,"{""n"": 12345678901234567890, ""plan"": ""Atom""}"\r\n'
        b'1,Logged in,1493933699,1,b,"{""gone"": null}"\r\n'
    )


def test_a_file_that_is_compressed_is_so(
    api: Api, acme: Account, pipes: Pipes, tmp_path: Path
) -> None:
    api.post("event", EVENTS)
    pipes.run("export_data", "events", tmp_path / "events.ndjson.gz", "--account", acme.pk)
    packed = (tmp_path / "events.ndjson.gz").read_bytes()
    assert [read_json(line)["id"] for line in gzip.decompress(packed).splitlines()] == [
        "a",
        "b",
        "c",
    ]


def test_another_accounts_rows_are_not_exported(api: Api, globex: Account, pipes: Pipes) -> None:
    api.post("event", EVENTS)
    api.post("customer", CUSTOMERS)
    assert pipes.run("export_data", "events", "--account", globex.pk) == b""
    assert pipes.run("export_data", "customers", "--account", globex.pk) == b""


def test_an_export_that_fails_leaves_no_file(
    api: Api, acme: Account, pipes: Pipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        yield b"half a line"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("transfer.management.commands.export_data.as_ndjson", fail)
    (tmp_path / "events.ndjson").write_text("of yesterday")
    with pytest.raises(CommandError, match="No space left on device"):
        pipes.run("export_data", "events", tmp_path / "events.ndjson", "--account", acme.pk)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [
        ("events.ndjson", "of yesterday")
    ]


def test_a_second_run_stores_nothing_twice(acme: Account, pipes: Pipes, tmp_path: Path) -> None:
    # No ids, no times, and two lines alike: both are events, once.
    file = write(tmp_path / "events.ndjson", lines([an_event(), an_event(), an_event("16")]))
    for batch in (1, 2, 1000):
        pipes.run("import_data", "events", file, "--batch", batch, "--account", acme.pk)
    assert Event.objects.count() == 3


def test_a_run_that_broke_off_is_taken_up(
    acme: Account,
    pipes: Pipes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write(tmp_path / "events.csv", "customer_id,name\n" + "1,Logged in\n" * 10)
    times = iter(range(100))  # the third batch is the one that is cut off

    def store_some(**arguments: Any) -> int:
        if next(times) == 2:
            raise KeyboardInterrupt
        return store_events(**arguments)

    monkeypatch.setattr(kinds, "store_events", store_some)
    with pytest.raises(CommandError, match="6 rows stored; run again to continue") as stopped:
        pipes.run("import_data", "events", file, "--batch", 3, "--account", acme.pk)
    assert stopped.value.returncode == 130
    assert Event.objects.count() == 6

    pipes.run("import_data", "events", file, "--batch", 3, "--account", acme.pk)
    assert Event.objects.count() == 10
    assert "10 rows, 4 stored, 6 already stored, 0 rejected" in capsys.readouterr().err


def test_a_file_that_has_grown_or_was_mended_adds_what_is_new(
    acme: Account, pipes: Pipes, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    write(file, lines([an_event("1"), an_event("2", created_at="yesterday")]))
    with pytest.raises(CommandError):
        pipes.run("import_data", "events", file, "--account", acme.pk)
    write(file, lines([an_event("1"), an_event("2", created_at="1"), an_event("3")]))
    pipes.run("import_data", "events", file, "--account", acme.pk)
    assert sorted(Event.objects.values_list("customer_id", flat=True)) == ["1", "2", "3"]


def test_the_same_rows_of_another_file_or_source_are_others(
    acme: Account, pipes: Pipes, tmp_path: Path
) -> None:
    monday = write(tmp_path / "monday.ndjson", lines([an_event()]))
    tuesday = write(tmp_path / "tuesday.ndjson.gz", gzip.compress(lines([an_event()])))
    pipes.run("import_data", "events", monday, tuesday, "--account", acme.pk)
    assert Event.objects.count() == 2
    pipes.run("import_data", "events", monday, "--source", "tuesday.ndjson", "--account", acme.pk)
    assert Event.objects.count() == 2
    pipes.run("import_data", "events", monday, "--source", "wednesday", "--account", acme.pk)
    assert Event.objects.count() == 3


def test_customers_are_updated(api: Api, acme: Account, pipes: Pipes) -> None:
    api.post("customer", a_customer("1", location="Berlin", custom_attributes={"a": 1, "b": 2}))
    pipes.run(
        "import_data", "customers", "--account", acme.pk,
        stdin=lines([a_customer("1", plan="Atom", custom_attributes={"b": None})]),
    )  # fmt: skip
    assert {
        key: api.get("customer/1").row[key] for key in ("plan", "location", "custom_attributes")
    } == {
        "plan": "Atom",
        "location": "Berlin",
        "custom_attributes": {"a": 1},
    }


def test_customers_that_would_not_change_are_passed_over(
    acme: Account, pipes: Pipes, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [a_customer("1"), a_customer("2")]
    for again in (rows, [*rows, a_customer("3"), a_customer("1", plan="Atom")]):
        pipes.run("import_data", "customers", "--account", acme.pk, stdin=lines(again))
    said = capsys.readouterr().err
    assert "2 rows, 2 stored, 0 already stored" in said
    assert "4 rows, 2 stored, 2 already stored" in said


def test_an_account_is_named_by_a_members_address_or_the_companys_name(
    api: Api, acme: Account, pipes: Pipes
) -> None:
    api.post("event", an_event("1"))
    MembershipFactory.create(account=acme, user__email="ann@acme.example")
    for named in (acme.pk, "Ann@acme.example", "ACME"):
        assert pipes.run("export_data", "events", "--account", named).count(b"\n") == 1


@pytest.mark.parametrize("named", ["0", "9" * 30, "nobody@acme.example", "Nobody's", "²"])
def test_an_account_that_nobody_knows(acme: Account, pipes: Pipes, named: str) -> None:
    for command in ("import_data", "export_data"):
        with pytest.raises(CommandError, match="There is no account"):
            pipes.run(command, "events", "--account", named)


def test_of_accounts_of_one_name_one_has_to_be_chosen(acme: Account, pipes: Pipes) -> None:
    other = AccountFactory.create(name="Acme")
    with pytest.raises(
        CommandError, match=rf"{acme.pk} \(Acme\), {other.pk} \(Acme\). Say which one by its id."
    ):
        pipes.run("export_data", "events", "--account", "acme")


def test_the_history_is_exported(
    api: Api, acme: Account, globex_api: Api, pipes: Pipes, monkeypatch: Any
) -> None:
    monkeypatch.setattr("customers.queries.MAX_LIMIT", 2)  # rows of a page
    for client in (api, globex_api):
        client.post(
            "customer", [a_customer(str(number), monthly_payment_amount=9.5) for number in range(3)]
        )
        client.post("customer", [a_customer(str(number), plan="Atom") for number in range(3)])
        client.patch("customer/1", {"plan": "Team", "monthly_payment_amount": None})
    shown = [
        ("0", "plan", "Starter", "Atom"),
        ("1", "plan", "Starter", "Atom"),
        ("1", "monthly_payment_amount", 9.5, None),
        ("1", "plan", "Atom", "Team"),
        ("2", "plan", "Starter", "Atom"),
    ]
    rows = [
        json.loads(line)
        for line in pipes.run("export_data", "history", "--account", acme.pk).splitlines()
    ]
    assert [
        (row["customer_id"], row["field"], row["before"], row["after"]) for row in rows
    ] == shown
    csv_lines = (
        pipes.run("export_data", "history", "--format", "csv", "--account", acme.pk)
        .decode()
        .splitlines()
    )
    assert csv_lines[0] == "customer_id,field,before,after,changed_at"
    assert csv_lines[3].startswith("1,monthly_payment_amount,9.5,,1")


def test_a_customer_more_often_than_a_request_may_hold_it(
    api: Api, acme: Account, pipes: Pipes
) -> None:
    rows = [a_customer("1", custom_attributes={str(number): 1}) for number in range(300)]
    pipes.run("import_data", "customers", "--account", acme.pk, stdin=lines(rows))
    assert api.get("customer/1").row["custom_attributes"] == {
        str(number): 1 for number in range(300)
    }


def test_csv_names_fields_and_an_empty_cell_is_not_sent(
    api: Api, acme: Account, pipes: Pipes
) -> None:
    api.post("customer", a_customer("1", location="Berlin"))
    content = (
        "\ufeffcustomer_id,name,email,plan,location,monthly_payment_amount,custom_attributes,shoe size\r\n"
        '1,"Smith, John",john@example.com,Atom,,99.5,"{""age"":\n 40}",44\r\n'
        "\r\n"
        "2,Ann,ann@example.com,Starter,,,,\r\n"
    )
    pipes.run(
        "import_data", "customers", "--format", "csv", "--account", acme.pk, stdin=content.encode()
    )
    [first, second] = api.get("customer", {"sort": "customer_id"}).data
    assert first["name"] == "Smith, John"
    assert first["location"] == "Berlin"
    assert first["monthly_payment_amount"] == 99.5
    assert first["custom_attributes"] == {"age": 40, "shoe size": "44"}
    assert second["location"] is None
    assert second["custom_attributes"] == {}


def test_rejected_rows_are_written_with_their_line_and_every_reason(
    acme: Account, pipes: Pipes, tmp_path: Path
) -> None:
    content = b"\n".join(
        [
            lines([an_event("1")]).strip(),
            b"",
            b'{"customer_id": "2"}',
            b'{"customer_id": "3", "name": "x", "created_at": "soon", "n": 123456789012345678901234567890}',
            b"{broken",
            b"\xff",
            b"[1, 2]",
            b'{"customer_id": "4", "name": "x", "ratio": NaN}',
            lines([an_event("5")]).strip(),
        ]
    )
    file = write(tmp_path / "events.ndjson", content)
    with pytest.raises(CommandError, match=r"6 rows were rejected"):
        pipes.run(
            "import_data",
            "events",
            file,
            "--rejected",
            tmp_path / "rejected",
            "--batch",
            100,
            "--account",
            acme.pk,
        )

    assert sorted(Event.objects.values_list("customer_id", flat=True)) == ["1", "5"]
    found = [
        json.loads(line, parse_int=Decimal)
        for line in (tmp_path / "rejected").read_bytes().splitlines()
    ]
    assert [
        (row["line"], [(error["code"], error["attr"]) for error in row["errors"]]) for row in found
    ] == [
        (3, [("required", "name")]),
        (4, [("invalid", "created_at")]),
        (5, [("parse_error", None)]),
        (6, [("parse_error", None)]),
        (7, [("invalid", None)]),
        (8, [("invalid", "ratio")]),
    ]
    assert {row["file"] for row in found} == {file}
    assert found[1]["row"]["n"] == Decimal(123456789012345678901234567890)
    assert found[2]["row"] == "{broken"


def test_rejected_rows_of_csv(acme: Account, pipes: Pipes, tmp_path: Path) -> None:
    content = (
        b"customer_id,name,created_at,custom_attributes\n"
        b'1,"two\nlines",1,\n'
        b"2,,1,\n"
        b"3,x,1,{},too many\n"
        b'4,x,1,"{}, ""name"": ""y"""\n'
        b"5,\xff,1,\n"
        b"6,x\n"
    )
    with pytest.raises(CommandError, match="4 rows were rejected"):
        pipes.run(
            "import_data", "events", "--format", "csv", "--rejected", tmp_path / "rejected", "--account", acme.pk,
            stdin=content,
        )  # fmt: skip
    found = [json.loads(line) for line in (tmp_path / "rejected").read_bytes().splitlines()]
    assert [
        (row["line"], row["row"]["customer_id"], row["errors"][0]["attr"]) for row in found
    ] == [
        (4, "2", "name"),
        (5, "3", None),
        (6, "4", "custom_attributes"),
        (7, "5", None),
    ]
    assert sorted(Event.objects.values_list("customer_id", flat=True)) == ["1", "6"]


def test_without_a_file_for_them_the_first_rejected_rows_are_said(
    acme: Account, pipes: Pipes, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="20 rows were rejected"):
        pipes.run("import_data", "customers", "--account", acme.pk, stdin=b"{}\n" * 20)
    said = capsys.readouterr().err
    assert "-, line 1: customer_id: This field is required.; name: " in said
    assert "line 10:" in said
    assert "line 11:" not in said


def test_a_line_longer_than_a_request_is_rejected_and_not_held(
    acme: Account, pipes: Pipes, settings: Any, tmp_path: Path
) -> None:
    settings.MAX_BODY_BYTES = 1000
    content = lines([an_event("1"), an_event("2", note="x" * 5000), an_event("3")])
    with pytest.raises(CommandError, match="1 rows were rejected"):
        pipes.run("import_data", "events", "--account", acme.pk, stdin=content)
    assert sorted(Event.objects.values_list("customer_id", flat=True)) == ["1", "3"]


def test_memory_does_not_grow_with_the_file(
    acme: Account, pipes: Pipes, tmp_path: Path, peak_memory: Any
) -> None:
    def import_of(rows: int) -> float:
        file = write(
            tmp_path / f"{rows}.csv",
            "customer_id,name,note\n" + f"1,Logged in,{'x' * 500}\n" * rows,
        )
        with peak_memory() as peak:
            pipes.run("import_data", "events", file, "--batch", 500, "--account", acme.pk)
        return peak.mebibytes  # type: ignore[no-any-return]

    import_of(1)  # imports what is imported late
    few, many = import_of(1_000), import_of(6_000)
    assert many < few + 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.ndjson.gz", b"no gzip", "Not a gzipped file"),
        ("x.ndjson.gz", gzip.compress(lines(EVENTS) * 1000)[:-20], "ended before"),
        (
            "x.csv",
            b"customer_id,customer_id\n1,2\n",
            "line 1: the first line must name each column, none twice",
        ),
        ("x.csv", b'customer_id,name\n1,"a"b\n', "line 2:"),
    ],
)
def test_a_file_that_cannot_be_read_says_so(
    name: str, content: bytes, said: str, acme: Account, pipes: Pipes, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=said):
        pipes.run("import_data", "events", write(tmp_path / name, content), "--account", acme.pk)


def test_wrong_arguments_are_said(acme: Account, pipes: Pipes, tmp_path: Path) -> None:
    for arguments, said in (
        (("import_data", "events", tmp_path / "none", "--account", acme.pk), "No such file"),
        (("import_data", "events", "--account", acme.pk + 1000), "There is no account"),
        (("export_data", "events", "--account", acme.pk + 1000), "There is no account"),
        (("export_data", "events", tmp_path / "no" / "file", "--account", acme.pk), "No such file"),
        (("import_data", "events", "--batch", 10_001, "--account", acme.pk), "--batch must be"),
        (
            ("import_data", "events", "--rejected", tmp_path / "no" / "x", "--account", acme.pk),
            "--rejected: No such",
        ),
    ):
        with pytest.raises(CommandError, match=said):
            pipes.run(*arguments)


def test_there_is_no_bar_where_nobody_looks(
    acme: Account, pipes: Pipes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipes.run(
        "import_data",
        "customers",
        write(tmp_path / "c.ndjson", lines(CUSTOMERS)),
        "--account",
        acme.pk,
    )
    pipes.run("export_data", "customers", tmp_path / "d.ndjson", "--account", acme.pk)
    assert (
        capsys.readouterr().err
        == f"{tmp_path}/c.ndjson: 3 rows, 3 stored, 0 already stored, 0 rejected.\n"
    )
    assert Customer.objects.count() == 3


def test_the_next_batch_is_validated_while_one_is_stored():
    begun = threading.Event()

    def batches():
        yield "first"
        begun.set()
        yield "second"

    ahead = import_data._ahead(batches())
    assert next(ahead) == "first"
    assert begun.wait(10)
    assert list(ahead) == ["second"]
