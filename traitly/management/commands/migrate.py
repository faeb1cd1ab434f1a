"""``manage.py migrate``: Django's migrate, one at a time per database; it also sets the role's timeouts."""

import time
from contextlib import suppress
from typing import Any

from django.core.management.commands import migrate
from django.db import DatabaseError, connections

from traitly.db.timeouts import set_timeouts
from traitly.db.web_role import grant_to_web_role

_LOCK = "hashtext('traitly.migrate')"
_ASK_SECONDS = 0.2


class Command(migrate.Command):
    """If several servers migrated at the same time, all but one would fail."""

    def get_check_kwargs(self, options: Any) -> Any:
        """All system checks except those of the database, which this command fixes."""
        return {**super().get_check_kwargs(options), "databases": []}

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait until no other process migrates this database, migrate, and set up the roles."""
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            self._wait_for_others(cursor, options["verbosity"])
            cursor.execute("SET statement_timeout = 0")  # building an index may take long
        try:
            super().handle(*args, **options)
            set_timeouts()
            grant_to_web_role()
        finally:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute(f"RESET statement_timeout; SELECT pg_advisory_unlock({_LOCK})")

    def _wait_for_others(self, cursor: Any, verbosity: int) -> None:
        # Polled: CREATE INDEX CONCURRENTLY would wait for a statement that waits for the lock.
        told = False
        while True:
            cursor.execute(f"SELECT pg_try_advisory_lock({_LOCK})")
            if cursor.fetchone()[0]:
                return
            if verbosity and not told:
                self.stdout.write("Another process is migrating this database. Waiting for it.")
                told = True
            time.sleep(_ASK_SECONDS)
