"""The part of a run that drives dbt: prepare, parse, plan, and one command after the other."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from dbt_runner.baked.shipped import NoState
from dbt_runner.engine.engine import Engine
from dbt_runner.engine.events import (
    GREEN,
    CredentialsFixed,
    Event,
    FirstStatement,
    NodeFinished,
    NodeStarted,
    Parsed,
    Patched,
    Unmatched,
    Warned,
)
from dbt_runner.errors import NotPublished
from dbt_runner.execution import parsing, state
from dbt_runner.execution.assignment import Assignment
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.planning import Planning
from dbt_runner.execution.preparation import prepare_when_free
from dbt_runner.execution.pruning import prune
from dbt_runner.execution.results import Record, Results
from dbt_runner.execution.resume import Resume
from dbt_runner.execution.retries import Retries
from dbt_runner.execution.summary import Summary
from dbt_runner.execution.workspace import Workspace
from dbt_runner.redaction import secrets_of, without
from dbt_runner.report.reporter import Reporter
from dbt_runner.run_types import Command
from dbt_runner.store import journal
from dbt_runner.store.artifacts import Attempt
from dbt_runner.store.journal import STARTED, THROUGH, Journal
from dbt_runner.store.leases import Leases
from dbt_runner.warehouse.access import Access
from dbt_runner.warehouse.attribution import owner
from dbt_runner.warehouse.connection import Login


class _Stopped(Exception):
    """The run is to end before its next step."""


class Work:
    """dbt at work, in a thread of its own.

    Attributes:
        done: set when the thread is through, whatever happened.
        fault: what stopped it, where it is no node's failure.
        results: the nodes' statuses, up to date at any moment.
        resume: what is taken over from an earlier attempt.
        journal: the nodes' statuses as they come, in the store.
        leases: what the run may write.
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
        access: Access,
    ) -> None:
        self._assignment = assignment
        self._workspace = workspace
        self._attempt = attempt
        self._summary = summary
        self._cancellation = cancellation
        self._reporter = reporter
        self._access = access
        self.done = threading.Event()
        self.fault: BaseException | None = None
        self.results = Results()
        self.executed = 0
        self._warned: list[Warned] = []
        self.engine = Engine(assignment.options(workspace.folder), self._listen)
        self.resume = Resume(assignment, workspace, self.engine, self.results, reporter)
        self.journal = Journal(attempt.folder, self._tell_of_journal)
        self.leases = Leases(
            Path(assignment.settings.artifacts),
            lambda: owner(assignment.settings, attempt.id, attempt.key, access.host),
            self._go_on,
            reporter.notice,
        )
        self._planning = Planning(
            assignment,
            workspace,
            attempt,
            self.engine,
            access,
            self.results,
            reporter,
            self.resume,
            self.leases,
        )

    def begin(self) -> None:
        """Start the thread."""
        self.journal.begin()
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
        with self.engine.session(self._log_in):
            self._spend("import", clock)
            if self.engine.dropped_variables:
                names = ", ".join(self.engine.dropped_variables)
                self._reporter.notice("environment.dropped", level="warning", names=names)
            before = (self._parse, self._await_warehouse, self._planning.plan, self._prepare)
            for step in (*before, self._prune):
                self._go_on()
                step()
            for number, command in enumerate(self._assignment.commands):
                self._go_on()
                if not self._run_command(number, command):
                    break

    def _log_in(self) -> Login:
        self._await(self._access.connected)
        return self._access.login

    def _await_warehouse(self) -> None:
        clock = time.monotonic()
        self._await(self._access.ready)
        if self._assignment.connection.address:
            self._spend("warehouse", clock)

    def _await(self, event: threading.Event) -> None:
        while not event.wait(0.05):
            self._go_on()
        if self._access.fault is not None:
            raise self._access.fault

    def _prepare(self) -> None:
        # after the lease: who waits for it, or is turned away, does not even touch the file
        prepare_when_free(
            self._assignment,
            lambda: self._cancellation.requested,
            self._reporter.notice,
            self._assignment.settings.wait_for_lock - self.leases.waited,
            self._pause,
        )

    def _parse(self) -> None:
        self._reporter.notice("run.parsing")
        clock = time.monotonic()
        folder = self._workspace.parse
        try:
            warnings = parsing.serve(self._assignment, self.engine, folder)
        except NoState as why:
            problem = parsing.parse(self._assignment, self.engine, folder)
            if problem:
                self._reporter.notice("parse.not_kept", level="debug", reason=problem)
            if str(why):
                how, _, reason = (self._summary.parse or "full").partition(": ")
                self._summary.parse = f"{how}: {why} ({reason})"
        else:
            self._summary.parse = "baked"
            # of what loading the project warns of, dbt has warned again
            for warning in (Counter(warnings) - Counter(self._warned)).elements():
                self._listen(warning)
        self._spend("parse", clock)
        self._summary.catalog, self._summary.target_schema = self.engine.place()

    def _prune(self) -> None:
        if self._assignment.settings.prune:
            prune(self._assignment, self.engine, self.results, self._reporter.notice)

    def _run_command(self, number: int, command: Command) -> bool:
        """Execute one command; whether the next one may follow."""
        folder = self._workspace.command(number, command)
        if number and command.needs_previous and not self._planning.is_planned(number):
            earlier = self._workspace.command(number - 1, self._assignment.commands[number - 1])
            state.hand_over(earlier, folder)
            self._planning.plan_later(number, command)
        tolerates_stale = self._assignment.tolerates_stale(command)
        self.results.begin(number, tolerates_stale=tolerates_stale)
        if not any(record.command == number for record in self.results.records()):
            return True
        rest = self.resume.rest(number, command)
        if rest is not None:
            self._execute(number, command, rest, folder)
        self.executed = number + 1
        self.resume.complete_artifacts(number, command)
        # what cannot be stored now is tried again at the end
        with suppress(NotPublished):
            self._attempt.publish_command(folder)
            if not command.is_repeatable:
                self._note_through(number)
        failed = self.results.failed(number)
        return not failed or (command.tolerates_stale and all(r.is_stale for r in failed))

    def _execute(self, number: int, command: Command, rest: Command, folder: Path) -> None:
        clock = time.monotonic()
        outcome = self.engine.execute(rest, folder, self.results.planned(number))
        for result in outcome.results:
            self._finish_for_good(result)
        if not outcome.fault:
            outcome = self._retries().follow(number, command, folder, outcome)
        self._spend("execute", clock)
        if outcome.fault is not None:
            self.executed = number + 1
            raise outcome.fault
        if command.is_repeatable:
            self._note_through(number)

    def _retries(self) -> Retries:
        return Retries(
            self.engine,
            self.results,
            self._reporter,
            self._assignment.settings.node_retries,
            self._pause,
            self._finish_for_good,
        )

    def _pause(self, seconds: float) -> None:
        self._go_on()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.05)
            self._go_on()

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
                    self._note_start(record)
                    self._reporter.node_started(record, self.results)
            case NodeFinished():
                self._finish(event)
            case Unmatched(criterion):
                self._planning.note_unmatched(criterion)
            case Warned(name, message):
                self._warned.append(event)
                self._summary.warnings += 1
                told = without(message, self._secrets())
                self._reporter.notice("dbt.warned", level="warning", name=name, message=told)
            case CredentialsFixed(reason):
                self._access.fix(reason)
            case Patched(names, refused):
                facts = {"patches": ", ".join(names), **refused}
                self._reporter.notice("dbt.patched", level="debug", **facts)
            case Parsed(how):
                self._summary.parse = how
            case FirstStatement():
                self._summary.timings_s["first_sql"] = self._summary.elapsed()

    def _finish_for_good(self, result: NodeFinished) -> None:
        self._finish(result, final=True)

    def _finish(self, event: NodeFinished, *, final: bool = False) -> None:
        if event.message:
            event = replace(event, message=without(event.message, self._secrets()))
        record = self.results.finish(event, final=final)
        if record and record.finished:
            self._note(record, record.status.value)
        if record and record.finished and not record.reported:
            record.reported = True
            self._reporter.node_finished(record, self.results)

    def _secrets(self) -> frozenset[str]:
        return self._access.secrets | secrets_of(os.environ)

    def _note_through(self, number: int) -> None:
        """Note that nothing of a command is left, if that is so.

        The hooks on its end are, until dbt comes back; and of what is made as a whole, that its
        artifacts are stored.
        """
        if not self.results.failed(number):
            self.journal.add(journal.entry(number, "", THROUGH))

    def _note_start(self, record: Record) -> None:
        """Note that a node is begun, if it matters to an attempt that would begin it again."""
        node = record.node
        if not node.idempotent and (node.writes or node.resource_type == "operation"):
            self._note(record, STARTED)

    def _note(self, record: Record, status: str) -> None:
        # what went wrong may hold data, and is executed again anyhow
        message = record.message if status in GREEN else None
        self.journal.add(
            journal.entry(
                record.command,
                record.node.unique_id,
                status,
                seconds=record.seconds,
                message=message,
                rows=record.rows,
            )
        )

    def _tell_of_journal(self, reason: str) -> None:
        self._reporter.notice("journal.not_written", level="warning", reason=reason)
