"""Writes docs/openapi.json."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reference.openapi.document import build_document


class Command(BaseCommand):
    """``manage.py write_openapi``: the OpenAPI document as a file, for tools that read one."""

    help = "Write docs/openapi.json from the code."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``--check`` writes nothing, and fails where the file is not what would be written."""
        parser.add_argument("--check", action="store_true", help="fail if the file is out of date")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        """Write or compare."""
        file = settings.BASE_DIR / "docs" / "openapi.json"
        text = json.dumps(build_document(), indent=2, ensure_ascii=False) + "\n"
        if not check:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            raise CommandError("docs/openapi.json is out of date: run make openapi.")
