"""The command line tool, as its users run it."""

import csv
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from traitly import Traitly

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRAITLY")}
    return kept | {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def cli(environment: dict[str, str], tmp_path: Path) -> Cli:
    """Runs ``traitly`` in an empty folder; not logged in."""

    def run(
        *arguments: str, stdin: str = "", status: int = 0
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "traitly.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done

    return run


@pytest.fixture
def logged_in(cli: Cli, url: str, key: str) -> Cli:
    cli("login", "--url", url, stdin=f"{key}\n")
    return cli


def test_login_saves_a_key_that_works_for_its_owner_only(
    cli: Cli, url: str, key: str, tmp_path: Path
) -> None:
    done = cli("login", "--url", url, stdin=f"{key}\n")
    saved = tmp_path / "config" / "traitly" / "config.json"
    assert f"Logged in to {url}" in done.stderr
    assert json.loads(saved.read_text()) == {"url": url, "key": key}
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_login_with_a_wrong_key_saves_nothing(cli: Cli, url: str, tmp_path: Path) -> None:
    assert "401" in cli("login", "--url", url, stdin="wrong\n", status=1).stderr
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize(
    "command", [["customers"], ["events", "1"], ["send", "n", "--customer", "1"], ["tail"]]
)
def test_without_a_login_commands_say_what_to_do(cli: Cli, command: list[str]) -> None:
    assert cli(*command, status=1).stderr == "traitly: Not logged in. Run: traitly login\n"


def test_send_and_read_back(logged_in: Cli, customer_id: str) -> None:
    sent = logged_in(
        "send",
        "Logged in",
        "device=phone",
        "screens=3",
        "beta=true",
        "--customer",
        customer_id,
        "--at",
        "1493933699",
    )
    event = json.loads(sent.stdout)
    assert event["custom_attributes"] == {"device": "phone", "screens": 3, "beta": True}
    assert event["created_at"] == "1493933699"
    listed = logged_in(
        "events",
        customer_id,
        "--name",
        "Logged in",
        "--since",
        "1493933699",
        "--until",
        "1493933700",
    )
    assert json.loads(listed.stdout) == event


def test_errors_are_one_line(logged_in: Cli, customer_id: str) -> None:
    done = logged_in("send", " ", "--customer", customer_id, status=1)
    assert done.stderr.startswith("traitly: 400 validation_error: name: ")
    assert done.stderr.count("\n") == 1
    assert (
        "is not KEY=VALUE"
        in logged_in("send", "n", "oops", "--customer", customer_id, status=1).stderr
    )


def test_customers_are_listed_and_shown(logged_in: Cli, direct: Traitly, customer_id: str) -> None:
    direct.customers.upsert_many(
        {
            "customer_id": f"{customer_id}-{i}",
            "name": "N",
            "email": "n@example.com",
            "plan": customer_id,
            "role": i % 2,
        }
        for i in range(4)
    )
    listed = logged_in(
        "customers", "--plan", customer_id, "--where", "role=1", "--sort=-customer_id"
    )
    assert [json.loads(line)["customer_id"] for line in listed.stdout.splitlines()] == [
        f"{customer_id}-3",
        f"{customer_id}-1",
    ]
    assert (
        len(logged_in("customers", "--plan", customer_id, "--limit", "3").stdout.splitlines()) == 3
    )
    assert json.loads(logged_in("customers", f"{customer_id}-2").stdout)["plan"] == customer_id
    assert "404" in logged_in("customers", "nobody", status=1).stderr


def test_a_terminal_gets_a_table_and_a_progress_bar(
    logged_in: Cli, environment: dict[str, str], customer_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(
        "".join(
            f'{{"customer_id": "{customer_id}", "name": "n\\u001b[31m", "created_at": {i}}}\n'
            for i in range(3)
        )
    )
    assert "######################## 100%  3 rows" in _in_terminal(
        environment, "import", "events", str(file)
    )
    table = _in_terminal(environment, "events", customer_id).splitlines()
    assert table[0].split() == ["created_at", "name", "custom_attributes", "id"]
    assert table[1].startswith("1970-01-01 00:00:00  n\ufffd[31m ")


def _in_terminal(environment: dict[str, str], *arguments: str) -> str:
    """What the command prints when its output is a terminal."""
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "traitly.cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        env=environment | {"TZ": "UTC"},
        timeout=60,
        check=True,
    )
    os.close(follower)
    text = b""
    try:
        while part := os.read(leader, 65536):
            text += part
    except OSError:  # Linux's way to say that the other end is closed
        pass
    os.close(leader)
    assert done.returncode == 0
    return text.decode()


def test_import_reports_each_refused_line(
    logged_in: Cli, direct: Traitly, customer_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(
        "customer_id,name,email,plan,monthly_payment_amount,custom_attributes,shoe size\n"
        f'{customer_id}-1,"Smith, John",j@example.com,Starter,99.5,"{{""role"": ""manager""}}",43\n'
        f"{customer_id}-2,Jane,nobody,,,,\n"
    )
    done = logged_in("import", "customers", str(file), "--rejected", "rejected.ndjson", status=1)
    assert "1 stored, 1 rejected." in done.stderr
    customer = direct.customers.get(f"{customer_id}-1")
    assert (customer["name"], customer["monthly_payment_amount"]) == ("Smith, John", 99.5)
    assert customer["custom_attributes"] == {"role": "manager", "shoe size": "43"}
    rejected = json.loads((tmp_path / "rejected.ndjson").read_text())
    assert rejected["line"] == 3
    assert {error["attr"] for error in rejected["errors"]} == {"1.email", "1.plan"}
    assert "Line 3: email: " in logged_in("import", "customers", str(file), status=1).stderr


def test_a_file_of_events_can_be_imported_again(
    logged_in: Cli, direct: Traitly, customer_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    line = json.dumps({"customer_id": customer_id, "name": "n", "created_at": 5}) + "\n"
    file.write_text(line * 3)  # three events that look alike are three
    assert "3 stored, 0 rejected" in logged_in("import", "events", str(file)).stderr
    file.write_text(line * 4)
    assert (
        "1 stored, 3 were stored before, 0 rejected"
        in logged_in("import", "events", str(file)).stderr
    )
    assert len(list(direct.customers.events(customer_id))) == 4


def test_events_without_a_time_happen_at_each_import(
    logged_in: Cli, direct: Traitly, customer_id: str
) -> None:
    for _ in range(2):
        logged_in(
            "import", "events", "-", "--format", "csv", stdin=f"customer_id,name\n{customer_id},n\n"
        )
    assert len(list(direct.customers.events(customer_id))) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.ndjson", '{"customer_id": "1"}\n{oops\n', "Line 2 is not JSON"),
        ("a.ndjson", "1\n", "Line 1 is no JSON object"),
        ("a.json", "[1", "This is not JSON"),
        ("a.csv", "customer_id,name\n1,2,3\n", "Line 2 has more cells"),
        ("a.csv", "customer_id,custom_attributes\n1,{\n", "Line 2: custom_attributes is not JSON"),
        ("a.csv", b"customer_id,name\n1,\xff\n", "cannot be read: 'utf-8'"),
        ("a.ndjson.gz", "not gzip", "cannot be read: Not a gzipped file"),
        ("a.txt", "", "Say it with --format"),
    ],
)
def test_files_that_cannot_be_read(
    logged_in: Cli, tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in logged_in("import", "events", name, status=1).stderr


def test_a_file_that_is_not_there(logged_in: Cli) -> None:
    assert (
        logged_in("import", "events", "none.csv", status=1).stderr
        == "traitly: none.csv: No such file or directory\n"
    )


def test_an_export_can_be_imported(
    logged_in: Cli, direct: Traitly, customer_id: str, tmp_path: Path
) -> None:
    direct.customers.upsert(
        customer_id=customer_id,
        name='J, "x"\nSmith',
        email="j@example.com",
        plan="P",
        custom_attributes={"a": [1, "é"]},
    )
    before = direct.customers.get(customer_id)
    for name in ("out.csv", "out.ndjson"):
        assert "customers exported." in logged_in("export", "customers", "-o", name).stderr
        assert not list(tmp_path.glob("*.part"))
        direct.customers.erase(customer_id)
        logged_in("import", "customers", name)
        after = direct.customers.get(customer_id)
        assert {**before, "updated_at": ""} == {**after, "updated_at": ""}
    with (tmp_path / "out.csv").open(newline="") as stream:
        assert next(csv.reader(stream)) == list(before)


def test_the_environment_goes_before_the_saved_login(
    logged_in: Cli, environment: dict[str, str], customer_id: str
) -> None:
    environment["TRAITLY_API_KEY"] = "wrong"
    assert "401" in logged_in("customers", status=1).stderr


def test_tail_prints_what_happens(
    environment: dict[str, str], logged_in: Cli, direct: Traitly, customer_id: str
) -> None:
    command = [
        sys.executable,
        "-m",
        "traitly.cli",
        "tail",
        "--name",
        customer_id,
        "--type",
        "event.created",
    ]
    command += ["--since", str(int(time.time()) - 1)]
    # What a shell starts in the background ignores it, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as tail:
        assert tail.stdout
        direct.events.send(customer_id=customer_id, name="another")
        event = direct.events.send(customer_id=customer_id, name=customer_id)
        assert json.loads(tail.stdout.readline())["data"] == event
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 130


def test_all_events_are_exported(
    logged_in: Cli, direct: Traitly, customer_id: str, tmp_path: Path
) -> None:
    direct.events.send_many(
        {"customer_id": customer_id, "name": "n", "created_at": i} for i in range(3)
    )
    logged_in("export", "events", "-o", "events.csv")
    with (tmp_path / "events.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["customer_id"] == customer_id]
    assert [row["created_at"] for row in rows] == ["0", "1", "2"]
    direct.customers.erase(customer_id)
    logged_in("import", "events", "events.csv")
    assert len(list(direct.customers.events(customer_id))) == 3
