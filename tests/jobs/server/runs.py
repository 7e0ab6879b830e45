"""Runs of jobs and of their tasks, as they are kept."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.server.states import RUNNING, TERMINATING, State
from jobs.server.stops import Stop

_ENDING = threading.Lock()
_IDS = itertools.count(700_000_000_000_001, 7)


def new_id() -> int:
    """A number for a job, a run, a task run or a repair; larger than 32 bits, as real ones."""
    return next(_IDS)


def now() -> int:
    """Milliseconds, as the API has them."""
    return time.time_ns() // 1_000_000


def kind_of(task: Mapping[str, Any]) -> str:
    """The kind of a task: the field that says what it does."""
    return next((name for name in task if name.endswith("_task")), "none")


@dataclass
class TaskRun:
    """One attempt at a task.

    Attributes:
        task: its settings, as they stand in the job.
        attempt: `attempt_number`: from 0, counted on over retries and repairs.
        start_time, working_time, end_time: when it was started, had its compute, ended.
        resolved: parameters as the task got them.
        output: what `get-output` tells.
        outcome: of a condition.
        values: task values.
        iterations: of a for-each task.
    """

    task: dict[str, Any]
    stop: Stop
    attempt: int = 0
    state: State = field(default_factory=State)
    run_id: int = field(default_factory=new_id)
    start_time: int = field(default_factory=now)
    working_time: int = 0
    end_time: int = 0
    resolved: dict[str, Any] = field(default_factory=dict)
    output: dict[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    iterations: list[TaskRun] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The task's key."""
        return str(self.task["task_key"])

    def end(self, state: State) -> None:
        """It has ended."""
        with _ENDING:
            self.end_time = now()
            self.state = state


@dataclass
class Repair:
    """One pass over the tasks of a run: the original one, or a repair."""

    kind: str
    state: State = field(default_factory=State)
    repair_id: int = field(default_factory=new_id)
    start_time: int = field(default_factory=now)
    end_time: int = 0
    records: list[TaskRun] = field(default_factory=list)


@dataclass
class JobRun:
    """A run of a job, or a submitted one, which has none.

    Attributes:
        settings: of the job when it was started or last repaired.
        parameters: of the job, defaults among them.
        request: what it was started with.
        trigger: `TriggerType`.
        above: run id of the task run that started it.
        depth: number of Run Job tasks above it.
        tasks: keys of the tasks that belong to it.
        records: all attempts at its tasks, oldest first.
        passes: the original one, and repairs.
        done: set while it has ended.
    """

    job_id: int | None
    settings: dict[str, Any]
    parameters: dict[str, str]
    request: dict[str, Any] = field(default_factory=dict)
    trigger: str = "ONE_TIME"
    above: int | None = None
    depth: int = 0
    stop: Stop = field(default_factory=Stop)
    state: State = field(default_factory=State)
    run_id: int = field(default_factory=new_id)
    start_time: int = field(default_factory=now)
    end_time: int = 0
    tasks: list[str] = field(default_factory=list)
    records: list[TaskRun] = field(default_factory=list)
    passes: list[Repair] = field(default_factory=lambda: [Repair("ORIGINAL")])
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def repair_count(self) -> int:
        """Number of repairs."""
        return len(self.passes) - 1

    def attempts(self, key: str) -> list[TaskRun]:
        """All attempts at a task, oldest first."""
        return [record for record in self.records if record.key == key]

    def end(self, state: State) -> None:
        """It has ended."""
        with _ENDING:
            self.end_time = self.passes[-1].end_time = now()
            self.state = self.passes[-1].state = state
        self.done.set()


def stop(target: JobRun | TaskRun) -> None:
    """Ask a run to end; one that has ended stays as it is.

    Returns at once: "the run is canceled asynchronously" (docs: api/workspace/jobs/cancelrun).
    """
    with _ENDING:
        if not target.state.is_done:
            target.stop.ask("CANCELED")
            if target.state == RUNNING:
                target.state = TERMINATING
