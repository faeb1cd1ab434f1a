"""Runs the code of a README as one program, with the URL and the key of the server that ``tests.clients`` started.

run_readme.py README.md LANGUAGE FOLDER INTERPRETER
"""

import os
import re
import subprocess
import sys
from pathlib import Path

readme, language, folder, interpreter = sys.argv[1:]
blocks = re.findall(
    rf"^```{language}\n(.*?)^```", Path(readme).read_text(), re.MULTILINE | re.DOTALL
)
code = "\n".join(blocks)
for printed, real in {
    "https://traitly.example.com": os.environ["TRAITLY_TEST_URL"],
    "your-api-key": os.environ["TRAITLY_TEST_KEY"],
}.items():
    if printed not in code:
        sys.exit(f"{readme} does not have {printed} any more.")
    code = code.replace(printed, real)
if language == "js":  # blocks say again what they import
    imports = set(re.findall(r"^import \{ (.*) \} from \"traitly\";\n", code, re.MULTILINE))
    names = sorted({name for line in imports for name in line.split(", ")})
    code = re.sub(r"^import .*\n", "", code, flags=re.MULTILINE)
    code = f'import {{ {", ".join(names)} }} from "traitly";\n{code}'
program = Path(folder) / ("readme.mjs" if language == "js" else "readme.py")
program.write_text(code)
done = subprocess.run(
    [interpreter, program.name],
    cwd=folder,
    timeout=300,
    check=False,
    capture_output=True,
    text=True,
)
if done.returncode:
    sys.exit(f"{done.stdout[-2000:]}\n{done.stderr}")
print(
    f"The code of {readme} works: {done.stdout.count(chr(10)):,} lines printed, the last is {done.stdout.splitlines()[-1]!r}."
)
