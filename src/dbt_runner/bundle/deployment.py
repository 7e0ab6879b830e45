"""What one target of a bundle would deploy: its jobs, and what decides about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbt_runner.bundle.interpolation import Scope
from dbt_runner.bundle.job import Job
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
