"""The web server's own role does all that a server does, and cannot alter a table."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from django.conf import settings as configured
from django.db import ProgrammingError, connection, transaction
from psycopg2 import errors

from tests.client import Api
from tests.factories import a_customer, an_event, make_key
from traitly.db.clock import settle
from traitly.db.web_role import grant_to_web_role
from traitly.postgres import roles

ROLE = "traitly_web_tests"


def _as_superuser(*statements: str) -> None:
    parameters: dict[str, Any] = connection.get_connection_params()
    if not configured.DATABASE_URL:
        parameters["user"] = roles.SUPERUSER
    keep = {
        name: parameters[name]
        for name in ("host", "port", "user", "password", "dbname")
        if name in parameters
    }
    with closing(psycopg2.connect(**keep)) as other:
        other.autocommit = True
        with other.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@pytest.fixture
def web_role(settings, transactional_db: None) -> Iterator[None]:
    """The connection of the test acts as the role."""
    name = f"{ROLE}_{connection.settings_dict['NAME']}"
    settings.WEB_DATABASE_ROLE = name
    _as_superuser(
        f'DROP ROLE IF EXISTS "{name}"',
        f'CREATE ROLE "{name}" LOGIN',  # on Citus it logs in to the workers
        f'GRANT "{name}" TO CURRENT_USER',
        f'GRANT "{name}" TO "{connection.get_connection_params()["user"]}"',
    )
    grant_to_web_role()
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{name}"')
    yield
    connection.close()
    _as_superuser(f'DROP OWNED BY "{name}"', f'DROP ROLE "{name}"')


def test_it_does_all_that_the_api_does(web_role, acme):
    api = Api(make_key(acme).key)
    assert api.post("customer", a_customer("1")).status == 201
    assert api.post("event", [an_event("1", id="e"), {}]).status == 207
    assert api.get("customer").status == 200
    assert api.get("customer/1/event").status == 200
    assert api.patch("customer/1", {"plan": "Atom"}).status == 200
    assert api.delete("event/e").status == 200
    assert api.send("DELETE", "event", query={"customer_id": "1"}).status == 200
    assert api.delete("customer/1").status == 200
    assert settle()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE events_event ADD COLUMN more text",
        "DROP TABLE events_event",
        "TRUNCATE events_event",
        "CREATE TABLE public.left_behind (id int)",
        "CREATE FUNCTION public.left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM django_migrations",
    ],
)
def test_it_cannot_alter_the_schema(web_role, statement):
    with (
        pytest.raises(ProgrammingError) as failure,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert isinstance(failure.value.__cause__, errors.InsufficientPrivilege)
