"""The adapters that dbt keeps for the whole process; one run has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

from dbt_runner.engine import databricks


def current() -> Any:
    """The adapter that dbt has made last."""
    return next(iter(_all()))


def cancel_queries() -> None:
    """Cancel what is open; may be called from any thread."""
    for adapter in _all():
        if adapter.type() == "databricks" and databricks.cancel(adapter):
            continue
        if adapter.is_cancelable():
            list(adapter.cancel_open_connections())


def drop(
    schemas: Iterable[tuple[str, str]], names: frozenset[str], enough: Callable[[], bool]
) -> Iterator[str]:
    """Drop relations, as dbt drops its own; yield the name of each that was there and is gone.

    Args:
        schemas: (catalog, schema) of where to look; one that is not there holds nothing.
        names: of the relations, `catalog.schema.name` in lower case.
        enough: asked before each; what is left then stays.
    """
    adapter = current()
    with adapter.connection_named("prune"):
        for catalog, schema in schemas:
            for relation in adapter.list_relations(catalog, schema):
                name = f"{catalog}.{schema}.{relation.identifier}".lower()
                if enough():
                    return
                if name in names:
                    adapter.drop_relation(relation)
                    if adapter.connections.get_thread_connection().transaction_open:
                        # begun by the look at the schema, and rolled back without this
                        adapter.commit_if_has_connection()
                    yield name


def disconnect() -> None:
    """Close all connections; dbt-duckdb else holds its file as long as the process lives."""
    for adapter in _all():
        adapter.cleanup_connections()
        close_all = getattr(adapter.connections, "close_all_connections", None)
        if close_all:
            close_all()
        if adapter.type() == "databricks":
            databricks.go_on()


def _all() -> list[Any]:
    return list(import_module("dbt.adapters.factory").FACTORY.adapters.values())
