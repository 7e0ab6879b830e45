"""The order of tasks within a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.nearest import nearest
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Value


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check depends_on of every task."""
    for job in deployment.jobs.values():
        counts = Counter(task.key for task in job.steps)
        yield from _unknown(job, counts)
        yield from _doubles(job, counts)
        yield from _circle(job)
        waits = any(task.value.has("depends_on") for task in job.steps)
        if job.level == "orchestrator" and len(job.steps) > 1 and not waits:
            message = f"starts its {len(job.steps)} tasks all at once"
            yield finding(Rule.NO_ORDER, job, message, place=job.value.at("tasks").place)


def _unknown(job: Job, counts: Counter[str]) -> Iterator[Finding]:
    if not job.tasks_known:
        return
    for task in job.steps:
        for name in _names(task):
            key = name.text
            if not key or "${" in key or counts[key] > (key == task.key):
                continue
            message = f"depends on {'itself' if key == task.key else key}, which is no other task"
            fix = nearest(key, (other for other in counts if other != task.key))
            yield finding(
                Rule.UNKNOWN_DEPENDENCY, job, message, task=task, place=name.place, fix=fix
            )


def _names(task: Task) -> list[Value]:
    return [entry.at("task_key") for entry in task.value.at("depends_on").elements()]


def _doubles(job: Job, counts: Counter[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for task in job.steps:
        if counts[task.key] > 1 and task.key in seen:
            message = "has the task_key of an earlier task; the bundle makes one task of both"
            yield finding(Rule.TASK_KEY_TWICE, job, message, task=task)
        seen.add(task.key)


def _circle(job: Job) -> Iterator[Finding]:
    try:
        TopologicalSorter(job.before).prepare()
    except CycleError as error:
        names = sorted(set(error.args[1]))
        task = next(task for task in job.steps if task.key in names)
        message = f"waits for itself: {', '.join(names)} depend on each other"
        yield finding(Rule.CIRCULAR_TASKS, job, message, task=task)
