"""The object that says how a run ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dbt_runner.engine.events import Status
from dbt_runner.engine.plan import Node
from dbt_runner.execution.results import Record
from dbt_runner.execution.summary import MAX_MESSAGE, Summary, failure

DOCUMENTED = [
    *("event", "attempt", "resume_key", "status", "exit_code", "run_type", "target", "catalog"),
    *("target_schema", "commands", "nodes", "failed", "warnings", "error", "resumed_from"),
    "carried",
    *("parse", "started_at", "elapsed_s", "timings_s", "versions", "artifacts", "lost"),
    "message",
]


def summary(**values: Any) -> Summary:
    """A summary of the run `a1`."""
    return Summary(**{"attempt": "a1", "run_type": "full", "target": "local", **values})


def failed(number: int) -> dict[str, str]:
    """A node that failed."""
    return {"unique_id": f"model.p.m{number}", "status": "error"}


def test_object_has_the_documented_keys() -> None:
    """Machines read this object, so its keys and their order are fixed."""
    found = summary().as_dict()
    assert list(found) == DOCUMENTED
    assert found["event"] == "run.finished"
    assert found["nodes"] is None
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param(
            {"nodes": {"total": 4, "success": 2, "pass": 1, "warn": 1}},
            "success: 4 of 4 nodes done",
            id="green",
        ),
        pytest.param(
            {
                "status": "failed",
                "exit_code": 1,
                "nodes": {"total": 3, "success": 1, "error": 1, "skipped": 1},
                "failed": [failed(1), {"unique_id": "model.p.m2", "status": "skipped"}],
            },
            "failed: 1 of 3 nodes done: model.p.m1 (error), model.p.m2 (skipped)",
            id="names-what-failed",
        ),
        pytest.param(
            {"status": "failed", "nodes": {"total": 12}, "failed": [failed(n) for n in range(12)]},
            "failed: 0 of 12 nodes done: "
            + ", ".join(f"model.p.m{n} (error)" for n in range(10))
            + " and 2 more",
            id="names-ten",
        ),
        pytest.param(
            {"status": "cancelled", "exit_code": 143, "error": "cancelled by signal SIGTERM"},
            "cancelled by signal SIGTERM",
            id="its-own-reason",
        ),
        pytest.param(
            {"status": "error", "exit_code": 2, "error": "dbt stopped"}, "dbt stopped", id="error"
        ),
        pytest.param(
            {"status": "error", "exit_code": 4, "error": "disk full"},
            "the data is written, but the artifacts are not stored: disk full",
            id="not-published",
        ),
        pytest.param({"status": "error"}, "error: 0 of 0 nodes done", id="no-plan"),
    ],
)
def test_sentence_says_how_it_ended(values: dict[str, Any], sentence: str) -> None:
    """One line tells the end and names the nodes that failed; machines need not rebuild it."""
    assert summary(**values).sentence() == sentence
    assert summary(**values).as_dict()["message"] == sentence


def test_failure_tells_where_to_look() -> None:
    """A failed node comes with dbt's message, cut, its file and its compiled SQL."""
    place = Node("model.p.a", "model", "a", "models/a.sql")
    record = Record(0, place, Status.ERROR, message="x" * 5000 + "\n")
    assert failure(record, "commands/01-build/a.sql") == {
        "unique_id": "model.p.a",
        "status": "error",
        "message": "x" * MAX_MESSAGE,
        "path": "models/a.sql",
        "compiled": "commands/01-build/a.sql",
    }


def test_failure_without_a_file_has_no_path() -> None:
    """A hook has no file, and may have no message."""
    record = Record(0, Node("operation.p.h", "operation", "h", ""), Status.FAIL, message="  ")
    assert failure(record, None) == {
        "unique_id": "operation.p.h",
        "status": "fail",
        "message": None,
    }
