from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from dbt_runner import argv, settings
from dbt_runner.policy import Policy


@dataclass
class Loaded:
    """Settings, and what was said about ignored ones."""

    settings: settings.Settings
    warnings: list[str] = field(default_factory=list)


Load = Callable[..., Loaded]


@pytest.fixture
def load() -> Load:
    """Read a command line as the console script does, without starting a run."""

    def read(
        *words: str,
        policy: Policy | None = None,
        environ: Mapping[str, str] | None = None,
        in_job: bool = False,
    ) -> Loaded:
        found = argv.read(words, booleans=settings.BOOLEANS, commands={"run"})
        warnings: list[str] = []
        chosen = settings.load(
            found.values, environ or {}, policy or Policy(), in_job=in_job, warn=warnings.append
        )
        return Loaded(chosen, warnings)

    return read
