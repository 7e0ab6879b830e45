"""A job run with everything that it started, down to the tasks that do something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Run, RunTask

    from jobs.bench import Bench


@dataclass(frozen=True)
class Leaf:
    """A task run, and what it left."""

    task: RunTask
    output: dict[str, Any]

    @property
    def result(self) -> str:
        """Its result state."""
        state = self.task.state
        assert state is not None
        return state.result_state.value if state.result_state else ""

    @property
    def summary(self) -> dict[str, Any]:
        """What the runner told at its end; a traceback may follow in the log."""
        notebook = self.output.get("notebook_output", {}).get("result")
        lines = [notebook] if notebook else self.output["logs"].splitlines()
        last = next(line for line in reversed(lines) if line.startswith('{"event": "run.finished"'))
        found: dict[str, Any] = json.loads(last)
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        """The runner's log."""
        return [json.loads(line) for line in self.output["logs"].splitlines() if line[:1] == "{"]

    @property
    def span(self) -> tuple[int, int]:
        """When it started and ended, in milliseconds."""
        assert self.task.start_time
        assert self.task.end_time
        return self.task.start_time, self.task.end_time


def tree(bench: Bench, run: Run) -> dict[str, Leaf]:
    """The last attempt at each task by its path: `refresh/build/build`, `each[0]/build`."""
    return dict(_below(bench, run.tasks or (), ""))


def begun(leaf: Leaf) -> set[str]:
    """Names of the nodes that a run of dbt began."""
    started = [each for each in leaf.events if each["event"] == "node.started"]
    return {each["unique_id"].split(".")[2] for each in started}


def _below(bench: Bench, tasks: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    for task in {each.task_key: each for each in tasks}.values():
        yield from _task(bench, task, f"{path}{task.task_key}")


def _task(bench: Bench, task: RunTask, path: str) -> Iterator[tuple[str, Leaf]]:
    output = bench.output(task)
    yield path, Leaf(task, output)
    if task.for_each_task:
        assert task.run_id is not None
        for number, turn in enumerate(bench.run(task.run_id).iterations or ()):
            yield from _task(bench, turn, f"{path}[{number}]")
    elif "run_job_output" in output:
        child = bench.run(output["run_job_output"]["run_id"])
        yield from _below(bench, child.tasks or (), f"{path}/")
