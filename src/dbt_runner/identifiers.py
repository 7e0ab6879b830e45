"""Names of schemas, catalogs, warehouses and hosts: the form in which a name may be used."""

from __future__ import annotations

import re

_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_HTTP_PATH = re.compile(
    r"/sql/(1\.0/(warehouses|endpoints)/[A-Za-z0-9]+|protocolv1/o/[0-9]+/[A-Za-z0-9_-]+)(\?o=[0-9]+)?",
    re.ASCII,
)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)
_PLAIN = ("http", True)
"""Plain HTTP, on loopback."""

_CATALOG = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}", re.ASCII)

RESERVED_SCHEMAS = frozenset({"information_schema", "pg_catalog", "sys", "system", "global_temp"})
"""Schemas that belong to an engine (DuckDB, Spark, Databricks)."""

EMPTY_VALUES = frozenset({"null", "none", "nil", "undefined", "nan", "true", "false"})
"""What a template or a script writes when it had no name to write."""


def schema_name(value: str) -> str:
    """Check the name of a schema and fold it to lower case, as Unity Catalog stores it.

    dbt quotes a schema's name but does not escape it, so a quote in it ends the identifier and
    the rest runs as SQL; hence letters, digits and underscores only.

    Raises:
        ValueError: the name has another form, belongs to the engine, or is no name.
    """
    if not _SCHEMA.fullmatch(value):
        msg = (
            "must begin with a letter or underscore and hold only ASCII letters, digits and "
            "underscores, 128 at most"
        )
        raise ValueError(msg)
    name = value.lower()
    if name in RESERVED_SCHEMAS:
        msg = "is a schema of the engine itself; choose another"
        raise ValueError(msg)
    if name in EMPTY_VALUES:
        msg = "looks like a value that was never filled in; give a schema's name"
        raise ValueError(msg)
    return name


def catalog_name(value: str) -> str:
    """Check the name of a catalog and fold it to lower case, as Unity Catalog stores it.

    On DuckDB it is the name of the database file, without its suffix.

    Raises:
        ValueError: the name has another form.
    """
    if not _CATALOG.fullmatch(value) or value.lower() in EMPTY_VALUES:
        msg = (
            "must begin with a letter or underscore and hold only ASCII letters, digits, "
            "underscores and hyphens, 128 at most"
        )
        raise ValueError(msg)
    return value.lower()


def warehouse_name(value: str) -> str:
    """Check the name of a SQL warehouse: it reaches the workspace's API, and messages.

    Raises:
        ValueError: the name has another form.
    """
    if not value or not value.isprintable() or value != value.strip() or len(value) > 255:
        msg = "must be a warehouse's name, printable, without blanks around it, 255 at most"
        raise ValueError(msg)
    return value


def http_path(value: str) -> str:
    """Check the HTTP path of a SQL warehouse or a cluster, and give it without a `/` at its end.

    Raises:
        ValueError: the path has another form than those of Databricks (docs, "Connection details").
    """
    path = f"/{value.strip('/')}"
    if not _HTTP_PATH.fullmatch(path):
        msg = "must be /sql/1.0/warehouses/<id>, or sql/protocolv1/o/<workspace>/<cluster>"
        raise ValueError(msg)
    return path


def host_name(value: str) -> str:
    """Check the host of a workspace, and give it bare: without a scheme or a `/`.

    Raises:
        ValueError: it is no host's name, or plain HTTP to another machine.
    """
    # a letter beyond ASCII may fold into one
    scheme, _, rest = (value.lower() if value.isascii() else "").rpartition("://")
    host = rest.rstrip("/")
    loopback = host.partition(":")[0] in {"localhost", "127.0.0.1"}
    if not _HOST.fullmatch(host) or not (scheme in {"", "https"} or (scheme, loopback) == _PLAIN):
        msg = "must be a workspace's host such as adb-123.4.azuredatabricks.net, over https"
        raise ValueError(msg)
    return host
