"""The profile that a project is parsed with where there is no database, and nobody to log in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt_runner.warehouse import databricks

_REFERENCE = re.compile(r"env_var\(\s*['\"](\w+)['\"]", re.ASCII)


def filled(
    output: Mapping[str, Any], catalog: str, schema: str, host: str, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    """A target's entry for `profiles.yml` under other names; a parse connects to nothing.

    Args:
        output: as a run has it.
        host: stands for host, warehouse and token.
        folder: where a DuckDB file would lie.

    Returns:
        The entry, and the variables that it still refers to.
    """
    entry = dict(output)
    entry["schema"] = schema
    if "path" in entry:
        entry["path"] = str(folder / f"{catalog}.duckdb")
    if "catalog" in entry:
        entry["catalog"] = catalog
    own = {
        databricks.HOST: f"{host}.cloud.example",
        databricks.HTTP_PATH: f"/sql/1.0/warehouses/{host}",
        databricks.TOKEN: f"{host}-token",
        databricks.QUERY_TAGS: "",
    }
    for name, value in entry.items():
        found = _REFERENCE.search(value) if isinstance(value, str) else None
        if found and found[1] in own:
            entry[name] = own[found[1]]
    rest = dict.fromkeys(_references(entry), host)
    return entry, rest


def _references(value: object) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*map(_references, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(_references, value)) if value else set()
    return set(_REFERENCE.findall(value)) if isinstance(value, str) else set()
