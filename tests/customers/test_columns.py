"""A customer's columns are declared once (customers.columns): everything else follows, or says what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import models

from customers.columns import COLUMNS, OPTIONAL, REPLACED, column
from customers.models import Customer
from customers.queries import LIST
from customers.schemas import PATCH_SCHEMA, SCHEMA
from traitly.input.values import Name, Text

ROOT = Path(__file__).parents[2]
COUNTRY = "    country = column(models.CharField(max_length=255, null=True, blank=True), Text, filters=True)\n"
# Run in a project to which the line above was added. It needs no database.
FOLLOWS = """
import django
django.setup()
from django.core.management import call_command
from customers import admin, columns, queries, schemas, statements
assert "country" in schemas.SCHEMA.fields & schemas.PATCH_SCHEMA.fields
assert list(queries.LIST.columns)[-1] == "country"
assert "country" in queries.LIST.equal
assert "country" in admin.CustomerAdmin.fields
assert "country" in statements._NULLABLE and "country" in [column.name for column in columns.MERGED]
assert "country" in [column.name for column in columns.OPTIONAL]
call_command("makemigrations", "customers", dry_run=True)
"""


def test_a_line_is_all_that_a_new_field_takes(tmp_path: Path) -> None:
    """CONTRIBUTING.md's example, "Adding a field to customers"."""
    assert COUNTRY.strip() in (ROOT / "CONTRIBUTING.md").read_text()
    for app in ROOT.glob("*/apps.py"):
        shutil.copytree(
            app.parent, tmp_path / app.parent.name, ignore=shutil.ignore_patterns("__pycache__")
        )
    file = tmp_path / "customers" / "columns.py"
    before, meta, after = file.read_text().partition("\n    class Meta:\n        abstract = True\n")
    file.write_text(f"{before}{COUNTRY}{meta}{after}")

    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FOLLOWS],
        cwd=tmp_path,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "traitly.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "Add field country to customer" in run.stdout
    assert (
        "Create index customers_by_country on field(s) account, country, created_at, customer_id"
        in run.stdout
    )


def test_every_declared_column_is_in_every_place() -> None:
    names = [each.name for each in COLUMNS]
    assert list(LIST.columns) == names
    assert SCHEMA.fields == PATCH_SCHEMA.fields == {each.name for each in COLUMNS if each.accepts}
    assert {each.name for each in OPTIONAL} < {each.name for each in REPLACED} < SCHEMA.fields
    assert {field.name for field in Customer._meta.local_fields} == {
        *names,
        "account",
        "id",
        "previous",
    }


@pytest.mark.parametrize(
    ("field", "declared", "said"),
    [
        (models.BooleanField(null=True), {"accepts": bool}, "no entry for BooleanField"),
        (models.CharField(max_length=9), {"accepts": Name}, "neither required nor nullable"),
        (models.CharField(max_length=9), {"accepts": Text, "required": True}, "must be nullable"),
        (
            models.CharField(max_length=9),
            {"accepts": Name, "required": True, "ranges": True},
            "numbers and times",
        ),
        (
            models.DateTimeField(null=True),
            {"accepts": Name, "sorts": True},
            "only if it is a number",
        ),
        (
            models.CharField(max_length=9),
            {"accepts": Name, "required": True, "sorts": True, "filters": True},
            "each",
        ),
    ],
)
def test_what_could_not_work_is_refused_at_the_start(field, declared, said) -> None:
    with pytest.raises(TypeError, match=said):
        column(field, **declared)
