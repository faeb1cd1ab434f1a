"""``python -m tests.audit FILE...``: known vulnerabilities of what requirements files pin, by pip-audit.

Exits with 1 if there are any. Where the service that knows them cannot be reached, it says so and
exits with 0.
"""

import json
import subprocess
import sys
from pathlib import Path


def audit(file: str) -> bool:
    """Whether nothing is known against the packages of a file; says what is, and what could not be looked up."""
    done = subprocess.run(
        [
            *(
                str(Path(sys.executable).parent / "pip-audit"),
                "--requirement",
                file,
                "--disable-pip",
            ),
            *(
                "--require-hashes",
                "--format",
                "json",
                "--progress-spinner",
                "off",
                "--timeout",
                "20",
            ),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"{file}: not audited, the service cannot be reached: {reason}")
        return True
    known = [(package, each) for package in packages for each in package.get("vulns", [])]
    for package, each in known:
        fixed = ", ".join(each["fix_versions"]) or "no version"
        print(f"{file}: {package['name']} {package['version']} has {each['id']}, fixed in {fixed}")
    unknown = sum("skip_reason" in package for package in packages)
    print(
        f"{file}: {len(packages) - unknown} packages audited, {unknown} unknown to the service, {len(known)} findings"
    )
    return not known


if __name__ == "__main__":
    sys.exit(not all(list(map(audit, sys.argv[1:]))))
