"""The type of parameters' values, and what is too large for Databricks."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Value

# Docs: Jobs API and "resource limits"; bytes of UTF-8, characters for the inputs of a loop.
_MOST_PARAMETER_BYTES = 10_000
_MOST_NOTEBOOK_BYTES = 1024 * 1024
_MOST_INPUT_CHARACTERS = 10_000
_MOST_NAME_BYTES = 4096
_MOST_DESCRIPTION_BYTES = 27_700
_MOST_TAGS = 25
_MOST_TASKS = 1000


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check the values and sizes of all jobs."""
    for job in deployment.jobs.values():
        yield from _job_sizes(job)
        for name, definition in job.parameters.items():
            value = definition.at("default")
            if definition.has("default") or "default" in (definition.data or {}):
                yield from _not_a_string(job, None, name, value)
        for task in job.tasks:
            for name, value in task.parameters.entries():
                yield from _not_a_string(job, task, name, value)
            if task.kind in {"python_wheel_task", "spark_python_task", "spark_jar_task"}:
                for i, value in enumerate(task.body.at("parameters").elements(), 1):
                    yield from _not_a_string(job, task, f"number {i}", value)
            yield from _task_sizes(job, task)


def _not_a_string(job: Job, task: Task | None, name: str, value: Value) -> Iterator[Finding]:
    if isinstance(value.data, str) or (value.written and isinstance(value.data, int | float)):
        return  # a variable's number is turned into a text by the bundle
    kind = {type(None): "null", bool: "a boolean", dict: "a mapping", list: "a list"}.get(
        type(value.data), "a number"
    )
    message = f"gives the parameter {name} {kind}; parameters are texts"
    if value.data is None:
        fix = 'write "" for one that is not set, or leave it out'
    elif isinstance(value.data, dict | list):
        fix = "write it as JSON, in quotes"
    else:
        fix = f'write "{value.text}"'
    yield finding(Rule.NOT_A_STRING, job, message, task=task, place=value.place, fix=fix)


def _job_sizes(job: Job) -> Iterator[Finding]:
    tags, tasks = job.value.at("tags"), job.value.at("tasks")
    sizes = (
        ("name", job.value.at("name"), _bytes(job.value.at("name")), _MOST_NAME_BYTES, "bytes"),
        (
            "description",
            job.value.at("description"),
            _bytes(job.value.at("description")),
            _MOST_DESCRIPTION_BYTES,
            "bytes",
        ),
        ("tags", tags, len(list(tags.entries())), _MOST_TAGS, "entries"),
        ("tasks", tasks, len(list(tasks.elements())), _MOST_TASKS, "entries"),
    )
    for what, value, size, most, unit in sizes:
        if size > most:
            message = f"has {size:,} {unit} of {what}; {most:,} are allowed"
            yield finding(Rule.TOO_LARGE, job, message, place=value.place)


def _task_sizes(job: Job, task: Task) -> Iterator[Finding]:
    most = _MOST_NOTEBOOK_BYTES if task.kind == "notebook_task" else _MOST_PARAMETER_BYTES
    for value in (task.parameters, task.body.at("parameters")):
        text = json.dumps(value.plain(), ensure_ascii=False) if value.data else ""
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > most:
            message = f"has parameters of {size:,} bytes of JSON; {most:,} are allowed"
            yield finding(Rule.TOO_LARGE, job, message, task=task, place=value.place)
            break
    inputs = task.value.at("for_each_task", "inputs")
    if len(inputs.text) > _MOST_INPUT_CHARACTERS:
        message = (
            f"has {len(inputs.text):,} characters of inputs; {_MOST_INPUT_CHARACTERS:,} are allowed"
        )
        yield finding(Rule.TOO_LARGE, job, message, task=task, place=inputs.place)


def _bytes(value: Value) -> int:
    return len(value.text.encode("utf-8", "surrogatepass"))
