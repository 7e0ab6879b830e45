"""What one target of a bundle would deploy: its jobs, and what decides about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from dbt_runner.bundle.interpolation import Scope
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.value import Value

NO_TARGET = "default"  # what the CLI calls the target of a bundle without targets


@dataclass(frozen=True)
class Deployment:
    """What one target of a bundle would deploy.

    Attributes:
        target: its name.
        mode: `development`, `production`, or empty.
        settings: the target's own block.
        presets: of the target over those of the bundle.
        folder: where the bundle lies; None where nobody knows.
        named_targets: whether the bundle has targets at all.
        python: whether Python makes further jobs of the bundle, which its files don't show.
    """

    target: str
    mode: str
    settings: Value
    presets: Value
    jobs: Mapping[str, Job]
    scope: Scope = field(default_factory=Scope)
    folder: Path | None = None
    named_targets: bool = True
    python: bool = False

    @cached_property
    def starts(self) -> dict[str, dict[str, Task]]:
        """Job → the jobs of the bundle that it starts, each with the first task that does."""
        found: dict[str, dict[str, Task]] = {key: {} for key in self.jobs}
        for key, job in self.jobs.items():
            for task in job.tasks:
                if task.job_name in self.jobs:
                    found[key].setdefault(str(task.job_name), task)
        return found

    @cached_property
    def pushed(self) -> dict[str, dict[str, str]]:
        """Job → parameters of the jobs above that are pushed into it → the job that declares each.

        The nearest declaration counts. Nothing where jobs start each other in a circle.
        """
        found: dict[str, dict[str, str]] = {key: {} for key in self.jobs}
        try:
            from_below = list(TopologicalSorter(self.starts).static_order())
        except CycleError:
            return found
        for key in reversed(from_below):
            handed = {**found[key], **dict.fromkeys(self.jobs[key].parameters, key)}
            for other in self.starts[key]:
                found[other] = {**handed, **found[other]}
        return found
