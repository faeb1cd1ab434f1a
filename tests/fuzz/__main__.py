"""Sends what the OpenAPI document allows, and what it does not, to a server of its own: schemathesis, all of its checks.

    python -m tests.fuzz [options of `st run`, as --max-examples 100 or --seed 1]

Exits with schemathesis's status.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django


def main(arguments: list[str]) -> int:
    """Run it; gives the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traitly.settings")
    django.setup()
    from tests.server import ROOT, running_server

    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        command = [
            *(
                str(Path(sys.executable).parent / "st"),
                "--config-file",
                str(Path(__file__).with_name("schemathesis.toml")),
            ),
            *(
                "run",
                f"{server.url}/docs/openapi.json",
                "--header",
                f"Authorization: Token {server.key}",
            ),
            *(
                "--phases",
                "examples,coverage,fuzzing,stateful",
                "--checks",
                "all",
                "--warnings",
                "off",
            ),
        ]
        done = subprocess.run(
            [*command, *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=False,
        )
    return done.returncode


sys.exit(main(sys.argv[1:]))
