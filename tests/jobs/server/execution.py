"""One pass over the tasks of a run: the original one, or a repair."""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from jobs.server import dependencies
from jobs.server.attempt import StartChild
from jobs.server.runs import JobRun, TaskRun
from jobs.server.states import RUNNING, State, never_executed
from jobs.server.tasks import Tasks, skipped
from jobs.server.workspace import Workspace


def execute(
    workspace: Workspace, run: JobRun, keys: Collection[str], start_child: StartChild
) -> None:
    """Run the tasks of these keys in their order, and judge the run by its leaves."""
    run.state = RUNNING
    # "an optional timeout applied to each run of this job" (docs: api/workspace/jobs/create)
    seconds = run.settings.get("timeout_seconds", 0)
    timer = threading.Timer(seconds, run.stop.ask, ["TIMEDOUT"])
    if seconds:
        timer.start()
    done = _Pass(Tasks(workspace, run, start_child), run, keys).go()
    timer.cancel()
    tasks = [task for task in run.settings["tasks"] if task["task_key"] in run.tasks]
    if reason := run.stop.reason:
        words = {"CANCELED": "Run cancelled.", "TIMEDOUT": "Run timed out."}
        run.end(State("TERMINATED", reason, words[reason]))
        return
    result, message = dependencies.judged(tasks, done)
    life = workspace.switches.failed_life_cycle if result == "FAILED" else "TERMINATED"
    run.end(State(life, result, message))


class _Pass:
    def __init__(self, tasks: Tasks, run: JobRun, keys: Collection[str]) -> None:
        self._tasks, self._run = tasks, run
        mine = {task["task_key"]: task for task in run.settings["tasks"]}
        self._waiting = {key: mine[key] for key in mine if key in keys}
        self._done = {each.key: each for each in run.records if each.key not in keys}
        self._ended: SimpleQueue[TaskRun] = SimpleQueue()
        self._going: set[str] = set()

    def go(self) -> dict[str, TaskRun]:
        """Run them; the last attempt of each task."""
        while self._waiting or self._going:
            for key in [key for key in self._waiting if self._is_due(key)]:
                self._begin(self._waiting.pop(key))
            with suppress(Empty):
                record = self._ended.get(timeout=0.1)
                self._going.discard(record.key)
                self._done[record.key] = record
        return self._done

    def _is_due(self, key: str) -> bool:
        needed = {item["task_key"] for item in self._waiting[key].get("depends_on", ())}
        return not needed & (self._waiting.keys() | self._going)

    def _begin(self, task: dict[str, Any]) -> None:
        end = dependencies.verdict(task, self._done)
        if self._run.stop.reason:
            end = never_executed("CANCELED", "Run cancelled.")
        if end:
            record = skipped(self._run, task, end)
            self._note(record)
            self._run.records.append(record)
            self._done[record.key] = record
            return
        self._going.add(task["task_key"])
        threading.Thread(target=self._live, args=(task,), daemon=True).start()

    def _live(self, task: dict[str, Any]) -> None:
        run = self._run
        try:
            self._tasks.live(task, None, run.records, run.stop, self._note)
        finally:
            record = run.attempts(task["task_key"])[-1]
            if not record.state.is_done:
                record.end(State("INTERNAL_ERROR", "FAILED", "a fault of the bench: see its log"))
            self._ended.put(record)

    def _note(self, record: TaskRun) -> None:
        self._run.passes[-1].records.append(record)
