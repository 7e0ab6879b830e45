"""How a run ended: the status and the exit code, from everything that is known of it."""

from __future__ import annotations

import os

from dbt_runner.engine.events import Status
from dbt_runner.errors import BusyError, DbtError, NothingSelected, NotPublished, RunnerError
from dbt_runner.execution.assignment import Assignment
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.results import Results
from dbt_runner.execution.summary import MAX_FAILED, Summary, failure
from dbt_runner.execution.workspace import Workspace
from dbt_runner.redaction import secrets_of, without
from dbt_runner.warehouse import duckdb


def count(summary: Summary, results: Results, assignment: Assignment, workspace: Workspace) -> None:
    """Write the nodes' statuses, and the nodes that are not green, into the summary."""
    if results.has_plan:
        summary.nodes = results.counts()
    told = [record for record in results.failed() if record.status is not Status.NOT_STARTED]
    for record in told[:MAX_FAILED]:
        compiled = None
        if record.compiled:
            folder = workspace.command(record.command, assignment.commands[record.command])
            compiled = str(folder.relative_to(workspace.folder) / record.compiled)
        summary.failed.append(failure(record, compiled))


def judge(
    summary: Summary,
    results: Results,
    assignment: Assignment,
    cancellation: Cancellation,
    fault: BaseException | None,
) -> None:
    """Write status, exit code and error into a counted summary.

    A wish to end the run comes first: what failed after it is its consequence. Then a fault, since
    nodes without a result say nothing about the data. A run is green only if all of it is.

    Args:
        fault: what stopped the run, where it is no node's failure.
    """
    nodes = summary.nodes or {}
    if cancellation.status:
        summary.status, summary.exit_code = cancellation.status, cancellation.exit_code
        summary.error = f"{cancellation.status} by {cancellation.cause}"
    elif fault is not None:
        summary.status, summary.exit_code = "error", _exit_code(fault)
        secrets = secrets_of(os.environ, assignment.connection.environment)
        summary.error = without(str(fault), secrets) or type(fault).__name__
    elif nodes.get("total", 0) == 0 and assignment.empty_selection == "error":
        summary.status, summary.exit_code = "error", NothingSelected.exit_code
        summary.error = "nothing selected: the run has no node to work on"
    elif results.failed():
        summary.status, summary.exit_code = "failed", 1
        if any(duckdb.is_busy(item["message"] or "") for item in summary.failed[:1]):
            summary.status, summary.exit_code = "error", BusyError.exit_code
    elif assignment.settings.warnings == "error" and (nodes.get("warn") or summary.warnings):
        summary.status, summary.exit_code = "failed", 1
        summary.error = (
            f"{nodes.get('warn', 0)} nodes and {summary.warnings} messages of dbt warned, and "
            "warnings=error"
        )


def lose_artifacts(summary: Summary, reason: str) -> None:
    """Note that the artifacts could not be stored; a run that was green is not any more."""
    summary.artifacts = None
    if summary.exit_code == 0:
        summary.status = "error"
        summary.exit_code = NotPublished.exit_code
        summary.error = reason


def _exit_code(fault: BaseException) -> int:
    if duckdb.is_busy(str(fault)):
        return BusyError.exit_code
    return fault.exit_code if isinstance(fault, RunnerError) else DbtError.exit_code
