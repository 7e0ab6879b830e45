"""When a task runs, and how a run is judged (docs: jobs/run-if)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobs.server.runs import TaskRun
from jobs.server.states import GREEN, State, never_executed

Conditions = dict[str, Callable[[list[bool]], bool]]

# over the results of dependencies: True for a success. Excluded ones count as successes.
_CONDITIONS: Conditions = {
    "ALL_SUCCESS": all,
    "AT_LEAST_ONE_SUCCESS": any,
    "NONE_FAILED": all,
    "ALL_DONE": lambda _: True,
    "AT_LEAST_ONE_FAILED": lambda green: not all(green),
    "ALL_FAILED": lambda green: not any(green),
}
_FOR_FAILURES = frozenset({"AT_LEAST_ONE_FAILED", "ALL_FAILED"})


def verdict(task: Mapping[str, Any], done: Mapping[str, TaskRun]) -> State | None:
    """The end of a task that does not run, or `None` for one that does.

    A task that handles failures is excluded where there is none; another one is upstream failed
    (or upstream cancelled) where its condition is not met. A task all of whose dependencies are
    excluded is excluded too, as is one that depends on the other outcome of a condition. A
    cancelled task counts as a failure for what comes after.

    Args:
        done: the ended tasks by their keys; a dependency that is not among them is no part of
            this run (run-now with `only`) and is not looked at.
    """
    needed = [
        (item, done[item["task_key"]])
        for item in task.get("depends_on", ())
        if item["task_key"] in done
    ]
    if not needed:
        return None
    results = [record.state.result for _, record in needed]
    if all(result == "EXCLUDED" for result in results):
        return never_executed("EXCLUDED", "all dependencies are excluded")
    for item, record in needed:
        other = item.get("outcome") not in (None, record.outcome)
        if other and record.state.result == "SUCCESS":
            return never_executed("EXCLUDED", f"{item['task_key']} is not {item['outcome']}")
    condition = task.get("run_if", "ALL_SUCCESS")
    if _CONDITIONS[condition]([result in GREEN for result in results]):
        return None
    if condition in _FOR_FAILURES:
        return never_executed("EXCLUDED", f"run_if {condition} is not met")
    failed = any(result in ("FAILED", "TIMEDOUT", "UPSTREAM_FAILED") for result in results)
    return never_executed(
        "UPSTREAM_FAILED" if failed else "UPSTREAM_CANCELED", f"run_if {condition} is not met"
    )


def judged(tasks: list[Mapping[str, Any]], done: Mapping[str, TaskRun]) -> tuple[str, str]:
    """Result of a run and its message: the leaves decide.

    All succeeded: success. Some task failed and no leaf did: success with failures. A leaf that
    did not succeed: failed. Excluded leaves count as successes.
    """
    inner = {item["task_key"] for task in tasks for item in task.get("depends_on", ())}
    red = [record for record in done.values() if record.state.result not in GREEN]
    if not red:
        return "SUCCESS", ""
    leaves = [record for record in red if record.key not in inner]
    if not leaves:
        return "SUCCESS_WITH_FAILURES", f"Task {red[0].key} failed, no leaf did"
    first = next((record for record in red if record.state.result == "FAILED"), leaves[0])
    return "FAILED", f"Task {first.key} failed with message: {first.state.message}."
