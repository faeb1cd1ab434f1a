"""Django's PostgreSQL backend on the embedded server: ENGINE "traitly.postgres", OPTIONS {"data_dir": a folder}.

The server is started by the first connection of a process, not when Django starts: commands that
need no database run without it.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base, client
from django.db.utils import OperationalError

try:
    from traitly.postgres import roles, server

    PSQL = str(server.program("psql"))
except ImportError as error:  # fcntl
    message = "The embedded PostgreSQL does not run on Windows: set DATABASE_URL to a PostgreSQL of your own."
    raise ImproperlyConfigured(message) from error
except server.ServerError as error:
    raise ImproperlyConfigured(str(error)) from error


def _ensure_running(data_dir: Path | str) -> Path:
    try:
        return server.ensure_running(Path(data_dir))
    except server.ServerError as error:
        raise OperationalError(str(error)) from error


# Also right in a forked child, which shares its parent's lock as a user of the server.
_first_use = cache(_ensure_running)


def _server_params(data_dir: Path | str) -> dict[str, str]:
    return {"host": str(_first_use(data_dir)), "port": str(server.PORT), "user": roles.USER}


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell`, with the wheel's psql."""

    executable_name = PSQL

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """Start the server if necessary, and return psql's command line."""
        params = _server_params(settings_dict["OPTIONS"]["data_dir"])
        settings = settings_dict | {name.upper(): value for name, value in params.items()}
        return super().settings_to_cmd_args_env(settings, parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded server."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Start the server if necessary, and return psycopg2's parameters."""
        params: dict[str, Any] = super().get_connection_params()
        data_dir = params.pop("data_dir")
        return params | _server_params(data_dir)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect. The server may have died since this process first used it: start it again and try once more."""
        try:
            return super().get_new_connection(conn_params)
        except psycopg2.OperationalError:
            _ensure_running(self.settings_dict["OPTIONS"]["data_dir"])
            return super().get_new_connection(conn_params)
