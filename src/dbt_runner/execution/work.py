"""The part of a run that drives dbt: prepare, parse, plan, and one command after the other."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dbt_runner.engine.engine import Engine
from dbt_runner.engine.events import (
    Event,
    FirstStatement,
    NodeFinished,
    NodeStarted,
    Parsed,
    Unmatched,
    Warned,
)
from dbt_runner.engine.plan import Node
from dbt_runner.errors import NothingSelected, SettingsError
from dbt_runner.execution import state
from dbt_runner.execution.assignment import Assignment
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.results import Results
from dbt_runner.execution.summary import Summary
from dbt_runner.execution.workspace import Workspace
from dbt_runner.redaction import secrets_of, without
from dbt_runner.report.reporter import Reporter
from dbt_runner.run_types import Command
from dbt_runner.store.artifacts import Attempt
from dbt_runner.store.parse_cache import ParseCache
from dbt_runner.warehouse import duckdb


class _Stopped(Exception):
    """The run is to end before its next step."""


class Work:
    """dbt at work, in a thread of its own.

    Attributes:
        done: set when the thread is through, whatever happened.
        fault: what stopped it, where it is no node's failure.
        results: the nodes' statuses, up to date at any moment.
        executed: number of commands that dbt has come to the end of.
    """

    def __init__(
        self,
        assignment: Assignment,
        workspace: Workspace,
        attempt: Attempt,
        summary: Summary,
        cancellation: Cancellation,
        reporter: Reporter,
    ) -> None:
        self._assignment = assignment
        self._workspace = workspace
        self._attempt = attempt
        self._summary = summary
        self._cancellation = cancellation
        self._reporter = reporter
        self._unmatched: dict[int, list[str]] = {}
        self._planning = 0
        self._secrets = secrets_of(os.environ, assignment.connection.environment)
        self.done = threading.Event()
        self.fault: BaseException | None = None
        self.results = Results()
        self.executed = 0
        self.engine = Engine(assignment.options(workspace.folder), self._listen)

    def begin(self) -> None:
        """Start the thread."""
        threading.Thread(target=self._work, name="dbt", daemon=True).start()

    def _work(self) -> None:
        try:
            self._drive()
        except _Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - judged in the entering thread
            self.fault = error
        finally:
            self.done.set()

    def _drive(self) -> None:
        clock = time.monotonic()
        with self.engine.session():
            self._spend("import", clock)
            if self.engine.dropped_variables:
                names = ", ".join(self.engine.dropped_variables)
                self._reporter.notice("environment.dropped", level="warning", names=names)
            for step in (self._prepare, self._parse, self._plan):
                self._go_on()
                step()
            for number, command in enumerate(self._assignment.commands):
                self._go_on()
                if not self._run_command(number, command):
                    break

    def _prepare(self) -> None:
        """See to it that what dbt expects to find is there."""
        assignment = self._assignment
        output = assignment.connection.output or {}
        if output.get("type") != "duckdb" or assignment.settings.profiles_dir:
            return
        file = Path(output["path"])
        target = assignment.policy.targets.get(assignment.connection.target)
        if target and target.samples:
            scale = assignment.settings.sample_scale
            if not duckdb.has_samples(scale):
                self._reporter.notice("samples.generating", scale=scale)
            duckdb.offer_samples(file, scale, lambda: self._cancellation.requested)
        else:
            duckdb.prepare_file(file)

    def _parse(self) -> None:
        self._reporter.notice("run.parsing")
        clock = time.monotonic()
        assignment, folder = self._assignment, self._workspace.parse
        cache = ParseCache(
            assignment.project.folder,
            assignment.connection.target,
            assignment.connection.catalog,
            assignment.connection.target_schema,
            sorted(assignment.settings.vars.items(), key=lambda item: item[0]),
        )
        if assignment.settings.warnings == "ok":
            # dbt does not warn again about files that it need not parse again
            cache.restore(folder)
        self.engine.parse(folder)
        problem = cache.keep(folder)
        if problem:
            self._reporter.notice("parse.not_kept", level="debug", reason=problem)
        self._spend("parse", clock)
        self._summary.catalog, self._summary.target_schema = self.engine.place()

    def _plan(self) -> None:
        """Plan every command, check the plan, and write it down before anything is written."""
        commands = self._assignment.commands
        now = [n for n, command in enumerate(commands) if n == 0 or not command.needs_previous]
        for number in now:
            self._plan_command(number, commands[number])
        selecting = [number for number in now if not commands[number].macro]
        if selecting:
            self._check_selection(selecting, complete=len(now) == len(commands))
        self._check_plan()
        self._reporter.planned(self.results)

    def _plan_command(self, number: int, command: Command) -> None:
        self._planning = number
        folder = self._workspace.command(number, command)
        folder.mkdir(parents=True, exist_ok=True)
        self.results.plan(number, self.engine.plan(command, folder))

    def _check_selection(self, commands: list[int], *, complete: bool) -> None:
        """A criterion that matches nothing is a mistake in `select`, and a remark in `exclude`.

        Args:
            commands: the planned commands that select nodes.
            complete: no command is left to be planned.
        """
        assignment = self._assignment
        if not any(record.command in commands for record in self.results.records()):
            if complete and assignment.empty_selection == "error":
                msg = "nothing selected: the run has no node to work on"
                raise NothingSelected(msg)
            return
        missing = [set(self._unmatched.get(number, ())) for number in commands]
        for name in sorted(set.intersection(*missing)):
            if name in (assignment.settings.select or "").split():
                msg = (
                    f"select: {name} matches nothing in {assignment.project.name}; nothing was run"
                )
                raise SettingsError(msg)
            self._reporter.notice("selection.unmatched", level="warning", criterion=name)

    def _check_plan(self) -> None:
        written = [r.node.writes for r in self.results.records() if r.node.writes]
        place = self.engine.place()
        policy, target = self._assignment.policy, self._assignment.connection.target
        # hooks and operations are no nodes: what they write hangs on the target's own schema
        policy.check_relations(target, [place, *written], own_catalog=place[0])
        self._attempt.announce("plan.json", {"commands": [*self._plan_facts()]})

    def _plan_facts(self) -> Iterator[dict[str, Any]]:
        records = self.results.records()
        for number, command in enumerate(self._assignment.commands):
            nodes = [record.node for record in records if record.command == number]
            yield {"command": str(command), "nodes": [_node_facts(node) for node in nodes]}

    def _run_command(self, number: int, command: Command) -> bool:
        """Execute one command; whether the next one may follow."""
        folder = self._workspace.command(number, command)
        if number and command.needs_previous:
            earlier = self._workspace.command(number - 1, self._assignment.commands[number - 1])
            state.hand_over(earlier, folder)
            self._plan_command(number, command)
            self._check_plan()
        tolerates_stale = self._assignment.tolerates_stale(command)
        self.results.begin(number, tolerates_stale=tolerates_stale)
        if not any(record.command == number for record in self.results.records()):
            return True
        clock = time.monotonic()
        outcome = self.engine.execute(command, folder)
        self._spend("execute", clock)
        for result in outcome.results:
            self._finish(result, final=True)
        self.executed = number + 1
        if outcome.fault is not None:
            raise outcome.fault
        failed = self.results.failed(number)
        return not failed or (command.tolerates_stale and all(r.is_stale for r in failed))

    def _go_on(self) -> None:
        if self._cancellation.requested:
            raise _Stopped

    def _spend(self, part: str, since: float) -> None:
        timings = self._summary.timings_s
        timings[part] = round(timings.get(part, 0.0) + time.monotonic() - since, 3)

    # from dbt's threads

    def _listen(self, event: Event) -> None:
        match event:
            case NodeStarted(unique_id):
                record = self.results.start(unique_id)
                if record:
                    self._reporter.node_started(record, self.results)
            case NodeFinished():
                self._finish(event)
            case Unmatched(criterion):
                self._unmatched.setdefault(self._planning, []).append(criterion)
            case Warned(name, message):
                self._summary.warnings += 1
                told = without(message, self._secrets)
                self._reporter.notice("dbt.warned", level="warning", name=name, message=told)
            case Parsed(how):
                self._summary.parse = how
            case FirstStatement():
                self._summary.timings_s["first_sql"] = self._summary.elapsed()

    def _finish(self, event: NodeFinished, *, final: bool = False) -> None:
        record = self.results.finish(event, final=final)
        if record and record.finished and not record.reported:
            record.reported = True
            self._reporter.node_finished(record, self.results)


def _node_facts(node: Node) -> dict[str, Any]:
    facts = {"unique_id": node.unique_id, "resource_type": node.resource_type}
    return {**facts, "relation": node.relation} if node.relation else facts
