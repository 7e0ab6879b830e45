"""The order of tasks within a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.nearest import nearest
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Value


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check depends_on of every task."""
    for job in deployment.jobs.values():
        for task in job.steps:
            yield from _unknown(job, task)
        yield from _doubles(job)
        yield from _circle(job)
        waits = any(task.value.has("depends_on") for task in job.steps)
        if job.level == "orchestrator" and len(job.steps) > 1 and not waits:
            message = f"starts its {len(job.steps)} tasks all at once"
            yield finding(Rule.NO_ORDER, job, message, place=job.value.at("tasks").place)


def _unknown(job: Job, task: Task) -> Iterator[Finding]:
    others = [other.key for other in job.steps if other is not task]
    for name in _names(task):
        key = name.text
        if key and "${" not in key and key not in others:
            message = f"depends on {'itself' if key == task.key else key}, which is no other task"
            fix = nearest(key, [other for other in others if other != task.key])
            yield finding(
                Rule.UNKNOWN_DEPENDENCY, job, message, task=task, place=name.place, fix=fix
            )


def _names(task: Task) -> list[Value]:
    return [entry.at("task_key") for entry in task.value.at("depends_on").elements()]


def _doubles(job: Job) -> Iterator[Finding]:
    counts = Counter(task.key for task in job.steps)
    seen: set[str] = set()
    for task in job.steps:
        if counts[task.key] > 1 and task.key in seen:
            message = "has the task_key of an earlier task; the bundle makes one task of both"
            yield finding(Rule.TASK_KEY_TWICE, job, message, task=task)
        seen.add(task.key)


def _circle(job: Job) -> Iterator[Finding]:
    """Take away tasks that wait for nothing until none is left, or all wait for each other."""
    waiting = {task.key: {name.text for name in _names(task)} - {task.key} for task in job.steps}
    waiting = {key: names & set(waiting) for key, names in waiting.items()}
    while ready := [key for key, names in waiting.items() if not names]:
        for key in ready:
            del waiting[key]
        for names in waiting.values():
            names.difference_update(ready)
    # what only waits for the circle is not part of it
    while ends := set(waiting) - {name for names in waiting.values() for name in names}:
        waiting = {key: names for key, names in waiting.items() if key not in ends}
    if waiting:
        task = next(task for task in job.steps if task.key in waiting)
        message = f"waits for itself: {', '.join(sorted(waiting))} depend on each other"
        yield finding(Rule.CIRCULAR_TASKS, job, message, task=task)
