"""What was sent, on disk before it is sent: so that a client that died finds its run again."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from dbt_runner import locations
from dbt_runner.errors import BusyError, SettingsError
from dbt_runner.jobs.trigger import record_file, tokens
from dbt_runner.jobs.trigger.record_file import Entry
from dbt_runner.jobs.trigger.request import Request

KEPT = 60 * 86_400
"""Seconds; Databricks forgets a run after as long (Jobs API, runs/get-output)."""


@dataclass
class Record:
    """An entry on disk, held by this process while it lives."""

    entry: Entry
    file: Path
    _lock: int | None = field(default=None, repr=False)

    def answered(self, run_id: int) -> None:
        """Write down the run.

        Raises:
            OSError: the disk does not take it; the run goes on, and its token is on record.
        """
        self.entry = replace(self.entry, run_id=run_id)
        record_file.write(self.file, self.entry)

    def forget(self) -> None:
        """Remove it: nobody will look for this intent again."""
        record_file.remove(self.file)
        self.release()

    def release(self) -> None:
        """Let others pick it up."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class Records:
    """The intents of this user on this machine, a file each.

    Args:
        folder: `None` for `triggers` in the user's state folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        state = locations.state_folder()
        self.folder = folder or (state and state / "triggers")

    def keep(self, request: Request, *, alone: bool = False) -> Record:
        """Write down a request; on return it is on disk.

        Args:
            request: as it is sent.
            alone: no second client that says so may be at an equal request; they meet at one file.

        Returns:
            The record, held by this process; with `alone` perhaps the one of a client that has
            died since somebody looked.

        Raises:
            BusyError: somebody is there.
            OSError: there is no place to write.
        """
        if self.folder is None:
            msg = "no folder that is this user's alone"
            raise OSError(msg)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._prune()
        digest = digest_of(request)
        file = self._file(digest, fresh=True) if alone else self._of_token(request)
        # held before it can be seen
        lock = record_file.hold(file)
        earlier = record_file.read(file) if alone else None
        if alone and lock is None:
            raise BusyError(_busy(earlier))
        if earlier:
            return Record(earlier, file, lock)
        token, now = request.idempotency_token, round(time.time(), 3)
        record = Record(Entry(token, request.host, request.job_id, digest, now), file, lock)
        try:
            record_file.write(file, record.entry)
        except BaseException:
            # nothing was sent, so nothing is to be resumed
            if lock is not None:
                record.forget()
            raise
        return record

    def of_token(self, request: Request) -> Record | None:
        """What is known of a token that a person or a key names.

        Raises:
            SettingsError: it was sent with another request.
        """
        file = self._of_token(request)
        entry = record_file.read(file) if self.folder else None
        if entry is None:
            return None
        if entry.digest != digest_of(request):
            msg = (
                f"idempotency_token: {entry.idempotency_token} was sent before, for job "
                f"{entry.job_id} with other parameters; a token stands for one intent"
            )
            raise SettingsError(msg)
        return Record(entry, file)

    def left(self, request: Request, *, alone: bool = False) -> Record | None:
        """The newest equal request whose client died before the end; held by this process now.

        Args:
            request: equal to it but for the token.
            alone: nobody else may be at such a request.

        Raises:
            BusyError: somebody is, perhaps at the one that was left.
            OSError: one cannot be held.
        """
        self._prune()
        held: Entry | None = None
        wanted = digest_of(request)
        for file in self._files():
            entry = record_file.read(file)
            if entry is None or entry.digest != wanted:
                continue
            lock = record_file.hold(file)
            if lock is None:
                held = held or entry
                continue
            # its client may have come to the end between reading and holding
            entry = record_file.read(file)
            if entry is not None:
                return Record(entry, file, lock)
            record_file.remove(file)
            os.close(lock)
        if held and alone:
            raise BusyError(_busy(held))
        return None

    def _files(self) -> list[Path]:
        if self.folder is None:
            return []
        # those of tokens that are named again need no search
        files = [(record_file.modified(file), file) for file in self.folder.glob("*-fresh.json")]
        return [file for _, file in sorted(files, reverse=True)]

    def _of_token(self, request: Request) -> Path:
        name = tokens.digest(tokens.bare_host(request.host), request.idempotency_token)
        return self._file(name, fresh=request.fresh)

    def _file(self, name: str, *, fresh: bool) -> Path:
        return (self.folder or Path()) / f"{name[:32]}{'-fresh' if fresh else ''}.json"

    def _prune(self) -> None:
        before = time.time() - KEPT
        for file in self.folder.glob("*") if self.folder else ():
            if record_file.modified(file) < before:
                with suppress(OSError):
                    file.unlink()


def _busy(held: Entry | None) -> str:
    known = f"job run {held.run_id}" if held and held.run_id else "a run that it has asked for"
    return (
        f"trigger: another client is at this very request, with {known}; wait for its end, or add "
        "--another instead of --resume to start one more"
    )


def digest_of(request: Request) -> str:
    """Equal for equal requests, whatever their tokens."""
    return tokens.digest(tokens.bare_host(request.host), request.job_id, request.parameters)
