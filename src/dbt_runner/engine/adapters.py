"""The adapters that dbt keeps for the whole process; one run has one."""

from __future__ import annotations

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
