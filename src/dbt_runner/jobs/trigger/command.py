"""The commands `trigger`, `attach`, `cancel` and `repair`."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from dbt_runner.argv import printable
from dbt_runner.errors import Cancelled, LostContact, RunnerError, SettingsError
from dbt_runner.jobs.trigger import following, job_choice, lookup, options, starting, usage
from dbt_runner.jobs.trigger.client import Client, workspace
from dbt_runner.jobs.trigger.interrupts import Interrupted, as_exceptions
from dbt_runner.jobs.trigger.job_run import JobRun
from dbt_runner.jobs.trigger.options import Options
from dbt_runner.jobs.trigger.reporting import ConsoleReport, JsonReport, Report
from dbt_runner.report.sink import Sink
from dbt_runner.warehouse.credentials import Credentials
from dbt_runner.warehouse.refusals import Missing

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_CANCEL_WAIT = 60
"""Seconds that an interrupted client waits for the end of what it cancelled."""


@dataclass
class _Command:
    """One command as it is carried out.

    Attributes:
        run_id: of the run that it is about, once that is known.
        sent: a request may have begun a run.
    """

    options: Options
    report: Report
    run_id: int | None = None
    sent: bool = False
    ws: WorkspaceClient | None = None
    tick: Callable[[], object] = field(default=lambda: None)

    def tell(self, event: str, **facts: Any) -> None:
        """Print an event, and keep what an interruption needs to know."""
        self.sent = self.sent or event == "trigger.sent"
        if event in {"job_run.started", "trigger.resumed"}:
            self.run_id = facts["job_run_id"]
        self.report.event(event, **facts)

    def connect(self, host: str | None) -> WorkspaceClient:
        """Log in."""
        credentials = Credentials(host, in_job=False)
        self.tell("credentials.found", host=credentials.host, auth_type=credentials.auth_type)
        self.ws, self.tick = workspace(credentials), credentials.renew
        return self.ws


def run(words: Sequence[str]) -> None:
    """Do what a command line asks for; its first word is the command.

    Raises:
        RunnerError: it was refused, or the run did not end well, or is not known to have ended.
    """
    given = options.read(words)
    sink = Sink(sys.stdout)
    if given.wants_help:
        sink.write(f"{usage.text(given.command)}\n")
        return
    command = _Command(given, _report(given, sink))
    with as_exceptions():
        try:
            _carry_out(command)
        except RunnerError:
            raise
        except Exception as error:
            if not command.sent and command.run_id is None:
                raise
            # the caller's exit code would say that nothing was started
            traceback.print_exc()
            run = f"job run {command.run_id}" if command.run_id else "a run that was asked for"
            msg = f"{given.command}: a fault of its own, told above; {run} may still be going"
            raise LostContact(msg) from error


def _carry_out(command: _Command) -> None:
    do = {"trigger": _trigger, "attach": _attach, "cancel": _cancel, "repair": _repair}
    try:
        do[command.options.command](command)
    except KeyboardInterrupt as error:
        raise _interrupted(command, error) from None
    except Missing as error:
        if command.options.command == "trigger":
            raise
        msg = f"job_run_id: {command.run_id}: {error}; or it is not yours to see"
        raise SettingsError(msg) from error


def _trigger(command: _Command) -> None:
    given = command.options
    timeout, wait = given.timeout, not given.flag("no_wait")
    for one, other in (("resume", "another"), ("no_wait", "timeout")):
        if one in given.values and other in given.values:
            msg = f"{one}: does not go together with {other}; use one of them"
            raise SettingsError(msg)
    resume, another, dry_run = (given.flag(name) for name in ("resume", "another", "dry_run"))
    cancels = given.flag("cancel_on_interrupt")
    job, host = job_choice.read(given)
    intent = {
        **job,
        "send": job.get("send", given.values.get("send")),
        "idempotency_token": job.get("idempotency_token", given.values.get("idempotency_token")),
        "once_per": given.values.get("once_per"),
    }
    ws = command.connect(host)
    if dry_run:
        client = Client.of(ws, command.tell)
        request = starting.prepare(client, client.wait(timeout), **intent)
        command.report.dry_run(request, wait=wait, timeout=timeout)
        return
    found = starting.trigger(
        ws,
        **intent,
        resume=resume,
        another=another,
        wait=wait,
        timeout=timeout,
        tell=command.tell,
        tick=command.tick,
        report=command.report.ended,
        after_interrupt=_CANCEL_WAIT / 2 if cancels else 0,
    )
    if wait:
        _raise_unless_success(found)


def _attach(command: _Command) -> None:
    run_id, timeout = _run_id(command), command.options.timeout
    ws = command.connect(command.options.values.get("host"))
    found = following.attach(ws, run_id, timeout=timeout, tell=command.tell, tick=command.tick)
    command.report.ended(found)
    _raise_unless_success(found)


def _cancel(command: _Command) -> None:
    run_id, timeout = _run_id(command), command.options.timeout
    ws = command.connect(command.options.values.get("host"))
    found = following.cancel(ws, run_id, timeout=timeout, tell=command.tell, tick=command.tick)
    command.report.ended(found)
    if found.outcome is None:
        raise _told(LostContact(found.sentence()))


def _repair(command: _Command) -> None:
    run_id, timeout = _run_id(command), command.options.timeout
    wait = not command.options.flag("no_wait")
    ws = command.connect(command.options.values.get("host"))
    found = following.repair(
        ws, run_id, wait=wait, timeout=timeout, tell=command.tell, tick=command.tick
    )
    command.report.ended(found)
    if wait:
        _raise_unless_success(found)


def _run_id(command: _Command) -> int:
    subject = command.options.subject
    if subject is None:
        name = command.options.command
        msg = f"job_run_id: is missing, as in dbt-runner {name} 123"
        raise SettingsError(msg)
    command.run_id = lookup.number("job_run_id", subject)
    return command.run_id


def _report(given: Options, sink: Sink) -> Report:
    wanted = given.values.get("log_format") or ("console" if sink.isatty() else "json")
    if wanted not in {"console", "json"}:
        msg = f"log_format: must be console or json, got {printable(wanted)}"
        raise SettingsError(msg)
    return ConsoleReport(sink) if wanted == "console" else JsonReport(sink)


def _raise_unless_success(found: JobRun) -> None:
    try:
        found.raise_unless_success()
    except RunnerError as error:
        raise _told(error) from None


def _told(error: RunnerError) -> RunnerError:
    error.reported = True
    return error


def _interrupted(command: _Command, error: KeyboardInterrupt) -> RunnerError:
    """The end of a client that was told to end; what it says names the way back."""
    exit_code = 128 + error.number if isinstance(error, Interrupted) else 130
    run_id, name = command.run_id, command.options.command
    if run_id is None:
        text = (
            "a run may have begun; the same command with --resume, or the same --once-per or "
            "--idempotency-token, finds it"
            if command.sent
            else "nothing was started"
        )
        return Cancelled(f"{name}: interrupted; {text}", exit_code)
    if command.options.flag("cancel_on_interrupt") and command.ws:
        cancelling = partial(following.cancel, command.ws, run_id, timeout=_CANCEL_WAIT)
        try:
            found = cancelling(tell=command.tell, tick=command.tick)
        except (RunnerError, KeyboardInterrupt) as fault:
            text = f"job run {run_id} may go on, it could not be cancelled: {fault}"
            return Cancelled(f"{name}: interrupted; {text}", exit_code)
        return Cancelled(f"{name}: interrupted; {found.sentence()}", exit_code)
    text = f"dbt-runner attach {run_id} waits for it, dbt-runner cancel {run_id} ends it"
    return Cancelled(f"{name}: interrupted; job run {run_id} may go on: {text}", exit_code)
