"""System checks with ids: problems that would otherwise surface at run time stop the start."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from traitly.db import timeouts


@register(Tags.security)
def encryption_keys(**_: Any) -> Sequence[CheckMessage]:
    """Check that ``API_KEY_ENCRYPTION_KEYS`` holds Fernet keys."""
    for position, key in enumerate(settings.API_KEY_ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            return [
                checks.Error(
                    f"Key {position} of API_KEY_ENCRYPTION_KEYS is not a Fernet key.",
                    hint="Make one: python -c 'from cryptography.fernet import Fernet; "
                    "print(Fernet.generate_key().decode())'",
                    id="traitly.E001",
                )
            ]
    return []


@register(Tags.security, deploy=True)
def any_host(**_: Any) -> Sequence[CheckMessage]:
    """Warn about a wildcard host: it lets a forged Host header choose the links in responses and mails."""
    if "*" in settings.ALLOWED_HOSTS:
        return [
            checks.Warning(
                "ALLOWED_HOSTS has '*'.",
                hint="List the host names that you serve.",
                id="traitly.W001",
            )
        ]
    return []


@register(Tags.database)
def statement_timeouts(databases: Sequence[str] | None = None, **_: Any) -> Sequence[CheckMessage]:
    """Check that the connecting role has the timeouts of the settings. Queries the database: ``check --database default``."""
    if not databases:
        return []
    found = timeouts.found()
    wrong = [
        f"{name} is {found[name]} ms instead of {milliseconds} ms"
        for name, milliseconds in timeouts.wanted().items()
        if found[name] != milliseconds
    ]
    if not wrong:
        return []
    return [
        checks.Warning(
            f"For the role of DATABASE_URL {' and '.join(wrong)}.",
            hint="manage.py migrate sets them for the role that migrates, a server that starts for its own.",
            id="traitly.W002",
        )
    ]
