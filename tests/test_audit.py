"""What `make audit` makes of what pip-audit says."""

import json
import subprocess

import pytest

from tests.audit import audit

VULNERABLE = {
    "name": "x",
    "version": "1",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"], "aliases": [], "description": ""}],
}


@pytest.mark.parametrize(
    ("stdout", "passes", "said"),
    [
        (json.dumps({"dependencies": [VULNERABLE]}), False, "x 1 has PYSEC-1, fixed in 2"),
        (
            json.dumps({"dependencies": [{"name": "x", "version": "1", "vulns": []}]}),
            True,
            "1 packages audited",
        ),
        (
            json.dumps({"dependencies": [{"name": "x", "skip_reason": "not found"}]}),
            True,
            "1 unknown to the service",
        ),
        ("", True, "not audited, the service cannot be reached: no route"),
    ],
)
def test_findings_fail_and_an_unreachable_service_is_told(
    monkeypatch, capsys, stdout, passes, said
):
    done = subprocess.CompletedProcess([], 1, stdout, "trying\nno route\n")
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_options: done)

    assert audit("requirements.txt") is passes
    assert said in capsys.readouterr().out
