"""Who holds a lease: told to whoever has to wait for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Owner:
    """A run, as its claim tells about it; `None` for what is not known.

    Attributes:
        attempt: the attempt's id.
        resume_key: what links the attempts of one logical run.
        host: name of the machine, for people.
        machine: the machine since it was started, and the process ids that count on it: the same
            text means that `process` can be looked for here.
        process, process_started: the process's id, and its start in clock ticks since the
            machine's, since ids are used again.
        job_id, job_run_id, url: the job run, and its page.
        since: when the lease was asked for first, UTC.
    """

    attempt: str | None = None
    resume_key: str | None = None
    host: str | None = None
    machine: str | None = None
    process: int | None = None
    process_started: int | None = None
    job_id: str | None = None
    job_run_id: str | None = None
    url: str | None = None
    since: str | None = None

    @classmethod
    def here(cls, attempt: str, **known: str | None) -> Owner:
        """This process, for an attempt."""
        process = os.getpid()
        return cls(
            attempt,
            host=socket.gethostname(),
            machine=_machine(),
            process=process,
            process_started=_started(process),
            since=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            **known,
        )

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Owner:
        """The owner that a claim tells of; what is not as expected counts as not told."""
        kinds = {"process": int, "process_started": int}
        names = [field.name for field in fields(cls)]
        told = {n: v for n in names if isinstance(v := content.get(n), kinds.get(n, str))}
        return cls(**told)

    def facts(self) -> dict[str, Any]:
        """What a claim tells."""
        return asdict(self)

    def is_gone(self) -> bool:
        """Whether its process is known to have ended; only to be known on the same machine."""
        if self.machine is None or self.process is None or self.machine != _machine():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except (PermissionError, OverflowError):
            pass
        return _started(self.process) not in {self.process_started, None}

    def __str__(self) -> str:
        where = f"on {self.host}" if self.host else ""
        process = f"(process {self.process})" if self.process else ""
        since = f"since {self.since}" if self.since else ""
        words = [f"attempt {self.attempt or 'unknown'}", where, process, since]
        return " ".join(filter(None, words)) + (f", {self.url}" if self.url else "")


def _machine() -> str | None:
    """This machine, its boot, and this process's space of process ids; `None` beyond Linux."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # two containers share the boot, and not the process ids
        return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - no path
    except OSError:
        return None


def _started(process: int) -> int | None:
    """When a process began (proc(5), `stat`, fields 3 and 22); 0 if it has ended.

    `None` where that is not told: the processes of others may be hidden.
    """
    try:
        stat = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return None
    state, *rest = stat.rpartition(b")")[2].split()
    return 0 if state in {b"Z", b"X"} else int(rest[18])
