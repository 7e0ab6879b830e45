"""Parameters that reach a task otherwise than they are written there."""

from __future__ import annotations

from collections.abc import Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task, hands_on, job_parameters_in
from dbt_runner.bundle.nearest import nearest
from dbt_runner.bundle.rules import Rule

# Of a run_job_task; all but job_parameters are deprecated (Jobs API, RunJobTask).
_OF_RUN_JOB = (
    "job_parameters",
    "dbt_commands",
    "jar_params",
    "notebook_params",
    "python_named_params",
    "python_params",
    "spark_submit_params",
    "sql_params",
)
_OBJECTS = {
    "python_wheel_task": ("parameters", "named_parameters"),
    "run_job_task": _OF_RUN_JOB,
}


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check the parameters of all tasks."""
    for job in deployment.jobs.values():
        for task in job.tasks:
            yield from _overridden(job, task)
            yield from _undeclared(job, task)
            given = [name for name in _OBJECTS.get(task.kind, ()) if task.body.at(name).data]
            if len(given) > 1:
                message = f"has {' and '.join(given)}; a {task.kind} takes one of them"
                yield finding(
                    Rule.TWO_PARAMETER_OBJECTS, job, message, task=task, place=task.body.place
                )


def _undeclared(job: Job, task: Task) -> Iterator[Finding]:
    """References in what a task is given; a wrong key of a known namespace is an error.

    Docs: jobs, "dynamic value references".
    """
    inputs = task.value.at("for_each_task", "inputs")
    condition = task.value.at("condition_task")
    values = [value for _, value in [*task.parameters.entries(), *condition.entries()]]
    for value in [*values, *task.body.at("parameters").elements(), inputs]:
        for name in job_parameters_in(value.text):
            if name not in job.parameters:
                message = f"refers to the job's parameter {name}, which is not declared"
                fix = nearest(name, job.parameters)
                yield finding(
                    Rule.UNKNOWN_PARAMETER, job, message, task=task, place=value.place, fix=fix
                )


def _overridden(job: Job, task: Task) -> Iterator[Finding]:
    """A job's parameters are pushed down, and win over a task's or a child's of the same name.

    Docs: jobs, "job parameters take precedence over task parameters"; bundle-examples,
    knowledge_base/job_with_run_job_tasks.
    """
    for name, value in task.parameters.entries():
        if name in job.parameters and hands_on(value.text) != name:
            to = f"{task.body.at('job_id').source} " if task.kind == "run_job_task" else ""
            message = f"hands {to}a {name} of its own, but the job's parameter {name} wins over it"
            fix = f'hand on "{{{{job.parameters.{name}}}}}", or do not declare {name} on {job.key}'
            yield finding(Rule.OVERRIDDEN, job, message, task=task, place=value.place, fix=fix)
