"""One run: dbt in a thread of its own; the entering thread listens to signals and the clock."""

from __future__ import annotations

import os
import shutil
import socket
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from dbt_runner.errors import BusyError, NotPublished, RunnerError
from dbt_runner.execution import state
from dbt_runner.execution.assignment import Assignment
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.summary import Summary
from dbt_runner.execution.verdict import count, judge, lose_artifacts
from dbt_runner.execution.work import Work
from dbt_runner.execution.workspace import Workspace
from dbt_runner.redaction import redacted, secrets_of, without
from dbt_runner.report.reporter import Reporter
from dbt_runner.store import rescue, retention
from dbt_runner.store.artifacts import Attempt
from dbt_runner.store.retention import Limits
from dbt_runner.versions import commit, own_version
from dbt_runner.warehouse import attribution
from dbt_runner.warehouse.access import Access

TICK = 0.05
"""Seconds between two looks at signals and the clock."""
MAX_PRUNING = 10.0
"""Seconds that a run spends on removing older ones."""


class Run:
    """One run of an assignment; `execute` it once.

    Args:
        began: when the process started, seconds since the epoch.
        remarks: about settings that were ignored, to be reported.
        publish: told the summary, as it is printed, before it is printed.

    Raises:
        RunnerError: there is no place for its artifacts or its working folder; nothing was started.
    """

    def __init__(
        self,
        assignment: Assignment,
        reporter: Reporter,
        began: float,
        remarks: Sequence[str] = (),
        publish: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._assignment = assignment
        self._reporter = reporter
        self._remarks = remarks
        self._publish = publish
        self._cancellation = Cancellation()
        self._not_cancelled = Counter[str]()
        self._kept = False
        self._attempt = Attempt(assignment.place, began, assignment.key, self._secrets)
        self._attempt.create()
        self._workspace = Workspace()
        self._summary = Summary(
            attempt=self._attempt.id,
            run_type=assignment.run_type.name,
            target=assignment.connection.target,
            resume_key=self._attempt.key,
            catalog=assignment.connection.catalog,
            target_schema=assignment.connection.target_schema,
            commands=[str(command) for command in assignment.commands],
            began=began,
            versions={"dbt_runner": own_version()},
        )
        self._access = Access(
            assignment.connection,
            attribution.ids(assignment.settings, self._attempt.id),
            in_job=assignment.in_job,
            cancelled=lambda: self._cancellation.requested,
            notice=reporter.notice,
        )
        self._work = Work(
            assignment,
            self._workspace,
            self._attempt,
            self._summary,
            self._cancellation,
            reporter,
            self._access,
        )

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
                self._work.begin()
                self._access.open()
                let_go = self._wait()
                summary = self._conclude()
            finally:
                if self._work.done.is_set():
                    self._work.leases.release()
                if not self._kept:
                    shutil.rmtree(self._workspace.folder, ignore_errors=True)
            if not let_go:
                os._exit(summary.exit_code)
            return summary

    def _report_start(self, *, handled: bool) -> None:
        assignment, summary = self._assignment, self._summary
        place = ".".join(filter(None, (summary.catalog, summary.target_schema)))
        facts = {
            "attempt": self._attempt.id,
            "resume_key": summary.resume_key,
            "project": assignment.project.name,
            "place": place or summary.target,
            "commands": summary.commands,
            "settings": redacted(assignment.settings.model_dump(exclude_none=True)),
            "versions": {**summary.versions, **self._work.engine.versions()},
            "commit": commit(),
            "process": {"host": socket.gethostname(), "pid": os.getpid()},
        }
        self._attempt.announce("run.json", facts)
        self._reporter.started(facts)
        for remark in self._remarks:
            self._reporter.notice("setting.ignored", level="warning", reason=remark)
        if not handled:
            reason = "not on the main thread"
            self._reporter.notice("signals.not_handled", level="warning", reason=reason)

    def _wait(self) -> bool:
        """Wait for the work; cancel when that is wished. Whether dbt came back."""
        settings, cancellation = self._assignment.settings, self._cancellation
        deadline = None if settings.timeout is None else time.monotonic() + settings.timeout
        told = False
        while not self._work.done.wait(TICK):
            self._access.tick()
            self._heed_leases()
            if deadline is not None and time.monotonic() > deadline:
                cancellation.request("timeout", 124, f"timeout of {settings.timeout} s")
            if not cancellation.requested:
                continue
            if not told:
                told = True
                self._work.results.cancel()
                self._reporter.notice("run.cancelling", cause=cancellation.cause)
            self._cancel_queries()
            if cancellation.impatient or time.monotonic() > cancellation.since + settings.grace:
                return False
        return True

    def _heed_leases(self) -> None:
        lost = self._work.leases.lost
        if lost:
            self._cancellation.request("cancelled", BusyError.exit_code, f"a lost lease: {lost}")

    def _cancel_queries(self) -> None:
        try:
            self._work.engine.cancel()
        except Exception as error:  # noqa: BLE001 - any adapter; the next tick tries again
            text = without(str(error), self._secrets())
            self._not_cancelled[text] += 1
            # once it may be a query that was just about to end
            if self._not_cancelled[text] == 2:
                self._reporter.notice("query.not_cancelled", level="warning", error=text)

    def _conclude(self) -> Summary:
        """Publish, and say how the run ended."""
        summary, results, fault = self._summary, self._work.results, self._work.fault
        results.close()
        lost = None
        built = self._work.executed == len(self._assignment.commands) and not results.failed()
        if isinstance(fault, OSError) and built:
            lost = f"dbt could not write its artifacts: {fault.strerror or fault}"
            fault = None
        not_stored = self._store()
        lost = lost or not_stored
        self._heed_leases()
        # from here on a signal changes nothing
        self._cancellation.close()
        summary.versions.update(self._work.engine.versions())
        summary.elapsed_s = summary.elapsed()
        earlier = self._work.resume.earlier
        summary.resumed_from = earlier.attempt.id if earlier else None
        count(summary, results, self._assignment, self._workspace)
        judge(summary, results, self._assignment, self._cancellation, fault, self._secrets())
        if fault is not None and not isinstance(fault, RunnerError | OSError):
            trace = without("".join(traceback.format_exception(fault)), self._secrets())
            self._reporter.notice("run.crashed", level="error", traceback=trace)
        if lost:
            self._lose(lost)
        else:
            summary.artifacts = str(self._attempt.folder)
        try:
            self._attempt.write("summary.json", summary.as_dict())
            if not lost:
                self._attempt.complete()
        except NotPublished as error:
            if not lost:
                self._lose(str(error))
        if self._work.done.is_set():
            # else dbt may still write, until the process has ended
            self._work.leases.release()
        self._remove_old_runs()
        if self._publish is not None:
            self._publish(summary.as_dict())
        self._reporter.finished(summary, results)
        return summary

    def _store(self) -> str | None:
        """Copy out what the run leaves; why not all of it is stored."""
        is_journal_whole = self._work.journal.close()
        try:
            self._attempt.publish(self._workspace.folder)
        except NotPublished as error:
            return str(error)
        return None if is_journal_whole else "the journal could not be written"

    def _remove_old_runs(self) -> None:
        if self._cancellation.status or self._summary.lost:
            # whoever cancelled waits for the end; without a marker this run is not the newest
            return
        assignment, settings = self._assignment, self._assignment.settings
        pruned = retention.prune(
            assignment.place,
            Limits(settings.keep_runs, settings.keep_days),
            state.COMPARED,
            spare=self._attempt.folder.name,
            seconds=MAX_PRUNING,
        )
        if pruned.removed:
            removed = [stored.id for stored in pruned.removed]
            self._reporter.notice("runs.removed", attempts=removed)
        if pruned.problem:
            self._reporter.notice("runs.not_removed", level="warning", reason=pruned.problem)

    def _secrets(self) -> frozenset[str]:
        return self._access.secrets | secrets_of(os.environ)

    def _lose(self, reason: str) -> None:
        folder = self._workspace.folder
        self._kept = rescue.keep(folder, self._secrets())
        if self._kept:
            reason = f"{reason}; what there is of them is kept in {folder}"
        lose_artifacts(self._summary, reason)
        if self._kept:
            rescue.note(folder, self._summary.as_dict())
        self._reporter.notice("artifacts.lost", level="error", reason=reason)
