"""Who may connect to the embedded server, and as whom.

The application is the role `traitly`: it owns its database and may make others (for tests), but is
no superuser, so a statement that an attacker got in could neither read files nor run programs. The
kernel says which user of the system a connection comes from (peer): only those who made the data
folder, and root, are let in. In particular nobody is let in for being the system's user `postgres`,
as whom the server runs when root starts it.
"""

import pwd
from collections.abc import Iterable
from contextlib import suppress

USER = "traitly"
DATABASE = "traitly"
SUPERUSER = "postgres"  # for administrators: psql --username=postgres

HBA = "local all all peer map=traitly\n"

# Run in single-user mode, where each line is a statement. They can run again, and take over
# databases of versions in which the application was the superuser.
_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{USER}') THEN CREATE ROLE {USER} LOGIN CREATEDB; END IF;
END $$
"""
# pg_monitor: event stats wait for the oldest writing transaction, whoever owns it
# (pg_stat_activity).
_GRANT = f"GRANT pg_monitor TO {USER}"
_DATABASES = f"""
DO $$ DECLARE owned record; BEGIN
    FOR owned IN SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' LOOP
        EXECUTE format('ALTER DATABASE %I OWNER TO {USER}', owned.datname);
    END LOOP;
END $$
"""
_TABLES = f"""
DO $$ DECLARE owned record; BEGIN
    FOR owned IN
        SELECT oid::regclass AS name FROM pg_class
        WHERE relowner = '{SUPERUSER}'::regrole AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            AND relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
            AND NOT EXISTS (
                SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                    AND (deptype = 'e' OR relkind = 'S' AND deptype IN ('a', 'i'))
            )
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO {USER}', owned.name);
    END LOOP;
END $$
"""
ADOPTION = {
    database: "".join(" ".join(statement.split()) + "\n" for statement in statements)
    for database, statements in (("postgres", (_ROLE, _GRANT, _DATABASES)), (DATABASE, (_TABLES,)))
}


def ident(uids: Iterable[int]) -> str:
    """Return a pg_ident.conf that lets these system users in."""
    names = []
    for uid in sorted(uids):
        with suppress(KeyError):  # a user without a name, whom PostgreSQL could not identify either
            names.append(pwd.getpwuid(uid).pw_name)
    return "".join(f'traitly "{name}" {role}\n' for name in names for role in (USER, SUPERUSER))
