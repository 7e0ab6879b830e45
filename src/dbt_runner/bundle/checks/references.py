"""References from job to job: their form, their depth, and that they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.nearest import nearest
from dbt_runner.bundle.rules import Rule

# Docs, "run job task": no more than three nested, and no circles.
_DEEPEST = 3


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check every run_job_task."""
    for job in deployment.jobs.values():
        for task in job.tasks:
            if task.kind == "run_job_task":
                yield from _form(job, task, deployment)
    edges = _edges(deployment.jobs)
    circles = _circles(edges)
    for circle in circles:
        job = deployment.jobs[circle[0]]
        way = " → ".join([*circle, circle[0]])
        task = edges[circle[0]][circle[1 % len(circle)]]
        place = task.body.at("job_id").place
        yield finding(Rule.CIRCULAR_JOBS, job, f"starts itself: {way}", place=place)
    if not circles:
        yield from _depths(deployment.jobs, edges)


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


def _edges(jobs: Mapping[str, Job]) -> dict[str, dict[str, Task]]:
    """Job → the jobs that it starts, each with the first task that does."""
    edges: dict[str, dict[str, Task]] = {}
    for key, job in jobs.items():
        edges[key] = {}
        for task in job.tasks:
            if task.job_name in jobs:
                edges[key].setdefault(str(task.job_name), task)
    return edges


def _circles(edges: Mapping[str, Mapping[str, Task]]) -> list[list[str]]:
    """Each circle once, beginning at its first name."""
    found: dict[frozenset[str], list[str]] = {}
    done: set[str] = set()

    def follow(key: str, way: list[str]) -> None:
        if key in way:
            circle = way[way.index(key) :]
            first = circle.index(min(circle))
            found.setdefault(frozenset(circle), circle[first:] + circle[:first])
            return
        if key not in done:
            for other in edges[key]:
                follow(other, [*way, key])
            done.add(key)

    for key in edges:
        follow(key, [])
    return [found[names] for names in sorted(found, key=sorted)]


def _depths(jobs: Mapping[str, Job], edges: Mapping[str, Mapping[str, Task]]) -> Iterator[Finding]:
    longest: dict[str, list[str]] = {}

    def way(key: str) -> list[str]:
        if key not in longest:
            ways = [way(other) for other in edges[key]]
            longest[key] = [key, *max(ways, key=len, default=[])]
        return longest[key]

    for key, job in jobs.items():
        if len(way(key)) - 1 > _DEEPEST:
            message = f"nests {len(way(key)) - 1} Run Job tasks: {' → '.join(way(key))}"
            yield finding(Rule.TOO_DEEP, job, message)
