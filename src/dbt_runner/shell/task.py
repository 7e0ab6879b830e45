"""A task that runs a script: the settings of a run, its way into the warehouse, and its end."""

from __future__ import annotations

import secrets
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dbt_runner import argv as command_line
from dbt_runner import policy, project, settings
from dbt_runner.execution.assignment import Assignment, assign
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.execution.preparation import prepare
from dbt_runner.execution.workspace import Workspace
from dbt_runner.jobs import task_values
from dbt_runner.redaction import redacted, secrets_of
from dbt_runner.report.reporter import Reporter
from dbt_runner.settings import Settings
from dbt_runner.shell import ending, script
from dbt_runner.shell.environment import TARGET_FOLDER, environment
from dbt_runner.shell.output import Output
from dbt_runner.shell.process import TICK, Process
from dbt_runner.warehouse import attribution
from dbt_runner.warehouse.access import Access


def run_script(
    words: Sequence[str], environ: Mapping[str, str], reporter: Callable[[Settings], Reporter]
) -> None:
    """Run the script that a job's named parameters ask for, with the settings that they give.

    They are checked as those of a run, before the script starts.

    Args:
        words: `--script=/absolute/path` and settings, `--name=value`.
        reporter: made for the settings.

    Raises:
        RunnerError: it was refused, or did not succeed; the message is one line.
    """
    arguments = command_line.read(words, booleans=settings.BOOLEANS, commands=())
    path = script.find(arguments)
    allowed = policy.load(project.packaged_folder())
    values = {name: text for name, text in arguments.values.items() if name != script.NAME}
    remarks = [f"{name}: given more than once; the last one counts" for name in arguments.repeated]
    folder = settings.project_dir(values, environ)
    chosen = settings.load(values, environ, allowed, in_job=True, warn=remarks.append)
    assignment = assign(chosen, allowed, project.find(folder), in_job=True)
    given = {n: text for n, text in values.items() if text and n in Settings.model_fields}
    Task(assignment, path, reporter(chosen), remarks).execute(environ, given)


class Task:
    """One script under one assignment; `execute` it once."""

    def __init__(
        self, assignment: Assignment, path: Path, reporter: Reporter, remarks: Sequence[str]
    ) -> None:
        self._assignment = assignment
        self._path = path
        self._reporter = reporter
        self._remarks = remarks
        self._cancellation = Cancellation()
        timeout = assignment.settings.timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def execute(self, environ: Mapping[str, str], given: Mapping[str, str]) -> None:
        """Run the script to its end, or to the end that a signal or the time limit makes.

        Raises:
            RunnerError: it did not succeed, or there is no way into the warehouse.
        """
        workspace = Workspace()
        with self._cancellation.handling_signals(for_good=False) as handled:
            try:
                copy = script.copy(self._path, workspace.folder)
                self._report_start(handled=handled)
                access = self._open_access()
                prepare(self._assignment, self._is_to_end, self._reporter.notice)
                if self._is_to_end():
                    raise ending.of_wish(self._path, self._cancellation)
                variables = environment(
                    environ,
                    given,
                    self._assignment,
                    access.login,
                    self._path,
                    workspace.folder,
                )
                output = Output(sys.stdout, access.secrets | secrets_of(environ))
                grace = self._assignment.settings.grace
                process = Process(copy, variables, output, grace)
                status = process.run(self._cancellation, self._look)
                self._conclude(status, output, workspace.folder)
            finally:
                shutil.rmtree(workspace.folder, ignore_errors=True)

    def _report_start(self, *, handled: bool) -> None:
        for remark in self._remarks:
            self._reporter.notice("setting.ignored", level="warning", reason=remark)
        place = script.remark(self._path)
        if place:
            self._reporter.notice("script.misplaced", level="warning", reason=place)
        if not handled:
            reason = "not on the main thread"
            self._reporter.notice("signals.not_handled", level="warning", reason=reason)
        chosen = redacted(self._assignment.settings.model_dump(exclude_none=True))
        self._reporter.notice("script.started", script=str(self._path), settings=chosen)

    def _open_access(self) -> Access:
        """Log in, and wait until the warehouse may be asked."""
        assignment = self._assignment
        access = Access(
            assignment.connection,
            attribution.ids(assignment.settings, secrets.token_hex(4)),
            in_job=True,
            cancelled=lambda: self._cancellation.requested,
            notice=self._reporter.notice,
        )
        access.open()
        while not access.ready.wait(TICK) and not self._is_to_end():
            access.tick()
        if access.fault is not None and not self._is_to_end():
            raise access.fault
        return access

    def _is_to_end(self) -> bool:
        self._look()
        return self._cancellation.requested

    def _look(self) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            timeout = self._assignment.settings.timeout
            self._cancellation.request("timeout", 124, f"timeout of {timeout} s")

    def _conclude(self, status: int, output: Output, folder: Path) -> None:
        if output.summary is not None:
            task_values.publish(output.summary, self._reporter.notice)
        if self._cancellation.requested:
            raise ending.of_wish(self._path, self._cancellation)
        if status:
            target_path = folder / TARGET_FOLDER
            raise ending.of_status(self._path, status, output.summary, target_path)
