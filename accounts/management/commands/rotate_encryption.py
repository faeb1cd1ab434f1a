"""``manage.py rotate_encryption``: after a new first key was put into API_KEY_ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.services import rotate_encryption


class Command(BaseCommand):
    """Prints how many secrets are under the first encryption key now; then the others may be taken out of the setting."""

    help = (
        "Encrypt every API key and second factor again, with the first key of API_KEY_ENCRYPTION_KEYS. "
        "The keys and factors themselves do not change."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Encrypt them again; fail if some cannot be read."""
        rotated, unreadable = rotate_encryption()
        self.stdout.write(
            f"Encrypted {rotated} API keys and second factors with the first key of API_KEY_ENCRYPTION_KEYS."
        )
        if unreadable:
            raise CommandError(
                f"{unreadable} API keys or second factors were encrypted with a key that is not in the setting. These "
                "API keys still work but cannot be shown to their owners; these second factors let nobody in. Add the "
                "key to the end of the setting and run this again."
            )
