"""How a job's run ends when one of its tasks fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from graphlib import CycleError, TopologicalSorter
from operator import and_, or_

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.dynamic_reference import references
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.rules import Rule

# Docs: jobs, "run if". What handles failures runs, or is excluded, which counts as a success.
_HANDLES_FAILURES = frozenset({"ALL_DONE", "AT_LEAST_ONE_FAILED", "ALL_FAILED"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Look for tasks whose failure leaves the job green.

    A run is judged by its last tasks, those that no other waits for (docs: jobs, "run if": job run
    status). What fails a task whose state a condition looks at is the condition's business: a
    branch may fail the run on purpose.
    """
    for job in deployment.jobs.values():
        if any(step.value.at("depends_on").unresolved for step in job.steps):
            continue  # nobody knows what waits for what
        steps = {step.key: step for step in job.steps if not _is_disabled(step)}
        before = {key: [n for n in job.before[key] if n in steps] for key in steps}
        try:
            order = list(TopologicalSorter(before).static_order())
        except CycleError:
            continue
        yield from _hidden(job, steps, before, order)


def _is_disabled(task: Task) -> bool:
    """Whether it is, or may be, switched off; it is no task then."""
    return task.value.at("disabled").text not in {"", "false"}


def _hidden(
    job: Job, steps: Mapping[str, Task], before: Mapping[str, Sequence[str]], order: Sequence[str]
) -> Iterator[Finding]:
    last = set(order) - {name for names in before.values() for name in names}
    bits = {key: 1 << i for i, key in enumerate(order)}
    failed_by, behind = _failed_by(steps, before, bits), _behind(before, bits)
    seen = reduce(or_, (failed_by[key] for key in [*last, *_looked_at(steps)]), 0)
    for key, task in steps.items():
        if task.kind != "condition_task" and not bits[key] & seen:
            handlers = ", ".join(sorted(name for name in last if bits[key] & behind[name]))
            message = f"may fail and the job still ends green: its last tasks are {handlers}"
            yield finding(Rule.HIDDEN_FAILURE, job, message, task=task)


def _failed_by(
    steps: Mapping[str, Task], before: Mapping[str, Sequence[str]], bits: Mapping[str, int]
) -> dict[str, int]:
    """Task → the bits of the tasks whose failure alone makes it fail, or never run.

    Args:
        bits: task → its bit, in topological order.
    """
    found: dict[str, int] = {}
    for key, own in bits.items():
        run_if = steps[key].value.at("run_if").text
        causes = [found[name] for name in before[key]]
        if not causes or run_if in _HANDLES_FAILURES:
            found[key] = own
        else:
            found[key] = own | reduce(and_ if run_if == "AT_LEAST_ONE_SUCCESS" else or_, causes)
    return found


def _behind(before: Mapping[str, Sequence[str]], bits: Mapping[str, int]) -> dict[str, int]:
    """Task → the bits of itself and of all that it waits for, directly or through others."""
    found: dict[str, int] = {}
    for key, own in bits.items():
        found[key] = reduce(or_, (found[name] for name in before[key]), own)
    return found


def _looked_at(steps: Mapping[str, Task]) -> Iterator[str]:
    """The tasks whose result_state a condition looks at."""
    for task in steps.values():
        for _, value in task.value.at("condition_task").entries():
            for reference in references(value.text):
                space, *names = reference.parts
                if space == "tasks" and names[1:] == ["result_state"] and names[0] in steps:
                    yield names[0]
