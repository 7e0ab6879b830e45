"""Runs as the API tells them (docs: api/workspace/jobs/getrun)."""

from __future__ import annotations

from typing import Any

from jobs.server.runs import JobRun, Repair, TaskRun, kind_of

LISTS = ("tasks", "job_parameters", "repair_history", "iterations", "job_clusters")
"""The lists of a run that come in pages."""


def _page(run: JobRun, run_id: int) -> str:
    return f"https://bench.cloud.databricks.com/?o=1#job/{run.job_id}/run/{run_id}"


def job_run(run: JobRun) -> dict[str, Any]:
    """A job run with its tasks: every attempt at one is an entry of its own."""
    # first, so that a run that has ended tells when
    state = run.state.told()
    found = {
        **state,
        "job_id": run.job_id,
        "run_id": run.run_id,
        "job_run_id": run.run_id,
        "original_attempt_run_id": run.run_id,
        "number_in_job": run.run_id,
        "creator_user_name": "bench@example.com",
        "run_name": run.settings.get("name", "Untitled"),
        "run_type": "JOB_RUN" if run.job_id else "SUBMIT_RUN",
        "run_page_url": _page(run, run.run_id),
        "trigger": run.trigger,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "run_duration": max(0, run.end_time - run.start_time),
        "job_parameters": _parameters(run),
        "overriding_parameters": {
            name: value
            for name, value in run.request.items()
            if name.endswith("_params") and value and name != "job_parameters"
        },
        "tasks": [task_run(run, record) for record in run.records],
        "repair_history": [_repair(each) for each in run.passes] if run.repair_count else [],
    }
    if run.above:
        found["trigger_info"] = {"run_id": run.above}
    for name in ("job_clusters", "description"):
        if name in run.settings:
            found[name] = run.settings[name]
    return found


def task_run(run: JobRun, record: TaskRun) -> dict[str, Any]:
    """One attempt at a task."""
    working = record.working_time or record.end_time
    kind = kind_of(record.task)
    state = record.state.told()
    found = {
        **record.task,
        **state,
        "run_id": record.run_id,
        "attempt_number": record.attempt,
        "run_page_url": _page(run, record.run_id),
        "start_time": record.start_time,
        "end_time": record.end_time,
        "setup_duration": max(0, working - record.start_time),
        "execution_duration": max(0, record.end_time - working),
        "cleanup_duration": 0,
    }
    if kind == "condition_task":
        found[kind] = {**found[kind], **record.resolved}
        if record.outcome:
            found[kind]["outcome"] = record.outcome
    elif kind == "for_each_task":
        found[kind] = {**found[kind], "stats": {"task_run_stats": _statistics(record)}}
    elif record.resolved:
        found["resolved_values"] = {kind: record.resolved}
    return found


def _parameters(run: JobRun) -> list[dict[str, str]]:
    own = {item["name"]: item["default"] for item in run.settings.get("parameters", ())}
    return [
        {"name": name, **({"default": own[name]} if name in own else {}), "value": value}
        for name, value in run.parameters.items()
    ]


def _repair(each: Repair) -> dict[str, Any]:
    return {
        "type": each.kind,
        "id": each.repair_id,
        "start_time": each.start_time,
        "end_time": each.end_time,
        "task_run_ids": [record.run_id for record in each.records],
        **each.state.told(),
    }


def _statistics(record: TaskRun) -> dict[str, int]:
    ended = [each for each in record.iterations if each.state.is_done]
    green = [each for each in ended if each.state.result == "SUCCESS"]
    return {
        "total_iterations": len(record.iterations),
        "completed_iterations": len(ended),
        "succeeded_iterations": len(green),
        "failed_iterations": len(ended) - len(green),
        "active_iterations": len(record.iterations) - len(ended),
    }
