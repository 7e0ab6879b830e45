"""Task values: what a run tells the later tasks of its job.

They can be read as `{{tasks.<task>.values.status}}`. Databricks documents them for notebooks alone;
whether a wheel task is offered them was not verified, so all of this is best effort.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

MAX_BYTES = 48 * 1024
"""Of a value as JSON (docs: task values)."""
_FAILED = ("error", "fail")


def values(summary: Mapping[str, Any]) -> dict[str, str | int]:
    """What is told of a run's summary: its status, how many nodes failed, its attempt."""
    nodes = summary.get("nodes") or {}
    return {
        "status": str(summary["status"]),
        "failed_count": sum(int(nodes.get(name, 0)) for name in _FAILED),
        "run": str(summary["attempt"]),
    }


def publish(
    summary: Mapping[str, Any],
    notice: Callable[..., None],
    find: Callable[[], Any] | None = None,
) -> None:
    """Set the task values, where there is a `dbutils`; never raises.

    Args:
        summary: as the log's last line tells it.
        notice: told once if they could not be set.
        find: finds `dbutils`, or nothing.
    """
    try:
        dbutils = (find or find_dbutils)()
        if dbutils is None:
            return
        for name, value in values(summary).items():
            if len(json.dumps(value).encode()) <= MAX_BYTES:
                dbutils.jobs.taskValues.set(key=name, value=value)
    except Exception as error:  # noqa: BLE001 - a runtime's own code; the run does not depend on it
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        notice("task_values.not_set", level="info", reason=reason)


def find_dbutils() -> Any:
    """The `dbutils` of a Databricks runtime, or `None`; nothing is imported elsewhere."""
    return _of_notebook() or _of_spark() or _of_runtime()


def _of_notebook() -> Any:
    """The one that a driver's IPython has."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell.user_ns.get("dbutils") if shell is not None else None


def _of_spark() -> Any:
    """One for the session at work; the open source of pyspark has none."""
    spark = sys.modules.get("pyspark.sql")
    session = spark.SparkSession.getActiveSession() if spark is not None else None
    if session is None or importlib.util.find_spec("pyspark.dbutils") is None:
        return None
    return importlib.import_module("pyspark.dbutils").DBUtils(session)


def _of_runtime() -> Any:
    """The SDK's; where no runtime is at work, its import needs a workspace, or starts one."""
    if "dbruntime" not in sys.modules:
        return None
    return importlib.import_module("databricks.sdk.runtime").dbutils
