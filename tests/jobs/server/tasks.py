"""The life of a task: its attempts, one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs.server import kinds, parameters, references
from jobs.server.attempt import Attempt, End, StartChild
from jobs.server.errors import Refusal
from jobs.server.runs import JobRun, TaskRun, kind_of, now
from jobs.server.states import State
from jobs.server.stops import Stop
from jobs.server.workspace import Workspace

_SHOWN = ("named_parameters", "parameters", "base_parameters", "job_parameters", "left", "right")


@dataclass
class Tasks:
    """Runs tasks of a run."""

    workspace: Workspace
    run: JobRun
    start_child: StartChild

    def live(
        self,
        task: dict[str, Any],
        item: Any,
        records: list[TaskRun],
        above: Stop,
        note: Callable[[TaskRun], None] = lambda _: None,
    ) -> TaskRun:
        """Attempt it until it succeeds or has no retry left; the last attempt.

        `max_retries` -1 means for ever; a time-out is repeated only with `retry_on_timeout`
        (docs: api/workspace/jobs/create). Each attempt is a task run of its own.

        Args:
            item: of a for-each task.
            records: gets each attempt.
            above: what stops them.
            note: told of each attempt.
        """
        retries = task.get("max_retries", 0)
        for number in itertools.count():
            earlier = 0 if item is not None else len(self.run.attempts(task["task_key"]))
            record = TaskRun(task, Stop(above), earlier or number)
            records.append(record)
            note(record)
            end = self._once(record, item)
            record.end(State("TERMINATED", end.result, end.message, end.code))
            again = end.result == "FAILED" or (
                end.result == "TIMEDOUT" and task.get("retry_on_timeout", False)
            )
            if not again or number == retries or self._pause(task, above):
                return record
        raise AssertionError

    def _pause(self, task: dict[str, Any], above: Stop) -> bool:
        """Wait before the next attempt; whether a stop was asked for."""
        seconds = task.get("min_retry_interval_millis", 0) / 1000
        return above.wait(seconds * self.workspace.switches.retry_scale) is not None

    def _once(self, record: TaskRun, item: Any) -> End:
        try:
            settings = self._settings(record, item)
        except Refusal as error:
            return End("FAILED", str(error), "INVALID_RUN_CONFIGURATION")
        record.resolved = {name: settings[name] for name in _SHOWN if name in settings}
        attempt = Attempt(
            self.workspace,
            self.run,
            record,
            settings,
            self.start_child,
            lambda task, inner, records: self.live(task, inner, records, record.stop),
        )
        return attempt.stopped() or kinds.run(attempt)

    def _settings(self, record: TaskRun, item: Any) -> dict[str, Any]:
        """The settings of the task's kind, as they reach it."""
        kind = kind_of(record.task)
        settings = record.task[kind]
        facts = self._facts(record, item)
        if kind == "for_each_task":
            # what stands inside is resolved for each item
            return {**settings, "inputs": references.resolve(settings["inputs"], facts)}
        resolved = references.resolve(settings, facts)
        merge = self.workspace.switches.named_params_merge
        return parameters.pushed(kind, resolved, self.run.parameters, self.run.request, merge=merge)

    def _facts(self, record: TaskRun, item: Any) -> references.Facts:
        run = self.run
        ended = {each.key: each for each in run.records if each.state.is_done}
        return references.Facts(
            job={
                "id": run.job_id,
                "name": run.settings.get("name", "Untitled"),
                "run_id": run.run_id,
                "repair_count": run.repair_count,
            },
            task={
                "name": record.key,
                "run_id": record.run_id,
                "execution_count": record.attempt + 1,
                "notebook_path": record.task.get("notebook_task", {}).get("notebook_path"),
            },
            parameters=run.parameters,
            trigger=run.trigger.lower(),
            start_time=run.start_time,
            tasks={
                key: {
                    "run_id": each.run_id,
                    "execution_count": each.attempt + 1,
                    "result_state": str(each.state.result).lower(),
                    "values": each.values,
                }
                for key, each in ended.items()
            },
            item=item,
        )


def skipped(run: JobRun, task: dict[str, Any], end: State) -> TaskRun:
    """A task run that never began."""
    record = TaskRun(task, Stop(run.stop), len(run.attempts(task["task_key"])))
    record.working_time = now()
    record.end(end)
    return record
