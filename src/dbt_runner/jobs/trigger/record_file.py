"""The file of one intent, and the lock beside it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


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


def write(file: Path, entry: Entry) -> None:
    """Put an entry on disk, whole or not at all; on return it is there.

    Raises:
        OSError: the disk does not take it.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(asdict(entry), stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(file: Path) -> Entry | None:
    """The entry in a file; `None` if there is none that can be understood."""
    try:
        return Entry(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def hold(file: Path) -> int | None:
    """The lock of a record; `None` while another process has it.

    Raises:
        OSError: there cannot be one, as where the file system knows no locks.
    """
    while True:
        handle = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError:
            os.close(handle)
            raise
        if os.fstat(handle).st_nlink:
            return handle
        # whoever had it has removed it since it was opened
        os.close(handle)


def remove(file: Path) -> None:
    """Remove an entry and its lock; only who holds the lock may."""
    for path in (file, file.with_suffix(".lock")):
        with contextlib.suppress(OSError):
            path.unlink()


def modified(file: Path) -> float:
    """When it was written, in epoch seconds; 0 if it is gone."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
