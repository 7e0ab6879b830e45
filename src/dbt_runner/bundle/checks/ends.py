"""How a job's run ends when one of its tasks fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.rules import Rule

# Docs: jobs, "run if". What handles failures runs, or is excluded, which counts as a success.
_HANDLES_FAILURES = frozenset({"ALL_DONE", "AT_LEAST_ONE_FAILED", "ALL_FAILED"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Look for tasks whose failure leaves the job green.

    A run is judged by its last tasks, those that no other waits for (docs: jobs, "run if": job run
    status).
    """
    for job in deployment.jobs.values():
        before = _before(job)
        last = set(before) - {name for names in before.values() for name in names}
        for task in job.steps:
            if task.kind == "condition_task" or task.key in last or task.key not in before:
                continue
            failed = _failed(job, task, before)
            if not failed & last:
                handlers = ", ".join(sorted(_after(task.key, before) & last))
                message = f"may fail and the job still ends green: its last tasks are {handlers}"
                yield finding(Rule.HIDDEN_FAILURE, job, message, task=task)


def _before(job: Job) -> dict[str, list[str]]:
    """Task → the tasks that it waits for; empty where they wait in a circle."""
    names = {
        task.key: [entry.at("task_key").text for entry in task.value.at("depends_on").elements()]
        for task in job.steps
    }
    known = {key: [name for name in found if name in names] for key, found in names.items()}
    return {} if any(key in _after(key, known) for key in known) else known


def _after(key: str, before: Mapping[str, list[str]]) -> set[str]:
    """The tasks that wait for one, themselves or through others."""
    found: set[str] = set()
    grew = True
    while grew:
        more = {
            name
            for name, names in before.items()
            if name not in found and ({key} | found) & set(names)
        }
        found |= more
        grew = bool(more)
    return found


def _failed(job: Job, task: Task, before: Mapping[str, list[str]]) -> set[str]:
    """The tasks that fail, or never run, when one fails and all others would succeed."""
    run_if = {step.key: step.value.at("run_if").text or "ALL_SUCCESS" for step in job.steps}
    known: dict[str, bool] = {task.key: True}

    def fails(key: str) -> bool:
        if key not in known:
            causes = [fails(name) for name in before[key]]
            enough = all if run_if[key] == "AT_LEAST_ONE_SUCCESS" else any
            known[key] = bool(causes) and run_if[key] not in _HANDLES_FAILURES and enough(causes)
        return known[key]

    return {key for key in before if fails(key)}
