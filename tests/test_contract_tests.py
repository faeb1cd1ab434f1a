"""docs/contract-tests.md names tests that exist."""

import ast
import re

import pytest

from tests.server import ROOT

NAMED = sorted(set(re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", (ROOT / "docs" / "contract-tests.md").read_text())))


def test_the_table_names_tests():
    assert len(NAMED) > 80


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_named_test_exists(file, name):
    tree = ast.parse((ROOT / "tests" / file).read_text())

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_row_names_a_test():
    rows = [line for line in (ROOT / "docs" / "contract-tests.md").read_text().splitlines() if line.startswith("| ")]

    assert not [row for row in rows[1:] if "::" not in row and not row.startswith("| **")]
