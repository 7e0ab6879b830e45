"""What a run writes, as the places that only one run at a time may write."""

from __future__ import annotations

import os
from collections.abc import Collection

from dbt_runner.store.leases import Place

IN_MEMORY = ":memory:"
IN_A_CLOUD = ("md:", "motherduck:")


def places(relations: Collection[tuple[str, str]], kind: str, file: str | None) -> frozenset[Place]:
    """The places that hold relations.

    Catalog and schema say where something is written, whatever project and target it is for. A
    DuckDB file is one place, since it lets one process in at a time, whatever that does; and its
    catalog is only called after it.

    Args:
        relations: (catalog, schema) of everything that is written.
        kind: of the database, such as `databricks`.
        file: path of the database file, where it is one.
    """
    if not relations or (kind == "duckdb" and file == IN_MEMORY):
        # what is in memory nobody else ever sees
        return frozenset()
    if kind == "duckdb" and file and not file.startswith(IN_A_CLOUD):
        path = os.path.realpath(file)
        return frozenset({Place((kind, path), path)})
    return frozenset(
        Place((kind, catalog.lower(), schema.lower()), f"{catalog}.{schema}")
        for catalog, schema in relations
    )
