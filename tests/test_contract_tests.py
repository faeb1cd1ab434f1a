"""docs/contract-tests.md and docs/reliability.md name tests that exist."""

import ast
import re

import pytest

from tests.server import ROOT

NAMED = sorted(
    set(
        re.findall(
            r"`([a-z_/]+\.py)::(test_\w+)`", (ROOT / "docs" / "contract-tests.md").read_text()
        )
    )
)


def test_the_table_names_tests():
    assert len(NAMED) > 80


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_named_test_exists(file, name):
    tree = ast.parse((ROOT / "tests" / file).read_text())

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_row_names_a_test():
    rows = [
        line
        for line in (ROOT / "docs" / "contract-tests.md").read_text().splitlines()
        if line.startswith("| ")
    ]

    assert not [row for row in rows[1:] if "::" not in row and not row.startswith("| **")]


def test_the_tests_that_docs_reliability_names_exist():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "reliability.md").read_text()))
    files = [
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "clients" / "python" / "tests").rglob("*.py"),
    ]
    defined = set(
        re.findall(
            r"^\s*(?:async )?def (test_\w+)",
            "\n".join(file.read_text() for file in files),
            re.MULTILINE,
        )
    )

    assert len(named) > 100
    assert not named - defined
