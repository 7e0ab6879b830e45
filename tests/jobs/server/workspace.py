"""Everything that the server keeps."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.server.environments import Environments
from jobs.server.faults import Faults
from jobs.server.jobs import Jobs
from jobs.server.process import Processes
from jobs.server.recorder import Recorder
from jobs.server.register import Runs
from jobs.server.runs import JobRun
from jobs.server.seats import Seats
from jobs.server.switches import Switches
from jobs.server.warehouse import Warehouse


@dataclass
class Workspace:
    """A workspace.

    Attributes:
        folder: `work` in it is the working folder of all tasks.
        warehouse: runs SQL tasks; without Spark there is none.
        starting: held while a run is made, so that a token makes one.
        tokens: idempotency token → the run it made.
        accepted: the requests that start runs, as they were accepted.
        queued: runs that wait for others of their job, oldest first.
    """

    folder: Path
    environments: Environments
    warehouse: Warehouse | None = None
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    jobs: Jobs = field(default_factory=Jobs)
    runs: Runs = field(default_factory=Runs)
    recorder: Recorder = field(default_factory=Recorder)
    starting: threading.RLock = field(default_factory=threading.RLock)
    tokens: dict[str, JobRun] = field(default_factory=dict)
    accepted: list[dict[str, Any]] = field(default_factory=list)
    queued: list[JobRun] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seats = Seats(self.switches)
        self.processes = Processes(self.switches)
        for name in ("work", "home", "logs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
