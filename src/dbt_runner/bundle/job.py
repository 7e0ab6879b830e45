"""A job and its tasks, as the rules look at them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from dbt_runner.bundle.value import Place, Value

LEVELS = ("atomic", "composite", "orchestrator")
_CONTROL = frozenset({"run_job_task", "condition_task", "for_each_task"})
_JOB_ID = re.compile(r"\s*\$\{resources\.jobs\.([\w-]+)\.id\}\s*")
# The parameters that Databricks pushes job parameters into, by kind of task (docs: jobs, "access
# parameter values from a task").
_KEY_VALUE = {
    "notebook_task": "base_parameters",
    "python_wheel_task": "named_parameters",
    "sql_task": "parameters",
    "run_job_task": "job_parameters",
}


@dataclass(frozen=True)
class Task:
    """One task; `loop` is the task whose for_each_task repeats it."""

    key: str
    value: Value
    kind: str
    loop: Task | None = None

    @property
    def body(self) -> Value:
        """What stands under the kind, such as `notebook_task`."""
        return self.value.at(self.kind)

    @property
    def runs(self) -> bool:
        """Whether it runs something itself, rather than starting jobs or steering."""
        return bool(self.kind) and self.kind not in _CONTROL

    @property
    def parameters(self) -> Value:
        """Names to values; empty for kinds of tasks that take none so."""
        return self.body.at(_KEY_VALUE.get(self.kind, ""))

    @property
    def job_name(self) -> str | None:
        """Key of the job that it starts, where that is written as a reference."""
        found = _JOB_ID.fullmatch(self.body.at("job_id").source)
        return found[1] if found and self.kind == "run_job_task" else None


@dataclass(frozen=True)
class Job:
    """One job of the bundle, as one target has it."""

    key: str
    value: Value

    @property
    def place(self) -> Place:
        """Where its key stands."""
        return self.value.place

    @cached_property
    def steps(self) -> tuple[Task, ...]:
        """Its tasks as they are listed."""
        return tuple(_task(value) for value in self.value.at("tasks").elements())

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """Its tasks, and behind each for_each_task the one that it repeats."""
        return tuple(self._all())

    def _all(self) -> Iterator[Task]:
        for step in self.steps:
            yield step
            inner = step.value.at("for_each_task", "task")
            if inner.data is not None:
                yield _task(inner, step)

    @cached_property
    def before(self) -> dict[str, list[str]]:
        """Task → the other tasks of the job that it waits for."""
        keys = {step.key for step in self.steps}
        found: dict[str, dict[str, None]] = {key: {} for key in keys}
        for step in self.steps:
            names = [entry.at("task_key").text for entry in step.value.at("depends_on").elements()]
            found[step.key] = {name: None for name in names if name in keys and name != step.key}
        return {step.key: list(found[step.key]) for step in self.steps}

    @property
    def level(self) -> str:
        """Its layer by the tag; empty where that is missing, unknown or not resolved."""
        found = self.value.at("tags", "job_level").text
        return found if found in LEVELS else ""

    @cached_property
    def parameters(self) -> dict[str, Value]:
        """Name → definition of its job parameters."""
        found = self.value.at("parameters").elements()
        return {value.at("name").text: value for value in found if value.at("name").text}

    @property
    def parameters_known(self) -> bool:
        """Whether the files say all of its parameters."""
        found = self.value.at("parameters")
        return not (found.unresolved or any(p.at("name").unresolved for p in found.elements()))

    @property
    def tasks_known(self) -> bool:
        """Whether the files say the keys of all of its tasks."""
        return not (
            self.value.at("tasks").unresolved or any("${" in task.key for task in self.tasks)
        )


def _task(value: Value, loop: Task | None = None) -> Task:
    kinds = [
        key for key, item in value.entries() if key.endswith("_task") and item.data is not None
    ]
    key = value.at("task_key").text or (loop.key if loop else "")
    return Task(key, value, kinds[0] if kinds else "", loop)
