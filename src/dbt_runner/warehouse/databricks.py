"""Databricks: a target of `runner.yml` as dbt is told about it, without a secret."""

from __future__ import annotations

from dbt_runner.errors import SettingsError
from dbt_runner.places import WAREHOUSE_KEYS, Target
from dbt_runner.policy import FILE_NAME
from dbt_runner.settings import Settings
from dbt_runner.warehouse.connection import Address, Connection

# no names of dbt's own: DBT_HOST is the address of `dbt docs serve`
HOST = "DBT_DATABRICKS_HOST"
HTTP_PATH = "DBT_DATABRICKS_HTTP_PATH"
TOKEN = "DBT_ENV_SECRET_DATABRICKS_TOKEN"  # noqa: S105 - a variable's name, hidden by dbt
QUERY_TAGS = "DBT_DATABRICKS_QUERY_TAGS"


def connection(profile: str, settings: Settings, place: Target) -> Connection:
    """Describe a SQL warehouse to dbt; what is known only at run time stands there by reference.

    A setting names another warehouse than `runner.yml` does, whichever way either is named.

    Raises:
        SettingsError: no warehouse is named, or more than one.
    """
    given = {name: getattr(settings, name) for name in WAREHOUSE_KEYS}
    named = {name: value for name, value in given.items() if value}
    if len(named) > 1:
        msg = f"{' and '.join(named)}: name the same thing; give one of them"
        raise SettingsError(msg)
    if not named:
        named = {name: value for name in WAREHOUSE_KEYS if (value := getattr(place, name))}
    if not named:
        msg = (
            f"warehouse: the target {settings.target} names none; give one of "
            f"{', '.join(WAREHOUSE_KEYS)}, or add it to the target in {FILE_NAME}"
        )
        raise SettingsError(msg)
    catalog = settings.catalog or place.catalog
    schema = settings.target_schema or place.target_schema
    output = {
        "type": "databricks",
        "host": _reference(HOST),
        "http_path": _reference(HTTP_PATH),
        "token": _reference(TOKEN),
        "catalog": catalog,
        "schema": schema,
        "query_tags": _reference(QUERY_TAGS),
        # the same for every run, since dbt parses all anew when it changes
        "session_properties": {"statement_timeout": str(place.statement_timeout)},
        "connection_parameters": {
            # a statement that was committed before its answer got lost is not sent again
            # (dbt-databricks issue 1315, pull request 1363)
            "_respect_server_retry_after_header": True,
            "enable_telemetry": False,
            # the connector waits this long at least, however soon the server lets it come again
            # (databricks-sql-connector 4.4, `auth/retry.py`, `sleep_for_retry`); so shorter waits
            # than its 60 s, and more of them
            "_retry_delay_max": 5,
            "_retry_stop_after_attempts_count": 60,
            **place.connection_parameters,
        },
    }
    address = Address(host=settings.host or place.host, **named)
    return Connection(profile, settings.target, catalog, schema, output=output, address=address)


def _reference(variable: str) -> str:
    return f"{{{{ env_var('{variable}') }}}}"
