"""``manage.py migrate``: Django's own, one at a time for a database, and with the role's timeouts set."""

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
    """Several servers that start at once would else make the same tables at once, and all but one would fail."""

    def get_check_kwargs(self, options: Any) -> Any:
        """All system checks but those that ask the database: what they find, this command mends."""
        return {**super().get_check_kwargs(options), "databases": []}

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait until no other process migrates this database, migrate, and see to the roles."""
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            self._wait_for_others(cursor, options["verbosity"])
            cursor.execute("SET statement_timeout = 0")  # to build an index takes as long as it takes
        try:
            super().handle(*args, **options)
            set_timeouts()
            grant_to_web_role()
        finally:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute(f"RESET statement_timeout; SELECT pg_advisory_unlock({_LOCK})")

    def _wait_for_others(self, cursor: Any, verbosity: int) -> None:
        # Asked for again and again: CREATE INDEX CONCURRENTLY would wait for a statement that waits for the lock.
        told = False
        while True:
            cursor.execute(f"SELECT pg_try_advisory_lock({_LOCK})")
            if cursor.fetchone()[0]:
                return
            if verbosity and not told:
                self.stdout.write("Another process is migrating this database. Waiting for it.")
                told = True
            time.sleep(_ASK_SECONDS)
