"""What a run tells the later tasks of its job."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dbt_runner.jobs import task_values

FAILED = {
    "attempt": "a1",
    "status": "failed",
    "nodes": {"total": 6, "success": 1, "error": 2, "fail": 1, "skipped": 2},
}


class Recorder:
    """A `dbutils` that remembers, or refuses, what it is told."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.told: dict[str, Any] = {}
        self._fault = fault
        self.jobs = SimpleNamespace(taskValues=self)

    def set(self, key: str, value: Any) -> None:
        """As `dbutils.jobs.taskValues.set`."""
        if self._fault:
            raise self._fault
        self.told[key] = value


def publish(summary: dict[str, Any], found: Any) -> list[tuple[str, dict[str, Any]]]:
    """Publish with a `dbutils`; what was noticed."""
    notices: list[tuple[str, dict[str, Any]]] = []
    task_values.publish(summary, lambda event, **facts: notices.append((event, facts)), found)
    return notices


def test_status_and_failures_are_told() -> None:
    """A later task reads the status, the number of nodes that failed themselves, and the run."""
    recorder = Recorder()
    assert publish(FAILED, lambda: recorder) == []
    assert recorder.told == {"status": "failed", "failed_count": 3, "run": "a1"}
    assert all(len(json.dumps(value)) < task_values.MAX_BYTES for value in recorder.told.values())


def test_run_without_a_plan() -> None:
    """A run that ended before there was a plan has no failed nodes to count."""
    assert task_values.values({**FAILED, "nodes": None})["failed_count"] == 0


def test_no_runtime_no_word() -> None:
    """Without a runtime nothing is set, and nothing said."""
    assert publish(FAILED, lambda: None) == []


def test_refusal_is_one_notice() -> None:
    """A runtime that refuses does not fail the run: one line tells why."""
    recorder = Recorder(PermissionError("not in\na job"))
    [(event, facts)] = publish(FAILED, lambda: recorder)
    assert event == "task_values.not_set"
    assert facts == {"level": "info", "reason": "PermissionError: not in a job"}


def test_value_beyond_the_limit_is_left_out() -> None:
    """Databricks takes no value above 48 KiB, and the others are set all the same."""
    recorder = Recorder()
    assert publish({**FAILED, "status": "x" * 50_000}, lambda: recorder) == []
    assert recorder.told == {"failed_count": 3, "run": "a1"}


def test_nothing_is_imported_for_it_off_the_platform() -> None:
    """Where there is no runtime, looking for one imports nothing."""
    before = set(sys.modules)
    assert task_values.find_dbutils() is None
    assert set(sys.modules) == before


def test_notebook_has_it_in_its_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver's IPython knows it by name."""
    recorder = Recorder()
    shell = SimpleNamespace(user_ns={"dbutils": recorder})
    module = ModuleType("IPython")
    module.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)
    assert task_values.find_dbutils() is recorder
    monkeypatch.setattr(shell, "user_ns", {})
    assert task_values.find_dbutils() is None


def test_active_session_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyspark is at work already, its session makes one."""
    pyspark, sql, dbutils = (
        ModuleType(name) for name in ("pyspark", "pyspark.sql", "pyspark.dbutils")
    )
    dbutils.__spec__ = SimpleNamespace(name="pyspark.dbutils")  # type: ignore[assignment]
    dbutils.DBUtils = lambda session: ("made for", session)  # type: ignore[attr-defined]
    sql.SparkSession = SimpleNamespace(  # type: ignore[attr-defined]
        getActiveSession=lambda: "session"
    )
    for module in (pyspark, sql, dbutils):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    assert task_values.find_dbutils() == ("made for", "session")
    sql.SparkSession.getActiveSession = lambda: None
    assert task_values.find_dbutils() is None
