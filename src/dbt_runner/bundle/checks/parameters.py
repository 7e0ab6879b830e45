"""Parameters that reach a task otherwise than they are written there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dbt_runner.bundle import dynamic_reference
from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.dynamic_reference import Known, Reference, hands_on, references
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.nearest import nearest
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Value

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
        yield from _references(job)
        for task in job.tasks:
            yield from _overridden(job, task, deployment.pushed[job.key])
            given = [name for name in _OBJECTS.get(task.kind, ()) if task.body.at(name).data]
            if len(given) > 1:
                message = f"has {' and '.join(given)}; a {task.kind} takes one of them"
                yield finding(
                    Rule.TWO_PARAMETER_OBJECTS, job, message, task=task, place=task.body.place
                )


def _references(job: Job) -> Iterator[Finding]:
    """References in what a job and its tasks are given."""
    known = dynamic_reference.known([t.key for t in job.tasks] if job.tasks_known else None)
    for definition in job.parameters.values():
        default = definition.at("default")
        for reference in references(default.text):
            yield from _unknown(job, None, default, reference, known)
    for task in job.tasks:
        for value in _given(task):
            for reference in references(value.text):
                yield from _undeclared(job, task, value, reference)
                yield from _unknown(job, task, value, reference, known)


def _given(task: Task) -> Iterator[Value]:
    """The values of a task in which Databricks fills in references."""
    for mapping in (task.parameters, task.value.at("condition_task")):
        yield from (value for _, value in mapping.entries())
    for key in ("parameters", "commands"):
        yield from task.body.at(key).elements()
    yield task.value.at("for_each_task", "inputs")


def _undeclared(job: Job, task: Task, value: Value, reference: Reference) -> Iterator[Finding]:
    name = reference.parameter
    if name and name not in job.parameters and job.parameters_known:
        message = f"refers to the job's parameter {name}, which is not declared"
        fix = nearest(name, job.parameters)
        yield finding(Rule.UNKNOWN_PARAMETER, job, message, task=task, place=value.place, fix=fix)


def _unknown(
    job: Job, task: Task | None, value: Value, reference: Reference, known: Known
) -> Iterator[Finding]:
    fault = known.fault(reference)
    if fault:
        message = f"is given {reference}, which {fault.reason}"
        yield finding(
            Rule.UNKNOWN_REFERENCE, job, message, task=task, place=value.place, fix=fault.fix
        )


def _overridden(job: Job, task: Task, pushed: Mapping[str, str]) -> Iterator[Finding]:
    """A job's parameters are pushed down, and win over a task's or a child's of the same name.

    Docs: jobs, "job parameters take precedence over task parameters"; bundle-examples,
    knowledge_base/job_with_run_job_tasks.

    Args:
        pushed: parameter of a job above → the job that declares it.
    """
    for name, value in task.parameters.entries():
        owner = job.key if name in job.parameters else pushed.get(name)
        if owner is None or hands_on(value.text) == name:
            continue
        to = f"{task.body.at('job_id').source} " if task.kind == "run_job_task" else ""
        whose = f"the job's parameter {name}"
        hand_on = f'hand on "{{{{job.parameters.{name}}}}}"'
        fix = f"{hand_on}, or do not declare {name} on {owner}"
        if owner != job.key:
            whose = f"the parameter {name} of {owner}, which is pushed down,"
            fix = f"do not declare {name} on {owner}, or declare it on {job.key} too and {hand_on}"
        message = f"hands {to}a {name} of its own, but {whose} wins over it"
        yield finding(Rule.OVERRIDDEN, job, message, task=task, place=value.place, fix=fix)
