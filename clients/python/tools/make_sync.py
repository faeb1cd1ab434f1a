"""Makes ``traitly/_sync`` from ``traitly/_async``: one source for both clients. ``--check`` only says whether it is stale."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "traitly"
RULES = [
    (
        r'"""The client for asyncio\..*?"""',
        '"""The blocking client. Made from ``_async`` by ``tools/make_sync.py``: change the code there."""',
    ),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\b__a(iter|next|enter|exit)__\b", r"__\1__"),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"\baclose\b", "close"),
    (r"\b_async\b", "_sync"),
    (r"\basyncio\b", "time"),
]


def convert(source: str) -> str:
    """The blocking twin of a module."""
    for pattern, replacement in RULES:
        source = re.sub(pattern, replacement, source, flags=re.DOTALL)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--quiet",
            "--fix",
            "--exit-zero",
            "--select",
            "I",
            "-",
        ],
        input=source,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--quiet", "-"],
        input=done.stdout,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout


def main() -> None:
    """Write the modules, or exit with 1 if one of them is stale."""
    stale = []
    for path in sorted((PACKAGE / "_async").glob("*.py")):
        twin = PACKAGE / "_sync" / path.name
        text = convert(path.read_text())
        if not twin.exists() or twin.read_text() != text:
            stale.append(twin.name)
            if "--check" not in sys.argv:
                twin.write_text(text)
    if stale and "--check" in sys.argv:
        sys.exit(f"Stale: {', '.join(stale)} in src/traitly/_sync. Run: make clients-types")


if __name__ == "__main__":
    main()
