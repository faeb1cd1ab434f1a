"""Every command of /docs/ does what its page says, against a real server: the reference's in each language, the guides' in order."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from reference import commands as writing
from reference.commands import PLACEHOLDER
from reference.openapi.document import PUBLISHED_SERVER
from reference.openapi.examples import Example, load_examples
from reference.pages import CONTENT, guides
from tests.reference.test_examples import UUID, settled
from tests.server import Server, running_server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("docs")]  # one server for all of them
# Beside the operations' examples what they need before: those that succeed and show no operation.
EXAMPLES = [example for example in load_examples() if example.operation or example.status < 300]
FENCE = re.compile(r"^```(\w*) ?([\w.]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN_ONLY = {"console", "text", "json", ""}
ELSEWHERE = {
    "guides/operations": "for a server in production: see tests/postgres and tests/test_image.py",
    "guides/segment": "lines of many languages' SDKs: make sdks runs them, tests/segment replays the others",
}
BETWEEN = "<<< next >>>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("docs")) as running:
        yield running


@pytest.fixture(scope="module")
def fresh_keys(server: Server) -> Iterator[str]:
    """Keys of accounts without data, made at once: a process for each would take most of the time."""
    script = (
        "from accounts.models import Account; from accounts.services import create_key\n"
        f"for n in range({len(guides()) + 10}):\n"
        "    print(create_key(account=Account.objects.create(name=f'Docs {n}'), name='Docs').key)"
    )
    return iter(server.manage("shell", "--no-imports", "-c", script).split())


@pytest.fixture
def mine(server: Server, fresh_keys: Iterator[str]) -> Any:
    """Puts the server's address and the key of an account without data into a command."""
    key = next(fresh_keys)
    return lambda text: text.replace(PUBLISHED_SERVER, server.url).replace(PLACEHOLDER, key)


def run_bash(script: str, folder: Path | None = None) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=script,
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def in_curl(commands: list[str]) -> list[Any]:
    script = f"\necho; echo '{BETWEEN}'\n".join(commands).replace(
        "curl ", "curl --silent --show-error "
    )
    return [json.loads(part) for part in run_bash(script).split(BETWEEN)]


def in_python(commands: list[str]) -> list[Any]:
    found = []
    for command in commands:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(command.replace("print(response.json())", "print(response.text)"), {})
        found.append(json.loads(printed.getvalue()))
    return found


def in_javascript(commands: list[str]) -> list[Any]:
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    blocks = [
        command.replace("console.log(await response.json())", "console.log(await response.text())")
        for command in commands
    ]
    script = "\n".join(f"{{\n{block}\nconsole.log({BETWEEN!r});\n}}" for block in blocks)
    done = subprocess.run(
        ["node", "--input-type=module"],
        input=script,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(part) for part in done.stdout.split(BETWEEN)[:-1]]


@pytest.mark.parametrize(
    ("language", "run"),
    [("curl", in_curl), ("python", in_python), ("javascript", in_javascript)],
    ids=["curl", "python", "javascript"],
)
def test_the_commands_of_the_reference_are_answered_as_shown(mine, server, language, run):
    """In each language all of them, in the order of the page, for an account that was empty."""
    ids: dict[str, str] = {}
    for group in in_groups(EXAMPLES):
        commands = [mine(writing.commands(example)[language]) for example in group]
        answers = run([replaced(command, ids) for command in commands])
        for example, answer in zip(group, answers, strict=True):
            shown = json.dumps(example.response["body"])
            ids |= dict(zip(UUID.findall(shown), UUID.findall(json.dumps(answer)), strict=False))
            assert local(answer, server) == settled(example.response["body"]), example.name


def local(answer: Any, server: Server) -> Any:
    """An answer as it would be from the published server."""
    return settled(json.loads(json.dumps(answer).replace(server.url, PUBLISHED_SERVER)))


def replaced(text: str, ids: dict[str, str]) -> str:
    return UUID.sub(lambda found: ids.get(found[0], found[0]), text)


def in_groups(examples: list[Example]) -> Iterator[list[Example]]:
    """The examples in order. One that asks for an id of the server's begins a group: what gave it has been answered."""
    group: list[Example] = []
    for example in examples:
        if UUID.search(example.path) and group:
            yield group
            group = []
        group.append(example)
    yield group


@pytest.mark.parametrize("name", ["introduction", "authentication"])
def test_the_commands_of_the_prose_succeed(mine, name):
    text = (CONTENT / f"{name}.md").read_text()
    scripts = [code for language, _, code in FENCE.findall(text) if language == "shell"]

    assert scripts
    for script in scripts:
        run_bash(mine(script).replace("curl ", "curl --silent --show-error --fail-with-body "))


@pytest.mark.parametrize("slug", list(guides()))
def test_the_commands_of_a_guide_do_what_it_says(mine, server, slug, tmp_path):
    """Files are written as they are named; what is shown below a command is what it prints."""
    if slug in ELSEWHERE:
        pytest.skip(ELSEWHERE[slug])
    blocks = FENCE.findall(guides()[slug])
    for language, name, code in blocks:
        if name:
            (tmp_path / name).write_text(code)
        assert name or language in SHOWN_ONLY | {"shell"}, f"{language} is neither run nor a file"
    scripts = [
        (index, mine(code))
        for index, (language, _, code) in enumerate(blocks)
        if language == "shell"
    ]
    if not scripts:
        return
    printed = run_bash(
        f"\necho; echo '{BETWEEN}'\n".join(code for _, code in scripts), tmp_path
    ).split(BETWEEN)

    for (index, _), output in zip(scripts, printed, strict=True):
        follows = blocks[index + 1] if index + 1 < len(blocks) else ("", "", "")
        if follows[0] == "json":
            assert local(json.loads(output), server) == settled(json.loads(follows[2]))
        if follows[0] == "text":
            assert output.strip() == follows[2].strip()


# What a guide's console blocks have besides manage.py, and where it is run.
RUN_ELSEWHERE = {
    "git clone": "tests/test_first_minutes.py, from a copy of what git has",
    "make run": "tests/test_first_minutes.py",
    "docker compose": "needs an engine: tests/test_image.py looks at its files",
    "gunicorn traitly.wsgi": "tests.server starts every server of these tests so",
    "python manage.py run_worker": "does not end: tests/feed starts it",
}


@pytest.mark.parametrize("slug", [slug for slug in guides() if slug not in ELSEWHERE])
def test_a_guides_lines_at_a_prompt_can_be_run(server, slug):
    blocks = [code for language, _, code in FENCE.findall(guides()[slug]) if language == "console"]
    lines = [line[2:] for code in blocks for line in code.splitlines() if line.startswith("$ ")]
    for line in lines:
        if not line.startswith(tuple(RUN_ELSEWHERE)):
            assert line.startswith("python manage.py "), line
            server.manage(*shlex.split(line)[2:])


def test_an_examples_text_is_quoted_for_the_shell():
    example = Example("", "", "POST", "/api/v1/event", {"name": "it's"}, {}, {})

    assert """'{"name": "it'\\''s"}'""" in writing.commands(example)["curl"]
