"""The moment at which a run begins: its token on disk, the request sent, the answer on disk."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from dbt_runner.errors import LostContact, ProjectError, RunnerError, SettingsError
from dbt_runner.jobs.trigger import sending
from dbt_runner.jobs.trigger.client import Client
from dbt_runner.jobs.trigger.records import Record, Records
from dbt_runner.jobs.trigger.request import Request
from dbt_runner.jobs.trigger.wait import Wait


@dataclass(frozen=True)
class Begun:
    """A run that has begun.

    Attributes:
        request: as it was sent, perhaps by an earlier client.
        record: what is on disk about it; `None` where that could not be written.
    """

    run_id: int
    request: Request
    record: Record | None

    def leave(self) -> None:
        """Somebody else has to pick this run up."""
        _release(self.record)

    def settle(self) -> None:
        """Nobody has to pick this run up: its end is known, or somebody was told its id."""
        if self.record and self.request.fresh:
            self.record.forget()
        else:
            # the next to name this token is to find the run
            self.leave()


def begin(
    client: Client,
    request: Request,
    records: Records,
    wait: Wait,
    *,
    resume: bool,
    another: bool,
    after_interrupt: float = 0,
) -> Begun:
    """Start the run of an intent, or find it started.

    Args:
        wait: for the answer too.
        resume: it is the intent of an earlier, equal request whose client died, if there is one.
        another: it is not.
        after_interrupt: seconds in which an interrupted client still asks for the run's id.

    Raises:
        LostContact: nobody knows whether the run began.
        SettingsError: an earlier client died, and whether this is its intent was not said.
        BusyError: to be resumed, but another client is at it.
        RunnerError: the workspace refused; there is no run.
    """
    record: Record | None
    if request.fresh:
        record, sent_before = _fresh(request, records, resume=resume, another=another)
    else:
        record, sent_before = _named(client, request, records)
    if record and record.entry.run_id is not None:
        client.tell("trigger.resumed", job_run_id=record.entry.run_id)
        sent = replace(request, idempotency_token=record.entry.idempotency_token)
        return Begun(record.entry.run_id, sent, record)
    if record:
        request = replace(request, idempotency_token=record.entry.idempotency_token)
    try:
        return _send(client, request, record, wait, sent_before=sent_before)
    except KeyboardInterrupt:
        if after_interrupt:
            _ask_for_id(client, request, record, after_interrupt)
        raise


def _ask_for_id(client: Client, request: Request, record: Record | None, seconds: float) -> None:
    """Learn which run an interrupted request has begun, if that is to be learned in time."""
    with suppress(RunnerError):
        run_id = sending.send(client.api, request, sent_before=True, within=seconds)
        client.tell("job_run.started", job_run_id=run_id, job_id=request.job_id)
        # somebody is told the run's id
        Begun(run_id, request, record).settle()


def _send(
    client: Client, request: Request, record: Record | None, wait: Wait, *, sent_before: bool
) -> Begun:
    client.tell("trigger.sent", job_id=request.job_id, idempotency_token=request.idempotency_token)
    try:
        run_id = sending.send(client.api, request, sent_before=sent_before, within=wait.left)
        if record:
            # if the disk is full by now, the token is still there
            with suppress(OSError):
                record.answered(run_id)
    except LostContact as error:
        how = "with --resume, " if request.fresh else ""
        msg = f"trigger: {error}; the same command, {how}sends the same token again"
        _release(record)
        raise LostContact(msg) from error
    except RunnerError:
        if record:
            record.forget()
        raise
    except BaseException:
        _release(record)
        raise
    return Begun(run_id, request, record)


def _fresh(
    request: Request, records: Records, *, resume: bool, another: bool
) -> tuple[Record, bool]:
    try:
        left = None if another else records.left(request, alone=resume)
        if left is None:
            kept = records.keep(request, alone=resume)
            return kept, kept.entry.idempotency_token != request.idempotency_token
    except OSError as error:
        msg = (
            f"trigger: the token cannot be stored in {records.folder}: {error}; set "
            "XDG_STATE_HOME to a folder of yours, or give --once-per"
        )
        raise ProjectError(msg) from error
    if resume:
        return left, True
    left.release()
    known = f"job run {left.entry.run_id}" if left.entry.run_id else "a run that may have begun"
    msg = (
        f"trigger: an earlier client of this very request died and left {known}; "
        "add --resume to go on with that one, or --another to start one more"
    )
    raise SettingsError(msg)


def _named(client: Client, request: Request, records: Records) -> tuple[Record | None, bool]:
    """A token that is named again needs no disk; the disk knows the run even longer."""
    found = records.of_token(request)
    if found and found.entry.run_id is not None:
        return found, True
    try:
        return records.keep(request), found is not None
    except OSError as error:
        client.tell("trigger.not_stored", level="warning", reason=str(error))
        return None, found is not None


def _release(record: Record | None) -> None:
    if record:
        record.release()
