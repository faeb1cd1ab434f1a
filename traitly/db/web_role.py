"""The role with which the web server and the worker connect so that they do not own the tables (WEB_DATABASE_ROLE).

It reads and writes rows, and can neither alter nor drop a table, nor make a function: who finds a
way to run a statement of their own cannot leave anything behind that runs later. ``manage.py
migrate``, as the owner, gives it what it needs.
"""

from contextlib import suppress

from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from psycopg2 import sql

from traitly.db.timeouts import wanted

# UPDATE on sequences: traitly.db.clock sets one.
_GRANTS = """
GRANT CONNECT ON DATABASE {database} TO {role};
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role};
REVOKE CREATE ON SCHEMA public FROM {role}
"""
_STATS = "pg_read_all_stats"  # who writes in other databases is no reason to wait: traitly.db.clock


def grant_to_web_role() -> None:
    """Create the role that the settings name, if any, and grant it what it needs on every table.

    Creating it takes a superuser or CREATEROLE; otherwise an administrator creates it and grants it
    ``_STATS`` first.
    """
    role = settings.WEB_DATABASE_ROLE
    if not role:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_database(), EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role]
        )
        database, exists = cursor.fetchone()
        names = {"database": sql.Identifier(database), "role": sql.Identifier(role)}
        if not exists:
            cursor.execute(sql.SQL("CREATE ROLE {role} LOGIN").format(**names))
            cursor.execute(sql.SQL(f"GRANT {_STATS} TO {{role}}").format(**names))
        cursor.execute(sql.SQL(_GRANTS).format(**names))
    with (
        suppress(ProgrammingError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):  # where we may
        if settings.WEB_DATABASE_PASSWORD:
            password = sql.Literal(settings.WEB_DATABASE_PASSWORD)
            cursor.execute(
                sql.SQL("ALTER ROLE {role} PASSWORD {password}").format(**names, password=password)
            )
        # A server that starts sees to its own (traitly.db.timeouts). A pooler's sessions may be
        # there before that.
        for name, milliseconds in wanted().items():
            setting = sql.SQL(
                "ALTER ROLE {role} IN DATABASE {database} SET {name} = {milliseconds}"
            )
            literal = sql.Literal(milliseconds)
            cursor.execute(setting.format(**names, name=sql.Identifier(name), milliseconds=literal))
