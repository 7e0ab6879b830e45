"""What a job reads: the parameters that it declares, or that its tasks take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbt_runner.errors import SettingsError
from dbt_runner.jobs.trigger import parameter_object as objects
from dbt_runner.jobs.trigger.parameter_object import Kind
from dbt_runner.parameters import RunParameters

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import JobSettings, Task

_OURS = "dbt_runner"
_REFERENCE = re.compile(r"\{\{\s*job\.parameters\.([\w.-]+?)\s*\}\}")


@dataclass(frozen=True)
class Reading:
    """What one job reads.

    Attributes:
        kinds: each parameter object that is read → the names that are written out for it.
        unsure: keys of tasks of which nobody can tell what they read.
        ours: the tasks that run this package, whose rules are known.
        closed: the objects for which there are no other names. Widgets of a notebook, and what a
            stranger's wheel takes, need not be written out in the job.
    """

    kinds: Mapping[Kind, frozenset[str]]
    unsure: tuple[str, ...] = ()
    ours: tuple[Task, ...] = ()
    closed: frozenset[Kind] = frozenset()

    def choose(self, wanted: Kind | None) -> Kind:
        """The parameter object to send.

        Raises:
            SettingsError: there is none, or more than one, or another than wanted.
        """
        there = ", ".join(kind.name for kind in self.kinds)
        if objects.JOB in self.kinds:
            if wanted not in {None, objects.JOB}:
                msg = (
                    f"send: the job declares parameters, and then {wanted and wanted.name} is "
                    "refused; send job_parameters"
                )
                raise SettingsError(msg)
            return objects.JOB
        if wanted == objects.JOB:
            msg = f"send: the job declares no parameters; its tasks read {there or 'none'}"
            raise SettingsError(msg)
        if wanted and (wanted in self.kinds or self.unsure):
            return wanted
        if wanted:
            msg = f"send: no task of the job reads {wanted.name}; they read {there or 'none'}"
            raise SettingsError(msg)
        if len(self.kinds) == 1 and not self.unsure:
            return next(iter(self.kinds))
        raise self._refused(there)

    def check_names(self, kind: Kind, names: Mapping[str, str]) -> None:
        """Refuse a name that nothing in the job knows, where all names are known.

        Raises:
            SettingsError: with the nearest name.
        """
        if kind not in self.closed:
            return
        # a wheel task of ours takes each run parameter, whether it is written out or not
        own = RunParameters.model_fields.keys() if kind == objects.NAMED else set()
        known = self.kinds[kind] | own
        for name in names:
            if name not in known:
                near = _nearest(name, known)
                hint = f"did you mean {near}?" if near else f"there is {', '.join(sorted(known))}"
                msg = f"{name!a}: is no parameter of the job; {hint}"
                raise SettingsError(msg)

    def reaching(self, kind: Kind, named: Mapping[str, str]) -> dict[str, str]:
        """The parameters that come to a task of ours, and are read by its rules.

        Job parameters are pushed into tasks that have names for them and into jobs that are
        started, and else go where a task refers to them (`docs/job-rules.md`).
        """
        found: set[str] = set()
        for task in self.ours:
            if _takes(task, kind):
                return dict(named)
            if kind == objects.JOB:
                found.update(_REFERENCE.findall(json.dumps(task.as_dict())))
        return {name: text for name, text in named.items() if name in found}

    def _refused(self, there: str) -> SettingsError:
        if self.unsure:
            tasks = ", ".join(self.unsure)
            msg = f"send: what {tasks} reads cannot be told; declare job parameters"
            return SettingsError(f"{msg}, or choose with --send python_params")
        if self.kinds:
            msg = f"send: the tasks of the job read {there}, of which one can be sent; "
            return SettingsError(f"{msg}declare job parameters, or choose with --send")
        return SettingsError(
            "send: no task of the job reads parameters; declare job parameters, or send none"
        )


def of(settings: JobSettings | None) -> Reading:
    """What a job reads, from its settings.

    Job parameters come first: where they are declared, the objects of the tasks are refused
    (Databricks CLI, `bundle/run/job_options.go`).
    """
    tasks = list(_all(settings.tasks or [] if settings else []))
    tags = (settings.tags if settings else None) or {}
    ours = _ours(tasks, tagged=tags.get("project") == _OURS)
    declared = (settings.parameters if settings else None) or []
    if declared:
        names = frozenset(item.name for item in declared)
        return Reading({objects.JOB: names}, ours=ours, closed=frozenset({objects.JOB}))
    kinds: dict[Kind, frozenset[str]] = {}
    unsure = []
    for task in tasks:
        if task.python_wheel_task and task.python_wheel_task.parameters:
            unsure.append(task.task_key)
            continue
        for kind, names in _read_by(task):
            kinds[kind] = kinds.get(kind, frozenset()) | names
    wheels = [task for task in tasks if task.python_wheel_task]
    closed = {objects.NAMED} if not unsure and wheels and all(map(_is_ours, wheels)) else ()
    return Reading(kinds, tuple(unsure), ours, frozenset(closed))


def _all(tasks: list[Task]) -> Iterator[Task]:
    for task in tasks:
        yield task
        if task.for_each_task:
            yield task.for_each_task.task


def _ours(tasks: list[Task], *, tagged: bool) -> tuple[Task, ...]:
    """Tasks with our wheel; in a job of ours also the jobs that it starts, and without either all.

    What a notebook or a script does cannot be seen; beside our wheel it is the job's own affair.
    """
    wheels = [task for task in tasks if _is_ours(task)]
    started = [task for task in tasks if task.run_job_task] if tagged else []
    return tuple(wheels + started or (tasks if tagged else []))


def _takes(task: Task, kind: Kind) -> bool:
    """Whether all parameters of an object come to a task."""
    wheel = task.python_wheel_task
    if kind != objects.JOB:
        listed = wheel is not None and bool(wheel.parameters)
        return listed or any(kind == own for own, _ in _read_by(task))
    pushed = wheel is not None and not wheel.parameters
    return pushed or task.notebook_task is not None or task.run_job_task is not None


def _is_ours(task: Task) -> bool:
    wheel = task.python_wheel_task
    return wheel is not None and (wheel.package_name or "").replace("-", "_") == _OURS


def _read_by(task: Task) -> Iterator[tuple[Kind, frozenset[str]]]:
    """The seed's matrix: a task's type and the object that it reads."""
    nothing: frozenset[str] = frozenset()
    if task.notebook_task:
        yield objects.NOTEBOOK, frozenset(task.notebook_task.base_parameters or {})
    if task.python_wheel_task:
        yield objects.NAMED, frozenset(task.python_wheel_task.named_parameters or {})
    if task.spark_python_task:
        yield objects.WORDS, nothing
    if task.spark_jar_task:
        yield objects.JAR, nothing
    if task.spark_submit_task:
        yield objects.SUBMIT, nothing


def _nearest(name: str, known: frozenset[str] | set[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name.replace("-", "_"), sorted(known), n=1)), "")
