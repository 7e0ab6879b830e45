"""What a run's end means to whoever decides whether to start it again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from dbt_runner.engine.events import NodeFinished, Status
from dbt_runner.engine.plan import Node
from dbt_runner.errors import BusyError, DbtError, ProjectError
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.results import Results
from dbt_runner.execution.summary import Summary
from dbt_runner.execution.verdict import judge

if TYPE_CHECKING:
    from dbt_runner.execution.assignment import Assignment

GONE = "[Errno 104] Connection reset by peer"
BUSY = "[DELTA_CONCURRENT_APPEND] Transaction conflict detected. SQLSTATE: 2D521"
WRONG = "[UNRESOLVED_COLUMN] A column cannot be resolved. SQLSTATE: 42703"

End = tuple[Status, str | None]


def judged(
    *ends: End, fault: BaseException | None = None, cancellation: Cancellation | None = None
) -> Summary:
    """The summary of a run whose models ended like this."""
    results = Results()
    nodes = [Node(f"model.p.m{n}", "model", f"m{n}", f"models/m{n}.sql") for n in range(len(ends))]
    results.plan(0, nodes)
    results.begin(0)
    for node, (status, message) in zip(nodes, ends, strict=True):
        results.start(node.unique_id)
        results.finish(NodeFinished(node.unique_id, status, 0.1, message), final=True)
    settings = SimpleNamespace(warnings="ok")
    assignment = cast("Assignment", SimpleNamespace(empty_selection="error", settings=settings))
    summary = Summary(attempt="a1", run_type="full", target="local", nodes=results.counts())
    judge(summary, results, assignment, cancellation or Cancellation(), fault, frozenset())
    return summary


@pytest.mark.parametrize(
    ("ends", "status", "exit_code"),
    [
        pytest.param([(Status.SUCCESS, None)], "success", 0, id="green"),
        pytest.param([(Status.ERROR, GONE)], "error", 5, id="transient"),
        pytest.param([(Status.ERROR, BUSY)], "error", 6, id="busy"),
        pytest.param([(Status.ERROR, GONE), (Status.ERROR, BUSY)], "error", 5, id="both"),
        pytest.param([(Status.ERROR, GONE), (Status.SKIPPED, None)], "error", 5, id="skipped-too"),
        pytest.param([(Status.ERROR, GONE), (Status.ERROR, WRONG)], "failed", 1, id="one-lasts"),
        pytest.param([(Status.ERROR, BUSY), (Status.FAIL, None)], "failed", 1, id="no-message"),
        pytest.param([(Status.SKIPPED, None)], "failed", 1, id="nothing-broke"),
    ],
)
def test_failure_that_passes(ends: list[End], status: str, exit_code: int) -> None:
    """A run is worth another try only if all that failed in it goes away by itself."""
    found = judged(*ends)
    assert (found.status, found.exit_code) == (status, exit_code)


@pytest.mark.parametrize(
    ("fault", "exit_code"),
    [
        pytest.param(DbtError(GONE), 5, id="dbt-transient"),
        pytest.param(OSError(GONE), 5, id="driver-transient"),
        pytest.param(DbtError(BUSY), 6, id="dbt-busy"),
        pytest.param(PermissionError(13, "Permission denied", "/data"), 2, id="local-file"),
        pytest.param(BrokenPipeError(32, "Broken pipe"), 2, id="local-pipe"),
        pytest.param(BusyError("another run"), 6, id="ours-busy"),
        pytest.param(ProjectError(GONE), 2, id="ours-knows-its-code"),
        pytest.param(DbtError("parse error"), 2, id="dbt-lasting"),
    ],
)
def test_fault_that_passes(fault: BaseException, exit_code: int) -> None:
    """A fault of dbt or a driver is judged by its words, one of ours by its class."""
    found = judged((Status.SUCCESS, None), fault=fault)
    assert (found.status, found.exit_code) == ("error", exit_code)


def test_wish_to_end_comes_first() -> None:
    """What failed in passing after a signal does not make a cancelled run one to try again."""
    cancellation = Cancellation()
    cancellation.request("cancelled", 143, "signal SIGTERM")
    found = judged((Status.ERROR, GONE), fault=DbtError(GONE), cancellation=cancellation)
    assert (found.status, found.exit_code) == ("cancelled", 143)
