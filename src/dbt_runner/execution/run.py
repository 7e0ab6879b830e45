"""One run: dbt in a worker thread, while the entering thread listens to signals and the clock."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbt_runner.engine.engine import Engine, Node, Options
from dbt_runner.engine.events import (
    Event,
    FirstStatement,
    NodeFinished,
    NodeStarted,
    Parsed,
    Status,
    Unmatched,
    Warned,
)
from dbt_runner.errors import (
    BusyError,
    DbtError,
    NotPublished,
    ProjectError,
    RunnerError,
    SettingsError,
)
from dbt_runner.execution import state
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.commands import commands
from dbt_runner.execution.results import Results
from dbt_runner.execution.summary import MAX_FAILED, Summary, failure
from dbt_runner.policy import Policy
from dbt_runner.project import Project
from dbt_runner.redaction import redacted
from dbt_runner.report.reporter import Reporter
from dbt_runner.run_types import Command
from dbt_runner.selection import tokens
from dbt_runner.settings import Settings
from dbt_runner.store.artifacts import Attempt, place
from dbt_runner.store.parse_cache import ParseCache
from dbt_runner.versions import commit, own_version
from dbt_runner.warehouse import duckdb
from dbt_runner.warehouse.targets import connect

TICK = 0.05


class _Stopped(Exception):
    """The run is to end before its next step."""


class Run:
    """One run of one project. Making it checks everything that needs no dbt; `execute` runs it.

    Args:
        began: when the process started, seconds since the epoch.
        remarks: about settings that were ignored, to be reported.

    Raises:
        RunnerError: a setting, the policy, the project or the target does not allow the run;
            nothing was started.
    """

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        project: Project,
        reporter: Reporter,
        began: float,
        remarks: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._project = project
        self._reporter = reporter
        self._began = began
        self._remarks = remarks
        self._run_type = policy.run_type(settings.run_type)
        self._commands = list(commands(self._run_type, settings))
        self._connection = connect(settings, policy, project)
        target, schema = self._connection.target, self._connection.target_schema
        if any(command.full_refresh for command in self._commands):
            policy.check_full_refresh(target, schema, settings.full_refresh_confirm)
        self._place = place(
            Path(settings.artifacts), project.name, target, self._connection.catalog, schema
        )
        self._commands, self._state = state.resolve(
            self._commands, settings, policy, project, self._place
        )
        self._attempt = Attempt(self._place, began)
        self._attempt.create()
        self._workspace = _make_workspace()
        self._cancellation = Cancellation()
        self._not_cancelled: set[str] = set()
        self._results = Results()
        self._unmatched: dict[int, list[str]] = {}
        self._planning = 0
        self._done = threading.Event()
        self._fault: BaseException | None = None
        self._timings: dict[str, float] = {}
        self._summary = Summary(
            attempt=self._attempt.id,
            run_type=settings.run_type,
            target=target,
            resume_key=settings.resume_key,
            catalog=self._connection.catalog,
            target_schema=schema,
            commands=[str(command) for command in self._commands],
            started_at=_utc(began),
            versions={"dbt_runner": own_version()},
        )
        self._engine = Engine(self._options(), self._listen)

    def execute(self, *, ends_process: bool = False) -> Summary:
        """Run dbt to its end, or to the end that a signal or the time limit makes.

        Args:
            ends_process: the process ends with this run, with the summary's exit code.

        Returns:
            The summary; it is published and reported already. Does not return where dbt does not
            let go within `grace` seconds of the first signal: then the process ends.
        """
        with self._cancellation.handling_signals(for_good=ends_process) as handled:
            try:
                self._report_start(handled=handled)
                worker = threading.Thread(target=self._work, name="dbt", daemon=True)
                worker.start()
                let_go = self._wait()
                summary = self._conclude()
            finally:
                shutil.rmtree(self._workspace, ignore_errors=True)
            if not let_go:
                os._exit(summary.exit_code)
            return summary

    # in the entering thread

    def _wait(self) -> bool:
        """Wait for the worker; cancel when that is wished. Whether dbt came back."""
        settings, cancellation = self._settings, self._cancellation
        deadline = None if settings.timeout is None else time.monotonic() + settings.timeout
        told = False
        while not self._done.wait(TICK):
            if deadline is not None and time.monotonic() > deadline:
                cancellation.request("timeout", 124, f"timeout of {settings.timeout} s")
            if not cancellation.requested:
                continue
            if not told:
                told = True
                self._results.cancel()
                self._reporter.notice("run.cancelling", cause=cancellation.cause)
            self._cancel_queries()
            if cancellation.impatient or time.monotonic() > cancellation.since + settings.grace:
                return False
        return True

    def _cancel_queries(self) -> None:
        try:
            self._engine.cancel()
        except Exception as error:  # noqa: BLE001 - any adapter; the next tick tries again
            if str(error) not in self._not_cancelled:
                self._not_cancelled.add(str(error))
                self._reporter.notice("query.not_cancelled", level="warning", error=str(error))

    def _conclude(self) -> Summary:
        """Publish, and say how the run ended."""
        self._results.close()
        fault = self._fault
        written = self._results.has_plan and not self._results.failed()
        lost: str | None = None
        if isinstance(fault, OSError) and written:
            lost = f"dbt could not write its artifacts: {fault.strerror or fault}"
        try:
            self._publish()
        except NotPublished as error:
            lost = lost or str(error)
        summary = self._summary
        # what a signal changes from here on is only how the process ends
        self._cancellation.close()
        self._fill(summary)
        self._judge(summary, None if lost and written else fault)
        if lost:
            self._lose(summary, lost)
        else:
            summary.artifacts = str(self._attempt.folder)
        try:
            self._attempt.write("summary.json", summary.as_dict())
            if not lost:
                self._attempt.complete()
        except NotPublished as error:
            self._lose(summary, str(error))
        self._reporter.finished(summary, self._results)
        return summary

    def _publish(self) -> None:
        if not self._attempt.folder.is_dir():
            msg = f"{self._attempt.folder} has vanished during the run"
            raise NotPublished(msg)
        self._attempt.publish(self._workspace)

    def _fill(self, summary: Summary) -> None:
        if self._results.has_plan:
            summary.nodes = self._results.counts()
        told = [r for r in self._results.failed() if r.status is not Status.NOT_STARTED]
        for record in told[:MAX_FAILED]:
            compiled = None
            if record.compiled:
                path = f"{self._folder(record.command).name}/{record.compiled}"
                compiled = f"commands/{path}"
            summary.failed.append(failure(record, compiled))
        summary.versions.update(self._engine.versions())
        summary.elapsed_s = round(time.time() - self._began, 3)
        summary.timings_s = {name: round(value, 3) for name, value in self._timings.items()}

    def _judge(self, summary: Summary, fault: BaseException | None) -> None:
        settings, cancellation = self._settings, self._cancellation
        empty = settings.empty_selection or self._run_type.empty_selection
        nodes = summary.nodes or {}
        if cancellation.status:
            summary.status, summary.exit_code = cancellation.status, cancellation.exit_code
            summary.error = f"{cancellation.status} by {cancellation.cause}"
        elif fault is not None:
            summary.status, summary.exit_code = "error", _exit_code(fault)
            summary.error = str(fault) or type(fault).__name__
        elif nodes.get("total", 0) == 0 and empty == "error":
            summary.status, summary.exit_code = "error", 3
            summary.error = "nothing selected: the run has no node to work on"
        elif self._results.failed():
            summary.status, summary.exit_code = "failed", 1
            if any(duckdb.is_busy(item["message"] or "") for item in summary.failed[:1]):
                summary.status, summary.exit_code = "error", BusyError.exit_code
        elif settings.warnings == "error" and (nodes.get("warn") or summary.warnings):
            summary.status, summary.exit_code = "failed", 1
            summary.error = (
                f"{nodes.get('warn', 0)} nodes and {summary.warnings} messages of dbt warned, and "
                "warnings=error"
            )

    def _lose(self, summary: Summary, reason: str) -> None:
        summary.artifacts = None
        if summary.exit_code == 0:
            summary.exit_code = NotPublished.exit_code
            summary.error = reason
        self._reporter.notice("artifacts.lost", level="error", reason=reason)

    def _report_start(self, *, handled: bool) -> None:
        settings = self._settings
        facts = {
            "attempt": self._attempt.id,
            "project": self._project.name,
            "place": ".".join(filter(None, (self._summary.catalog, self._summary.target_schema)))
            or self._connection.target,
            "commands": self._summary.commands,
            "settings": redacted(settings.model_dump(exclude_none=True)),
            "versions": {**self._summary.versions, **self._engine.versions()},
            "commit": commit(),
        }
        self._write_down("run.json", facts)
        self._reporter.started(facts)
        for remark in self._remarks:
            self._reporter.notice("setting.ignored", level="warning", reason=remark)
        if not handled:
            self._reporter.notice(
                "signals.not_handled", level="warning", reason="not on the main thread"
            )

    # in the worker thread

    def _work(self) -> None:
        try:
            self._drive()
        except _Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again, or judged, by `_conclude`
            self._fault = error
        finally:
            self._done.set()

    def _drive(self) -> None:
        clock = time.monotonic()
        with self._engine.session():
            self._timings["import"] = time.monotonic() - clock
            if self._engine.dropped_variables:
                names = ", ".join(self._engine.dropped_variables)
                self._reporter.notice("environment.dropped", level="warning", names=names)
            self._go_on()
            self._prepare()
            self._go_on()
            self._parse()
            self._go_on()
            self._plan()
            for number, command in enumerate(self._commands):
                self._go_on()
                if not self._run_command(number, command):
                    break

    def _prepare(self) -> None:
        """See to it that what dbt expects to find is there."""
        output = self._connection.output or {}
        if output.get("type") != "duckdb" or self._settings.profiles_dir:
            return
        file = Path(output["path"])
        target = self._policy.targets.get(self._connection.target)
        if target and target.samples:
            scale = self._settings.sample_scale
            if not duckdb.has_samples(scale):
                self._reporter.notice("samples.generating", scale=scale)
            duckdb.offer_samples(file, scale, lambda: self._cancellation.requested)
        else:
            duckdb.prepare_file(file)

    def _parse(self) -> None:
        self._reporter.notice("run.parsing")
        clock = time.monotonic()
        folder = self._workspace / "parse"
        cache = ParseCache(
            self._project.folder,
            self._connection.target,
            self._connection.catalog,
            self._connection.target_schema,
            sorted(self._settings.vars.items(), key=lambda item: item[0]),
        )
        if self._settings.warnings == "ok":
            # dbt does not warn again about files that it need not parse again
            cache.restore(folder)
        self._engine.parse(folder)
        problem = cache.keep(folder)
        if problem:
            self._reporter.notice("parse.not_kept", level="debug", reason=problem)
        self._timings["parse"] = time.monotonic() - clock
        self._summary.catalog, self._summary.target_schema = self._engine.place()

    def _plan(self) -> None:
        """Plan every command, check the plan, and write it down before anything is written."""
        for number, command in enumerate(self._commands):
            if number == 0 or not command.needs_previous:
                self._plan_command(number, command)
        self._check_selection()
        self._check_plan()
        self._reporter.planned(self._results)

    def _plan_command(self, number: int, command: Command) -> None:
        self._planning = number
        folder = self._folder(number)
        folder.mkdir(parents=True, exist_ok=True)
        self._results.plan(number, self._engine.plan(command, folder))

    def _check_selection(self) -> None:
        """A criterion that matches nothing is a mistake in `select`, and a remark in `exclude`."""
        if self._results.counts()["total"] == 0:
            return
        planned = [self._unmatched.get(n, []) for n in range(len(self._commands))]
        missing = set(planned[0]).intersection(*planned[1:])
        for name in sorted(missing):
            if name in tokens(self._settings.select):
                msg = f"select: {name} matches nothing in {self._project.name}; nothing was run"
                raise SettingsError(msg)
            self._reporter.notice("selection.unmatched", level="warning", criterion=name)

    def _check_plan(self) -> None:
        records = self._results.records()
        written = [record.node.writes for record in records if record.node.writes]
        self._policy.check_relations(self._connection.target, written)
        self._write_down("plan.json", {"commands": [*self._plan_facts()]})

    def _write_down(self, name: str, facts: dict[str, Any]) -> None:
        """Write an artifact that has to be there before the run goes on."""
        try:
            self._attempt.write(name, facts)
        except NotPublished as error:
            msg = f"artifacts: {error}; name another folder"
            raise SettingsError(msg) from error

    def _plan_facts(self) -> Iterator[dict[str, Any]]:
        records = self._results.records()
        for number, command in enumerate(self._commands):
            nodes = [record.node for record in records if record.command == number]
            yield {"command": str(command), "nodes": [_node_facts(node) for node in nodes]}

    def _run_command(self, number: int, command: Command) -> bool:
        """Execute one command; whether the next one may follow."""
        if number and command.needs_previous:
            state.hand_over(self._folder(number - 1), self._folder(number))
            self._plan_command(number, command)
            self._check_plan()
        self._results.begin(number, tolerates_stale=self._tolerates_stale(command))
        if not any(record.command == number for record in self._results.records()):
            return True
        clock = time.monotonic()
        outcome = self._engine.execute(command, self._folder(number))
        spent = time.monotonic() - clock
        self._timings["execute"] = self._timings.get("execute", 0.0) + spent
        for result in outcome.results:
            self._finish(result)
        if outcome.fault is not None:
            raise outcome.fault
        failed = self._results.failed(number)
        return not failed or (command.tolerates_stale and all(r.is_stale for r in failed))

    def _finish(self, event: NodeFinished) -> None:
        record = self._results.finish(event)
        if record and record.finished and not record.reported:
            record.reported = True
            self._reporter.node_finished(record, self._results)

    def _tolerates_stale(self, command: Command) -> bool:
        return command.tolerates_stale and self._policy.stale_sources == "ok"

    def _go_on(self) -> None:
        if self._cancellation.requested:
            raise _Stopped

    # from dbt's threads

    def _listen(self, event: Event) -> None:
        results, reporter = self._results, self._reporter
        match event:
            case NodeStarted(unique_id):
                record = results.start(unique_id)
                if record:
                    reporter.node_started(record, results)
            case NodeFinished():
                self._finish(event)
            case Unmatched(criterion):
                self._unmatched.setdefault(self._planning, []).append(criterion)
            case Warned(name, message):
                self._summary.warnings += 1
                reporter.notice("dbt.warned", level="warning", name=name, message=message)
            case Parsed(how):
                self._summary.parse = how
            case FirstStatement():
                self._timings["first_sql"] = time.time() - self._began

    def _options(self) -> Options:
        settings = self._settings
        return Options(
            project=self._project.folder,
            connection=self._connection,
            workspace=self._workspace,
            threads=settings.threads,
            variables=settings.vars,
            fail_fast=settings.fail_fast,
            warnings_are_errors=settings.warnings == "error",
            state=self._state,
            favor_state=settings.favor_state,
            log_level=settings.log_level,
        )

    def _folder(self, number: int) -> Path:
        name = self._commands[number].name.replace(" ", "-")
        return self._workspace / "commands" / f"{number + 1:02}-{name}"


def _make_workspace() -> Path:
    try:
        # dbt resolves links in some paths and not in others
        return Path(os.path.realpath(tempfile.mkdtemp(prefix="dbt-runner-")))
    except OSError as error:
        msg = f"TMPDIR: no temporary folder can be made: {error.strerror or error}"
        raise ProjectError(msg) from error


def _node_facts(node: Node) -> dict[str, Any]:
    facts = {"unique_id": node.unique_id, "resource_type": node.resource_type}
    return {**facts, "relation": node.relation} if node.relation else facts


def _exit_code(fault: BaseException) -> int:
    if duckdb.is_busy(str(fault)):
        return BusyError.exit_code
    return fault.exit_code if isinstance(fault, RunnerError) else DbtError.exit_code


def _utc(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
