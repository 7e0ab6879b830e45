"""References from job to job: their form, their depth, and that they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.nearest import nearest
from dbt_runner.bundle.rules import Rule

# Docs, "run job task": no more than three nested, and no circles.
_DEEPEST = 3
_MOST_SHOWN = 10


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check every run_job_task."""
    for job in deployment.jobs.values():
        for task in job.tasks:
            if task.kind == "run_job_task":
                yield from _form(job, task, deployment)
    starts = deployment.starts
    circles = _circles(starts)
    for circle in circles:
        job = deployment.jobs[circle[0]]
        way = " → ".join([*circle, circle[0]])
        task = starts[circle[0]][circle[1 % len(circle)]]
        place = task.body.at("job_id").place
        yield finding(Rule.CIRCULAR_JOBS, job, f"starts itself: {way}", place=place)
    if not circles:
        yield from _depths(deployment.jobs, starts)


def _form(job: Job, task: Task, deployment: Deployment) -> Iterator[Finding]:
    value = task.body.at("job_id")
    if task.job_name is not None:
        if task.job_name not in deployment.jobs and not deployment.python:
            message = f"starts {task.job_name}, which is no job of the bundle"
            fix = nearest(task.job_name, deployment.jobs) or Rule.UNKNOWN_JOB.fix
            yield finding(Rule.UNKNOWN_JOB, job, message, task=task, place=value.place, fix=fix)
        return
    looked_up = deployment.scope.looks_up(value.source, "job")
    if not looked_up and deployment.scope.lookups.get(value.text) != "job":
        said = f"job_id: {value.source}" if value.source else "no job_id"
        yield finding(Rule.JOB_REFERENCE, job, f"has {said}", task=task, place=value.place)


def _circles(starts: Mapping[str, Mapping[str, Task]]) -> list[list[str]]:
    """Each circle once, beginning at its first name."""
    found: dict[frozenset[str], list[str]] = {}
    done: set[str] = set()
    for top in starts:
        way = {} if top in done else {top: iter(starts[top])}
        while way:
            key, others = next(reversed(way.items()))
            other = next(others, None)
            if other is None:
                way.popitem()
                done.add(key)
            elif other in way:
                names = list(way)
                circle = names[names.index(other) :]
                first = circle.index(min(circle))
                found.setdefault(frozenset(circle), circle[first:] + circle[:first])
            elif other not in done:
                way[other] = iter(starts[other])
    return [found[names] for names in sorted(found, key=sorted)]


def _depths(jobs: Mapping[str, Job], starts: Mapping[str, Mapping[str, Task]]) -> Iterator[Finding]:
    depth: dict[str, int] = {}
    deepest: dict[str, str] = {}
    for key in TopologicalSorter(starts).static_order():
        below = max(starts[key], key=lambda other: depth[other], default="")
        depth[key], deepest[key] = (depth[below] + 1 if below else 0), below
    for key, job in jobs.items():
        if depth[key] > _DEEPEST:
            way = [key]
            while deepest[way[-1]] and len(way) <= _MOST_SHOWN:
                way.append(deepest[way[-1]])
            more = " → …" if deepest[way[-1]] else ""
            message = f"nests {depth[key]} Run Job tasks: {' → '.join(way)}{more}"
            yield finding(Rule.TOO_DEEP, job, message)
