"""Makes ``traitly/_openapi.py`` from docs/openapi.json. ``--check`` only says whether it is stale."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT.parent.parent / "docs" / "openapi.json"
TARGET = ROOT / "src" / "traitly" / "_openapi.py"
HEADER = '"""The objects of the API. Made from docs/openapi.json by ``tools/make_types.py``: do not change it here."""'
OPTIONS = [
    "--input-file-type=openapi",
    "--openapi-scopes=schemas",
    "--output-model-type=typing.TypedDict",
    "--target-python-version=3.10",
    "--disable-timestamp",
    "--use-schema-description",
    "--use-field-description",
    "--use-standard-collections",
    "--use-union-operator",
    "--use-double-quotes",
    "--enum-field-as-literal=all",
    "--formatters=ruff-format",
]
# Python 3.10 has no NotRequired. Type checkers know typing_extensions, and nothing else asks: it is
# no dependency.
NOT_REQUIRED = """import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if sys.version_info >= (3, 11):
    from typing import NotRequired
elif TYPE_CHECKING:
    from typing_extensions import NotRequired
"""
REPLACEMENTS = [
    (
        "from typing_extensions import NotRequired, TypedDict\nfrom typing import Any, Literal, TypeAlias\n",
        NOT_REQUIRED,
    ),
    # what this library takes, and sends as ISO 8601
    ("created_at: NotRequired[float | str]", "created_at: NotRequired[datetime | float | str]"),
    ("(TypedDict, extra_items=int)", "(TypedDict)"),  # needs Python 3.15
    ("(TypedDict, closed=True)", "(TypedDict)"),  # the same
]


def generate() -> str:
    """The text of the module."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "types.py"
        command = [
            sys.executable,
            "-m",
            "datamodel_code_generator",
            f"--input={SOURCE}",
            f"--output={output}",
        ]
        subprocess.run([*command, *OPTIONS, f"--custom-file-header={HEADER}"], check=True, cwd=ROOT)
        text = output.read_text()
    for found, replacement in REPLACEMENTS:
        if found not in text:
            sys.exit(f"The generator writes something else now; there is no {found!r}.")
        text = text.replace(found, replacement)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--quiet", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout


def main() -> None:
    """Write the module, or exit with 1 if it is stale."""
    text = generate()
    if "--check" not in sys.argv:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        sys.exit("src/traitly/_openapi.py is stale. Run: make clients-types")


if __name__ == "__main__":
    main()
