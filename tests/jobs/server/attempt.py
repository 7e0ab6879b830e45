"""One attempt at a task, as the kinds of tasks see it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jobs.server.runs import JobRun, TaskRun, kind_of, now
from jobs.server.states import RUNNING
from jobs.server.workspace import Workspace

StartChild = Callable[[JobRun, TaskRun, int, dict[str, str]], JobRun]
"""Starts a run of a job below a task run, with what is pushed into it."""


@dataclass(frozen=True)
class End:
    """How an attempt ended: result state, message, and the code where it is a special one."""

    result: str
    message: str = ""
    code: str | None = None


@dataclass
class Attempt:
    """What a kind of task is given.

    Attributes:
        settings: of the kind, with references resolved and parameters pushed down.
        start_child: starts a run of another job.
        live: runs a task inside of this one, with an item and the list for its attempts.
    """

    workspace: Workspace
    run: JobRun
    record: TaskRun
    settings: dict[str, Any]
    start_child: StartChild
    live: Callable[[dict[str, Any], Any, list[TaskRun]], TaskRun]

    @property
    def task(self) -> dict[str, Any]:
        """The task's settings as they stand in the job."""
        return self.record.task

    @property
    def kind(self) -> str:
        """The kind of the task."""
        return kind_of(self.task)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """It has what it needs and works; from now on its time limit counts.

        Source: `timeout_seconds` "applied to each run of this job task" (docs: jobs/create).
        """
        self.record.working_time = now()
        self.record.state = RUNNING
        seconds = self.task.get("timeout_seconds", 0)
        timer = threading.Timer(seconds, self.record.stop.ask, ["TIMEDOUT"])
        if seconds:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def note(self, **found: Any) -> None:
        """Record what this bench cannot do."""
        self.workspace.recorder.record(run_id=self.record.run_id, **found)

    def stopped(self) -> End | None:
        """The end that it was asked for."""
        reason = self.record.stop.reason
        words = {"CANCELED": "Run cancelled.", "TIMEDOUT": "Run timed out."}
        return End(reason, words[reason]) if reason else None
