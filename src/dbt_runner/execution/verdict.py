"""How a run ended: the status and the exit code, from everything that is known of it."""

from __future__ import annotations

from dbt_runner.engine.events import Status
from dbt_runner.errors import (
    BusyError,
    DbtError,
    NothingSelected,
    NotPublished,
    RunnerError,
    TransientError,
)
from dbt_runner.execution.assignment import Assignment
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.results import Results
from dbt_runner.execution.summary import MAX_FAILED, Summary, failure
from dbt_runner.execution.workspace import Workspace
from dbt_runner.redaction import without
from dbt_runner.warehouse.diagnosis import Diagnosis, Sort, diagnose

_EXIT_CODES = {Sort.TRANSIENT: TransientError.exit_code, Sort.BUSY: BusyError.exit_code}


def count(summary: Summary, results: Results, assignment: Assignment, workspace: Workspace) -> None:
    """Write the nodes' statuses, and the nodes that are not green, into the summary."""
    if results.has_plan:
        summary.nodes = results.counts()
        summary.carried = sum(record.carried for record in results.records())
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
    secrets: frozenset[str],
) -> None:
    """Write status, exit code and error into a counted summary.

    A wish to end the run comes first: what failed after it is its consequence. Then a fault, since
    nodes without a result say nothing about the data. A run is green only if all of it is.

    Args:
        fault: what stopped the run, where it is no node's failure.
        secrets: what must not be told.
    """
    nodes = summary.nodes or {}
    if cancellation.status:
        summary.status, summary.exit_code = cancellation.status, cancellation.exit_code
        summary.error = f"{cancellation.status} by {cancellation.cause}"
    elif fault is not None:
        summary.status, summary.exit_code = "error", _exit_code(fault)
        summary.error = without(str(fault), secrets) or type(fault).__name__
        diagnosis = _diagnosis(fault)
        if diagnosis and diagnosis.sort is not Sort.MODEL:
            summary.error = f"{summary.error}; {diagnosis.hint}"
    elif nodes.get("total", 0) == 0 and assignment.empty_selection == "error":
        summary.status, summary.exit_code = "error", NothingSelected.exit_code
        summary.error = "nothing selected: the run has no node to work on"
    elif results.failed():
        summary.status, summary.exit_code = "failed", 1
        passing = _passing(results)
        if passing is not None:
            summary.status, summary.exit_code = "error", passing
    elif assignment.settings.warnings == "error" and (nodes.get("warn") or summary.warnings):
        summary.status, summary.exit_code = "failed", 1
        summary.error = (
            f"{nodes.get('warn', 0)} nodes and {summary.warnings} messages of dbt warned, and "
            "warnings=error"
        )


def lose_artifacts(summary: Summary, reason: str) -> None:
    """Note that the artifacts could not be stored; a run that was green is not any more."""
    summary.artifacts, summary.lost = None, reason
    if summary.exit_code == 0:
        summary.status = "error"
        summary.exit_code = NotPublished.exit_code
        summary.error = reason


def _passing(results: Results) -> int | None:
    """The exit code if all that failed goes away by itself; `None` if anything else failed."""
    broken = [r for r in results.failed() if r.status in {Status.ERROR, Status.FAIL}]
    sorts = {record.diagnosis.sort if record.diagnosis else None for record in broken}
    if not sorts or not sorts <= {Sort.TRANSIENT, Sort.BUSY}:
        return None
    return _EXIT_CODES[Sort.BUSY if sorts == {Sort.BUSY} else Sort.TRANSIENT]


def _diagnosis(fault: BaseException) -> Diagnosis | None:
    """The sort of a fault of dbt or of a driver under it.

    Ours know their exit codes, and what a file or a pipe of this machine refuses is no matter of
    the database.
    """
    ours = isinstance(fault, RunnerError) and type(fault) is not DbtError
    local = isinstance(fault, PermissionError | BrokenPipeError) or (
        isinstance(fault, OSError) and fault.filename is not None
    )
    return None if ours or local else diagnose(str(fault))


def _exit_code(fault: BaseException) -> int:
    diagnosis = _diagnosis(fault)
    if diagnosis and diagnosis.sort in _EXIT_CODES:
        return _EXIT_CODES[diagnosis.sort]
    return fault.exit_code if isinstance(fault, RunnerError) else DbtError.exit_code
