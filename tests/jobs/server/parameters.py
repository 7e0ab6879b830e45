"""Which parameters a task gets (docs: jobs/job-parameters, jobs/task-parameters)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jobs.server.errors import Refusal

LIMIT = 10_000
"""Bytes of JSON of each kind of parameter (docs: api/workspace/jobs/runnow, `notebook_params`)."""

OVERRIDES = (
    *("dbt_commands", "jar_params", "notebook_params", "pipeline_params"),
    *("python_named_params", "python_params", "spark_submit_params", "sql_params"),
)
"""Parameters of tasks in a request; "not allowed with job parameters" (docs: runnow)."""

# kind of task → its key-value parameters, and what of a request overrides them
PUSHED_INTO = {
    "notebook_task": ("base_parameters", "notebook_params"),
    "python_wheel_task": ("named_parameters", "python_named_params"),
    "sql_task": ("parameters", "sql_params"),
    "run_job_task": ("job_parameters", None),
}
_LISTS = {
    "python_wheel_task": "python_params",
    "spark_python_task": "python_params",
    "spark_jar_task": "jar_params",
}


def declared(settings: Mapping[str, Any]) -> dict[str, str]:
    """A job's own parameters with their defaults."""
    return {item["name"]: item["default"] for item in settings.get("parameters", ())}


def check(request: Mapping[str, Any], settings: Mapping[str, Any], *, undeclared: bool) -> None:
    """Refuse parameters that a job cannot be started with.

    Args:
        undeclared: whether there may be job parameters that the job does not declare.

    Raises:
        Refusal: parameters of tasks for a job that declares its own, or too many bytes.
    """
    used = [name for name in OVERRIDES if request.get(name)]
    own = declared(settings)
    if used and (own or request.get("job_parameters")):
        msg = f"{used[0]} cannot be used with job parameters"
        raise Refusal(msg)
    if {"jar_params", "notebook_params"} <= set(used):
        msg = "notebook_params cannot be specified in conjunction with jar_params"
        raise Refusal(msg)
    for name in (*used, "job_parameters"):
        if len(json.dumps(request.get(name)).encode()) > LIMIT:
            msg = f"{name}: the JSON representation exceeds {LIMIT} bytes"
            raise Refusal(msg)
    if not all(text.isascii() for text in request.get("python_params") or ()):
        msg = "python_params: only ASCII characters are allowed"
        raise Refusal(msg)
    unknown = sorted((request.get("job_parameters") or {}).keys() - own.keys())
    if unknown and not undeclared:
        msg = f"the job declares no parameter {unknown[0]}"
        raise Refusal(msg)


def pushed(
    kind: str,
    settings: Mapping[str, Any],
    job: Mapping[str, str],
    request: Mapping[str, Any],
    *,
    merge: bool,
) -> dict[str, Any]:
    """A task's settings with the job's parameters pushed down.

    They go into key-value parameters and win over the task's own of the same name, all of them,
    also those that the task does not list. They don't go into lists: positional parameters of a
    wheel, a script or a JAR. A wheel task without `named_parameters` is taken to be positional.

    For `run_job_task` this is how a parent's parameters reach the child, and beat
    `job_parameters` of the same name. Inside a for-each task too: taken so because it is worse.

    Args:
        request: what the run was started with; its parameters of tasks override the tasks' own.
        merge: whether `python_named_params` leave a task's other named parameters as they are.
    """
    found = dict(settings)
    name, override = PUSHED_INTO.get(kind, (None, None))
    instead = request.get(_LISTS.get(kind, ""))
    if instead and not found.get("named_parameters"):
        found["parameters"] = instead
    is_positional = kind == "python_wheel_task" and "named_parameters" not in found
    more = {} if override is None else request.get(override) or {}
    if name and (more or not is_positional):
        is_kept = merge or not more or override != "python_named_params"
        found[name] = {**(found.get(name) or {} if is_kept else {}), **more, **job}
    return found


def for_child(
    settings: Mapping[str, Any], given: Mapping[str, str], *, undeclared: bool
) -> dict[str, str]:
    """The parameters of a child run: its defaults, and what its parent pushes.

    Args:
        undeclared: whether those that the child does not declare reach its tasks too.
    """
    own = declared(settings)
    return {**own, **{name: text for name, text in given.items() if undeclared or name in own}}
