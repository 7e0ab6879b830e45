"""Names of schemas and catalogs: the form in which a name may reach SQL."""

from __future__ import annotations

import re

_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
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
