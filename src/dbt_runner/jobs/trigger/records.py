"""What was sent, on disk before it is sent: so that a client that died finds its run again."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from dbt_runner import locations
from dbt_runner.errors import SettingsError
from dbt_runner.jobs.trigger import tokens
from dbt_runner.jobs.trigger.request import Request

KEPT = 60 * 86_400
"""Seconds; Databricks forgets a run after as long (Jobs API, runs/get-output)."""


@dataclass(frozen=True)
class Entry:
    """One intent to start a run.

    Attributes:
        digest: of the host, the job and the parameters: equal for equal requests.
        run_id: of the run, once it is known.
    """

    idempotency_token: str
    host: str
    job_id: int
    digest: str
    sent_at: float
    run_id: int | None = None


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
        _write(self.file, self.entry)

    def forget(self) -> None:
        """Remove it: nobody will look for this intent again."""
        _remove(self.file)
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

    def keep(self, request: Request) -> Record:
        """Write down a request; on return it is on disk.

        Raises:
            OSError: there is no place to write.
        """
        if self.folder is None:
            msg = "no folder that is this user's alone"
            raise OSError(msg)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._prune()
        file = self._file(request)
        entry = Entry(
            request.idempotency_token,
            request.host,
            request.job_id,
            digest_of(request),
            round(time.time(), 3),
        )
        # held before it can be seen
        record = Record(entry, file, _hold(file))
        _write(file, entry)
        return record

    def of_token(self, request: Request) -> Record | None:
        """What is known of a token that a person or a key names.

        Raises:
            SettingsError: it was sent with another request.
        """
        file = self._file(request)
        entry = _read(file) if self.folder else None
        if entry is None:
            return None
        if entry.digest != digest_of(request):
            msg = (
                f"idempotency_token: {entry.idempotency_token} was sent before, for job "
                f"{entry.job_id} with other parameters; a token stands for one intent"
            )
            raise SettingsError(msg)
        return Record(entry, file)

    def left(self, request: Request) -> Record | None:
        """The newest equal request whose client died before the end; held by this process now."""
        self._prune()
        wanted = digest_of(request)
        for file in self._files():
            entry = _read(file)
            if entry is None or entry.digest != wanted:
                continue
            lock = _hold(file)
            if lock is None:
                continue
            # its client may have come to the end between reading and holding
            entry = _read(file)
            if entry is not None:
                return Record(entry, file, lock)
            os.close(lock)
            _remove(file)
        return None

    def _files(self) -> list[Path]:
        if self.folder is None:
            return []
        # those of tokens that are named again need no search
        files = [(_modified(file), file) for file in self.folder.glob("*-fresh.json")]
        return [file for _, file in sorted(files, reverse=True)]

    def _file(self, request: Request) -> Path:
        name = tokens.digest(request.host, request.idempotency_token)[:32]
        return (self.folder or Path()) / f"{name}{'-fresh' if request.fresh else ''}.json"

    def _prune(self) -> None:
        before = time.time() - KEPT
        for file in self.folder.glob("*") if self.folder else ():
            if _modified(file) < before:
                file.unlink(missing_ok=True)


def digest_of(request: Request) -> str:
    """Equal for equal requests, whatever their tokens."""
    return tokens.digest(request.host, request.job_id, request.parameters)


def _write(file: Path, entry: Entry) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(asdict(entry), stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(file: Path) -> Entry | None:
    try:
        return Entry(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _hold(file: Path) -> int | None:
    """The lock of a record; `None` while another process has it."""
    handle = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _remove(file: Path) -> None:
    for path in _both(file):
        with contextlib.suppress(OSError):
            path.unlink()


def _both(file: Path) -> Iterator[Path]:
    yield file
    yield file.with_suffix(".lock")


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
