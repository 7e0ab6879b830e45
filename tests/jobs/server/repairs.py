"""Repairs (docs: api/workspace/jobs/repairrun, jobs/repair-job-failures)."""

from __future__ import annotations

from typing import Any

from jobs.server import parameters
from jobs.server.admission import begin
from jobs.server.errors import Refusal
from jobs.server.runs import JobRun, Repair
from jobs.server.selection import reach
from jobs.server.starts import children
from jobs.server.states import GREEN, State
from jobs.server.workspace import Workspace


def repair(workspace: Workspace, request: dict[str, Any]) -> Repair:
    """Run tasks of an ended run again, with the job's settings of today.

    Raises:
        Refusal: the run goes on, the last repair is not named, or tasks are not told in one way.
    """
    with workspace.starting:
        run = workspace.runs.get(request["run_id"])
        if not run.state.is_done:
            msg = f"Run {run.run_id} is not finished: it cannot be repaired"
            raise Refusal(msg, "INVALID_STATE")
        _check_latest(run, request.get("latest_repair_id"))
        if run.job_id:
            run.settings = workspace.jobs.get(run.job_id).settings
        undeclared = workspace.switches.accept_undeclared
        parameters.check(request, run.settings, undeclared=undeclared)
        keys = _keys(run, request)
        run.parameters = {
            **parameters.declared(run.settings),
            **(run.parameters if workspace.switches.repair_keeps_parameters else {}),
            **(request.get("job_parameters") or {}),
        }
        overrides = {name: request[name] for name in parameters.OVERRIDES if request.get(name)}
        run.request = {**run.request, **overrides}
        run.tasks = [
            task["task_key"]
            for task in run.settings["tasks"]
            if task["task_key"] in {*run.tasks, *keys}
        ]
        run.done.clear()
        run.stop.clear()
        run.state, run.end_time = State(), 0
        made = Repair("REPAIR")
        run.passes.append(made)
        begin(workspace, run, keys, children(workspace))
        return made


def _check_latest(run: JobRun, latest: int | None) -> None:
    """From the second repair on, the last one has to be named; the original run is none."""
    last = run.passes[-1].repair_id if run.repair_count else None
    if latest != last:
        msg = f"latest_repair_id must be {last}, not {latest}: the run was repaired meanwhile"
        raise Refusal(msg)


def _keys(run: JobRun, request: dict[str, Any]) -> set[str]:
    """Keys of the tasks that run again.

    All failed ones are those that did not succeed, "skipped" among them; excluded ones succeeded.
    """
    named, all_failed = request.get("rerun_tasks") or [], request.get("rerun_all_failed_tasks")
    if bool(named) == bool(all_failed):
        msg = "give one of rerun_tasks and rerun_all_failed_tasks"
        raise Refusal(msg)
    below: dict[str, list[str]] = {task["task_key"]: [] for task in run.settings["tasks"]}
    for task in run.settings["tasks"]:
        for item in task.get("depends_on", ()):
            below[item["task_key"]].append(task["task_key"])
    last = {record.key: record.state.result for record in run.records}
    found = set(named) or {key for key in below if last.get(key) not in GREEN}
    unknown = sorted(found - below.keys())
    if unknown:
        msg = f"rerun_tasks: there is no task {unknown[0]}"
        raise Refusal(msg)
    if request.get("rerun_dependent_tasks"):
        found |= {other for key in list(found) for other in reach(key, below)}
    return found
