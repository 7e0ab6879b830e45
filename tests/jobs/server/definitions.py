"""What a job's definition must hold to (docs: api/workspace/jobs/create)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from jobs.server import references
from jobs.server.errors import Refusal

MOST_TASKS = 1000
_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PARAMETER = re.compile(r"[A-Za-z0-9_.-]+")


def check(settings: Mapping[str, Any]) -> None:
    """Refuse a definition that cannot run.

    Raises:
        Refusal: in the first rule that is broken.
    """
    for message in _faults(settings):
        raise Refusal(message)
    _check_references(settings)


def _faults(settings: Mapping[str, Any]) -> list[str]:
    tasks = settings.get("tasks", [])
    keys = [task["task_key"] for task in tasks]
    names = [item["name"] for item in settings.get("parameters", ())]
    found = [f"Invalid task key: {key!r}" for key in keys if not _KEY.fullmatch(key)]
    found += [f"Duplicate task key: {key}" for key in keys if keys.count(key) > 1]
    found += [
        f"Invalid parameter name: {name!r}" for name in names if not _PARAMETER.fullmatch(name)
    ]
    found += [f"Duplicate parameter: {name}" for name in names if names.count(name) > 1]
    if len(tasks) > MOST_TASKS:
        found.append(f"A job has at most {MOST_TASKS} tasks")
    for task in tasks:
        found += _task_faults(task, settings, set(keys))
    return found or _cycles(tasks)


def _task_faults(task: Mapping[str, Any], settings: Mapping[str, Any], keys: set[str]) -> list[str]:
    key = task["task_key"]
    inner = task.get("for_each_task", {}).get("task")
    kinds = [name for name in task if name.endswith("_task")]
    found = [
        f"Task {key} depends on {needed['task_key']}, which is not there"
        for needed in task.get("depends_on", ())
        if needed["task_key"] not in keys
    ]
    if len(kinds) != 1:
        found.append(f"Task {key} needs one kind: {kinds}")
    for name, lists, field in (
        ("environment_key", "environments", "environment_key"),
        ("job_cluster_key", "job_clusters", "job_cluster_key"),
    ):
        there = {item[field] for item in settings.get(lists, ())}
        if name in task and task[name] not in there:
            found.append(f"Task {key}: {name} {task[name]} is not defined")
    wheel = task.get("python_wheel_task", {})
    if wheel.get("parameters") and wheel.get("named_parameters"):
        found.append(f"Task {key}: parameters and named_parameters exclude each other")
    if "condition_task" in task and task.get("max_retries"):
        found.append(f"Task {key}: a condition has no retries")
    if inner and "for_each_task" in inner:
        found.append(f"Task {key}: for-each tasks cannot be nested")
    return found + (_task_faults(inner, settings, keys) if inner else [])


def _cycles(tasks: list[Mapping[str, Any]]) -> list[str]:
    above = {
        task["task_key"]: [item["task_key"] for item in task.get("depends_on", ())]
        for task in tasks
    }
    try:
        TopologicalSorter(above).prepare()
    except CycleError as error:
        return [f"Tasks depend on each other: {', '.join(error.args[1])}"]
    return []


def _check_references(settings: Mapping[str, Any]) -> None:
    tasks = settings.get("tasks", [])
    ended = dict.fromkeys(("run_id", "execution_count", "result_state"), "")
    facts = references.Facts(
        job=dict.fromkeys(("id", "name", "run_id", "repair_count"), ""),
        task=dict.fromkeys(("name", "run_id", "execution_count", "notebook_path"), ""),
        tasks={task["task_key"]: ended for task in tasks},
    )
    references.check([*tasks, *settings.get("parameters", ())], facts)
